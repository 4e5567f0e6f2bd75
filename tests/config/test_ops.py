"""Health and metrics."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from campaigns.models import Campaign, Message, Route, SendBatch
from tests.factories import make_customer, make_event
from tests.flows import make_campaign, make_trigger
from triggers.models import Enrolment, Trigger


@pytest.mark.django_db
def test_a_shop_at_rest_is_healthy(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


LATE = timedelta(hours=1)


def leave_an_enrolment_waiting() -> Enrolment:
    late, customer = timezone.now() - LATE, make_customer()
    return Enrolment.objects.create(
        trigger=make_trigger("order_confirmation"),
        customer=customer,
        entry_key="order:1",
        event=make_event(customer, kind="order.placed"),
        entered_at=late,
        due_at=late,
        changed_at=late,
    )


def leave_a_batch_waiting() -> SendBatch:
    return SendBatch.objects.create(campaign=make_campaign(), due_at=timezone.now() - LATE)


def leave_a_message_waiting() -> Message:
    step, late = make_campaign().steps.get(), timezone.now() - LATE
    customer = make_customer()
    return Message.objects.create(
        step=step, customer=customer, occurrence="test:1", queued_at=late, due_at=late
    )


LEFT_WAITING = [leave_an_enrolment_waiting, leave_a_batch_waiting, leave_a_message_waiting]


@pytest.mark.django_db
@pytest.mark.parametrize("leave", LEFT_WAITING)
def test_overdue_work_is_told_but_takes_no_page_away(client: Client, leave: Callable[[], object]) -> None:
    leave()
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (200, "late")
    assert "engine" in answer.json()["why"]


@pytest.mark.django_db
@pytest.mark.parametrize("leave", LEFT_WAITING)
def test_a_strict_monitor_is_woken_by_overdue_work(client: Client, leave: Callable[[], object]) -> None:
    assert client.get("/healthz?strict").status_code == 200
    leave()
    assert client.get("/healthz?strict").status_code == 503


@pytest.mark.django_db
@pytest.mark.parametrize("leave", LEFT_WAITING)
def test_work_of_a_paused_campaign_is_not_overdue(client: Client, leave: Callable[[], object]) -> None:
    leave()
    Campaign.objects.update(status=Campaign.Status.PAUSED)
    answer = client.get("/healthz?strict")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert answer.json()["oldest_due_seconds"] == 0


@pytest.mark.django_db
def test_work_of_a_paused_trigger_is_not_overdue(client: Client) -> None:
    leave_an_enrolment_waiting()
    Trigger.objects.update(status=Trigger.Status.PAUSED)
    assert client.get("/healthz?strict").status_code == 200


@pytest.mark.django_db
def test_pausing_one_campaign_hides_no_other(client: Client) -> None:
    leave_a_batch_waiting()
    paused = leave_a_message_waiting()
    Campaign.objects.filter(steps=paused.step).update(status=Campaign.Status.PAUSED)
    assert client.get("/healthz?strict").status_code == 503


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/healthz?strict"])
def test_a_database_that_does_not_answer_is_unhealthy_for_everybody(client: Client, path: str) -> None:
    def break_down(*_: object) -> None:
        raise OperationalError("connection refused")

    with connection.execute_wrapper(break_down):
        answer = client.get(path)
    assert (answer.status_code, answer.json()["status"]) == (503, "down")


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


@pytest.mark.django_db
@pytest.mark.parametrize("fields", [{"paused_at": timezone.now()}, {"breaker": "open"}])
def test_a_closed_way_out_is_told_first_and_wakes_a_strict_monitor(
    client: Client, fields: dict[str, Any]
) -> None:
    leave_a_batch_waiting()
    Route.objects.create(name="sendgrid", **fields)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (200, "held")
    assert client.get("/healthz?strict").status_code == 503
    assert "pairwell_routes_closed 1.0" in client.get("/metrics").content.decode()
