"""A local stand-in for SendGrid that judges every request by SendGrid's own OpenAPI description.

In a test::

    with SendGridServer() as server:
        transport = SendGridTransport("SG.test", server.url)

As a program, for tests that kill processes::

    python -m tests.servers.sendgrid_server --port 0 --accepted accepted.jsonl

It prints ``{"port": …, "public_key": …}`` and appends a JSON line for each accepted email, flushed to disk
before it is answered, so that the file counts what a client may have been told.
"""

import argparse
import json
import os
import signal
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.servers.http_server import Answer, HttpServer, Misbehaviour, Request
from tests.servers.sendgrid_contract import find_contract_errors
from tests.servers.sendgrid_substitution import expand, find_repeated
from tests.servers.sendgrid_webhook import EventSigner, make_event

DELIVERY_ARG = "pw_delivery_id"


@dataclass(frozen=True, slots=True)
class Accepted:
    delivery_id: str
    message_id: str
    body: dict[str, Any]


class SendGridServer(HttpServer):
    """`accepted` are the emails taken over, `contract_errors` what the description says of those refused.

    Judging costs some milliseconds an email; `judges=False` is for load tests.
    """

    def __init__(self, *, port: int = 0, accepted_file: Path | None = None, judges: bool = True) -> None:
        self._judges = judges
        self.accepted: list[Accepted] = []
        self.contract_errors: list[str] = []
        self.signer = EventSigner()
        self._accepted_file = accepted_file
        if judges:
            find_contract_errors(b"{}")  # reads the description now, not within a client's timeout
        super().__init__(self._accept, port=port)

    def sign_events(
        self, *events: str, at: datetime, delivery_ids: Sequence[object] | None = None
    ) -> tuple[dict[str, str], bytes]:
        """A signed webhook post: these events of every accepted email, or of the named ones."""
        wanted = None if delivery_ids is None else {str(delivery_id) for delivery_id in delivery_ids}
        emails = [email for email in self.accepted if wanted is None or email.delivery_id in wanted]
        made = [
            make_event(email.body, event, at=at, message_id=email.message_id)
            for email in emails
            for event in events
        ]
        return self.signer.sign(made, at=at)

    def _accept(self, request: Request) -> Answer:
        if request.path != "/v3/mail/send":
            return _refuse(404, "", "No such endpoint.")
        authorization = request.headers.get("Authorization", "")
        if not authorization.startswith("Bearer "):
            return _refuse(401, "", "The provided authorization grant is invalid, expired, or revoked")
        with self.lock:  # the judge is not known to be safe for threads
            errors = find_contract_errors(request.body) if self._judges else []
        if errors:
            self.contract_errors += errors
            return _refuse(400, errors[0].partition(":")[0], errors[0])
        return self._record(json.loads(request.body))

    def _record(self, body: dict[str, Any]) -> Answer:
        """An email for each recipient, as SendGrid makes them, one id for all. The sandbox keeps none."""
        if body.get("mail_settings", {}).get("sandbox_mode", {}).get("enable"):
            return Answer(200)
        if field := find_repeated(body):
            return _refuse(400, field, "Each email address in the personalization block should be unique.")
        message_id = uuid.uuid4().hex[:22]
        emails = []
        for alone in expand(body):
            args = alone["personalizations"][0].get("custom_args", {})
            emails.append(Accepted(args.get(DELIVERY_ARG, ""), message_id, alone))
        self.keep(emails)
        return Answer(202, headers={"X-Message-Id": message_id})

    def keep(self, emails: list[Accepted]) -> None:
        """The emails of a request are ours now; the client has not heard of it yet."""
        with self.lock:
            self.accepted += emails
            if self._accepted_file:
                for email in emails:
                    _append_line(self._accepted_file, email)


def encode_json(value: object) -> bytes:
    """The value as a client sends it: UTF-8, nothing escaped."""
    return json.dumps(value, ensure_ascii=False).encode()


def _refuse(status: int, field: str, message: str) -> Answer:
    errors = {"errors": [{"field": field or None, "message": message, "help": None}]}
    return Answer(status, json.dumps(errors).encode(), {"Content-Type": "application/json"})


def _append_line(path: Path, accepted: Accepted) -> None:
    recipient = accepted.body["personalizations"][0]["to"][0]["email"]
    line = {"delivery_id": accepted.delivery_id, "recipient": recipient, "subject": accepted.body["subject"]}
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description="A local SendGrid for tests.")
    parser.add_argument("--port", type=int, default=0, help="0 finds a free one")
    parser.add_argument("--accepted", type=Path, help="file that gets a JSON line for each accepted email")
    parser.add_argument("--fault", choices=[*Misbehaviour], help="meets every request")
    parser.add_argument("--status", type=int, help="answers every request with it")
    parser.add_argument("--no-judge", action="store_true", help="don't validate the requests")
    options = parser.parse_args(arguments)
    server = SendGridServer(port=options.port, accepted_file=options.accepted, judges=not options.no_judge)
    if options.fault:
        server.fail_always(Misbehaviour(options.fault))
    if options.status:
        server.fail_always(_refuse(options.status, "", "On request."))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stopping.set())
    with server:
        ready = {"port": server.port, "public_key": server.signer.public_key}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        server.stopping.wait()


if __name__ == "__main__":
    main(sys.argv[1:])
