"""A shop in a database of its own, for tests that run real engine processes beside the test.

    python -m tests.separate_shop set-up ORDERS
    python -m tests.separate_shop hear ACCEPTED.jsonl

The first migrates the database that DATABASE_URL names, sets up an order confirmation, and posts ORDERS
orders. The second brings SendGrid's news of every email in the file that the local SendGrid wrote.
"""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql


@dataclass(frozen=True)
class SeparateShop:
    """Where the shop's rows are, and the environment for processes that work on it."""

    url: str
    environment: dict[str, str]

    def count(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query, read beside the running processes."""
        if self.url.startswith("sqlite"):
            path = self.url.removeprefix("sqlite:///")
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as file:
                return file.execute(query).fetchall()
        with psycopg.connect(self.url) as server:
            return server.execute(sql.SQL(query)).fetchall()

    def run(self, *arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], env=self.environment, check=True, capture_output=True)  # noqa: S603

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, *arguments]
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, env=self.environment, stdout=quiet, stderr=quiet)  # noqa: S603


@contextmanager
def open_separate_shop(folder: Path, database: dict[str, Any], **variables: str) -> Iterator[SeparateShop]:
    """A shop on the kind of database that the suite runs on, gone afterwards."""
    with _open_database(folder, database) as url:
        environment = os.environ | variables | {"DATABASE_URL": url, "PAIRWELL_VAR_DIR": str(folder)}
        yield SeparateShop(url, environment)


@contextmanager
def _open_database(folder: Path, database: dict[str, Any]) -> Iterator[str]:
    if database["ENGINE"].endswith("sqlite3"):
        yield f"sqlite:///{folder / 'shop.sqlite3'}"
        return
    name = f"pairwell_{uuid4().hex[:12]}"
    server = {"user": database["USER"], "host": database["HOST"], "port": database["PORT"] or None}
    server["password"] = database["PASSWORD"] or None
    with psycopg.connect(dbname="postgres", autocommit=True, **server) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield make_url(database, name)
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def make_url(database: dict[str, Any], name: str) -> str:
    """The URL of another database on the same server; a socket's folder goes into the host's place."""
    from urllib.parse import quote

    secret = f":{quote(database['PASSWORD'], safe='')}" if database["PASSWORD"] else ""
    port = f":{database['PORT']}" if database["PORT"] else ""
    return f"postgres://{database['USER']}{secret}@{quote(database['HOST'], safe='')}{port}/{name}"


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.core.management import call_command

    verb, argument = sys.argv[1:]
    if verb == "set-up":
        call_command("migrate", verbosity=0)
        _set_up(int(argument))
    else:
        _hear(Path(argument))


def _hear(accepted: Path) -> None:
    from django.utils import timezone

    from campaigns.webhooks import receive
    from delivery.delivery_id import DELIVERY_ARG

    now = timezone.now()
    events = [
        {"event": "processed", "timestamp": int(now.timestamp()), "email": m["recipient"]}
        | {DELIVERY_ARG: m["delivery_id"], "sg_event_id": m["delivery_id"]}
        for m in map(json.loads, accepted.read_text(encoding="utf8").splitlines())
    ]
    receive("sendgrid", json.dumps(events).encode(), now)


def _set_up(orders: int) -> None:
    from django.utils import timezone

    from campaigns.templates_store import publish_all
    from shop.ingest import record_events
    from tests.factories import make_customer, make_product
    from tests.flows import make_trigger

    now = timezone.now()
    publish_all(now)
    make_trigger("order_confirmation")
    product = make_product()
    customers = [make_customer() for _ in range(orders)]
    elements = [
        {
            "id": f"order-{number}",
            "kind": "order.placed",
            "occurred_at": (now - timedelta(minutes=1)).isoformat(),
            "customer": {"id": customer.external_id},
            "order": {
                "id": f"order-{number}",
                "currency": "GBP",
                "lines": [{"product": product.external_id, "quantity": 1, "unit_price": "10.00"}],
            },
        }
        for number, customer in enumerate(customers)
    ]
    receipts = record_events(elements, source="test", now=now)
    assert all(receipt.status == "recorded" for receipt in receipts), receipts[0]


if __name__ == "__main__":
    main()
