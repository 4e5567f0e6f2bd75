"""A local stand-in for SendGrid's suppression lists: paged by limit and offset, bounded by time."""

import json
from collections import defaultdict
from datetime import datetime
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.servers.http_server import Answer, HttpServer, Request


class ListsServer(HttpServer):
    """`put` fills a list; `told` holds what was added, by path, in the order of the requests."""

    def __init__(self) -> None:
        self._lists: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.told: list[tuple[str, list[str]]] = []
        super().__init__(self._reply)

    def __enter__(self) -> Self:
        return self.start()

    def put(self, name: str, address: str, at: datetime, **more: object) -> None:
        stamp = "created_at" if name == "groups" else "created"
        self._lists[name].append({"email": address, stamp: int(at.timestamp()), **more})

    def put_raw(self, *entries: Any) -> None:
        """What a broken provider may say of its groups."""
        self._lists["groups"] += entries

    def remove_all(self) -> None:
        self._lists.clear()

    def list_pages(self, name: str) -> list[dict[str, list[str]]]:
        """The queries with which a list was read."""
        urls = [urlsplit(request.path) for request in self.received if request.method == "GET"]
        return [parse_qs(url.query) for url in urls if url.path.endswith(f"/{name}")]

    def _reply(self, request: Request) -> Answer:
        if request.headers.get("Authorization") != "Bearer SG.lists":
            return _say(401, {"errors": [{"message": "authorization required"}]})
        url = urlsplit(request.path)
        if request.method == "POST":
            addresses = json.loads(request.body)["recipient_emails"]
            self.told.append((url.path, addresses))
            return _say(201, {"recipient_emails": addresses})
        if url.path == "/v3/asm/suppressions":
            return _say(200, self._lists["groups"])
        return _say(200, self._cut(url.path.rpartition("/")[2], parse_qs(url.query)))

    def _cut(self, name: str, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        since, until = int(query.get("start_time", ["0"])[0]), int(query["end_time"][0])
        offset, limit = int(query["offset"][0]), int(query["limit"][0])
        within = [entry for entry in self._lists[name] if since <= entry["created"] <= until]
        return within[offset : offset + limit]


def _say(status: int, body: object) -> Answer:
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json"})
