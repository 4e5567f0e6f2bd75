"""Health, metrics and logs."""

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from config.logs import JsonFormatter
from tests.factories import make_customer, make_event
from tests.flows import make_trigger
from triggers.models import Enrolment


@pytest.mark.django_db
def test_a_shop_at_rest_is_healthy(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


@pytest.mark.django_db
def test_overdue_work_is_unhealthy_and_says_why(client: Client) -> None:
    late = timezone.now() - timedelta(hours=1)
    customer = make_customer()
    Enrolment.objects.create(
        trigger=make_trigger("order_confirmation"),
        customer=customer,
        entry_key="order:1",
        event=make_event(customer, kind="order.placed"),
        entered_at=late,
        due_at=late,
        changed_at=late,
    )
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert "engine" in answer.json()["why"]


@pytest.mark.django_db
def test_metrics_count_what_waits(client: Client) -> None:
    make_event(make_customer(), kind="order.placed")
    text = client.get("/metrics").content.decode()
    assert "pairwell_events_waiting 1.0" in text


@pytest.mark.django_db
def test_metrics_want_the_token_where_one_is_set(client: Client, settings: Any) -> None:
    settings.PAIRWELL = settings.PAIRWELL | {"METRICS_TOKEN": "s3cret"}
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"authorization": "Bearer s3cret"}).status_code == 200


@pytest.mark.parametrize(
    "secret",
    [
        "mina@shop.test",
        "SG.abcdefghijklmnopqrstuv.wxyz",
        "user:pa55@mail",
        "Bearer tok-en",
        "u/J1dzqFLZIIEZwV8E8SoHbRZyXYaqMky2",
    ],
)
def test_no_log_line_holds_an_address_or_a_key(secret: str) -> None:
    words = f"smtp://{secret}.host" if ":" in secret else f"/{secret}"
    record = logging.LogRecord("x", logging.ERROR, "", 0, "failed for %s", (words,), None)
    record.recipient = words
    line = JsonFormatter().format(record)
    assert secret.removeprefix("Bearer ").removeprefix("u/") not in line
    assert json.loads(line)["level"] == "error"
