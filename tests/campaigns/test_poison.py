"""One bad row stops no other: it is put aside with the error's name."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from campaigns import batch_rendering
from campaigns.models import Message, MessageOutcome, SendBatch, WebhookPayload
from campaigns.outbox import gather_due, queue_messages
from campaigns.outcomes import Tally
from campaigns.rendering import render_ready
from campaigns.sending import send_due
from campaigns.webhooks import process_payloads
from delivery.preview import PreviewTransport
from delivery.sendgrid_events import parse_events
from shop.models import Event
from tests.campaigns.conftest import QueueOrders
from tests.factories import make_customer, make_event, make_order, make_product
from tests.flows import make_campaign, make_trigger, read_statuses
from triggers import flows, kinds
from triggers.base import Entry
from triggers.models import Enrolment, Trigger

pytestmark = pytest.mark.django_db


def place_orders(number: int, now: datetime) -> list[Event]:
    orders = [make_order(make_customer(), lines=[make_product()], placed_at=now) for _ in range(number)]
    return [make_event(o.customer, kind="order.placed", order=o, occurred_at=now) for o in orders]


def test_an_event_that_breaks_a_trigger_is_put_aside_and_the_others_enrol(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_trigger("order_confirmation")
    poison = place_orders(5, now)[2]
    match = kinds.OrderConfirmation.match

    def break_on_poison(
        kind: kinds.OrderConfirmation, event: Event, settings: Mapping[str, Any]
    ) -> Entry | None:
        if event.pk == poison.pk:
            raise ZeroDivisionError
        return match(kind, event, settings)

    monkeypatch.setattr(kinds.OrderConfirmation, "match", break_on_poison)
    flows.enrol_events(now)
    assert list(Enrolment.objects.exclude(state="waiting").values_list("event", "reason")) == [
        (poison.pk, "trigger_broken")
    ]
    assert Enrolment.objects.filter(state="waiting").count() == 4
    assert flows.enrol_events(now) == 0


def test_an_enrolment_that_breaks_waits_an_hour_and_the_others_go_on(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_trigger("order_confirmation", campaign=make_campaign())
    place_orders(4, now)
    flows.enrol_events(now)
    poison = Enrolment.objects.order_by("pk")[1]

    def break_on_poison(drafts: list[Any], at: datetime) -> None:
        assert all(draft.customer_id != poison.customer_id for draft in drafts)
        queue_messages(drafts, at)

    monkeypatch.setattr("triggers.flows.queue_messages", break_on_poison)
    flows.advance_enrolments(now)
    poison.refresh_from_db()
    assert Message.objects.count() == 3
    assert (poison.state, poison.due_at, poison.step_position) == ("waiting", now + timedelta(hours=1), 0)
    monkeypatch.undo()
    flows.advance_enrolments(now + timedelta(hours=1))
    assert Message.objects.count() == 4


def test_where_every_event_fails_none_is_to_blame_and_all_wait(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_trigger("order_confirmation")
    place_orders(3, now)

    def fail(*_: Any) -> Any:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(flows, "plan_enrolments", fail)
        with pytest.raises(ZeroDivisionError):
            flows.enrol_events(now)
    assert Event.objects.filter(processed_at=None).count() == 3
    flows.enrol_events(now)
    assert Enrolment.objects.count() == 3


@pytest.mark.parametrize("fields", [{"kind": "of_a_plugin_that_is_gone"}, {"settings": [1]}])
def test_a_broken_trigger_beside_a_good_one_stops_it_not(now: datetime, fields: dict[str, Any]) -> None:
    broken = make_trigger("order_confirmation")
    Trigger.objects.filter(pk=broken.pk).update(**fields)
    good = make_trigger("order_confirmation")
    place_orders(2, now)
    flows.enrol_events(now)
    assert Enrolment.objects.filter(trigger=good, state="waiting").count() == 2


def test_a_message_that_breaks_waits_with_the_error_and_the_others_are_sent(
    now: datetime,
    transport: PreviewTransport,
    queue_confirmations: QueueOrders,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue_confirmations(7)
    poison = Message.objects.order_by("pk")[3]

    def render_unless_poisoned(*args: Any, label: str, **options: Any) -> Any:
        if str(poison.pk) in label:
            raise ZeroDivisionError
        return render_ready(*args, label=label, **options)

    monkeypatch.setattr(batch_rendering, "render_ready", render_unless_poisoned)
    send_due(now, transport)
    assert sorted(read_statuses()) == ["accepted"] * 6 + ["deferred"]
    outcome = MessageOutcome.objects.get()
    assert (outcome.message, outcome.reason, outcome.detail) == (poison, "error", "ZeroDivisionError")
    monkeypatch.undo()
    later = now + timedelta(hours=1)
    gather_due(later)
    assert send_due(later, transport) == Tally(accepted=1)


def test_a_payload_that_breaks_is_put_aside_and_the_others_count(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for body in (b"[]", b"poison", b"[]"):
        WebhookPayload.objects.create(provider="sendgrid", body=body, received_at=now)

    def break_on_poison(body: bytes) -> Any:
        if body == b"poison":
            raise ZeroDivisionError
        return parse_events(body)

    monkeypatch.setattr("campaigns.webhooks.parse_events", break_on_poison)
    assert process_payloads(now) == 3
    assert WebhookPayload.objects.filter(processed_at=None).count() == 0
    assert ["ZeroDivisionError" in str(p.problems) for p in WebhookPayload.objects.order_by("pk")] == [
        False,
        True,
        False,
    ]


def test_a_message_that_waited_long_before_it_broke_is_tried_for_three_days_all_the_same(
    now: datetime,
    transport: PreviewTransport,
    queue_confirmations: QueueOrders,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue_confirmations(1)
    SendBatch.objects.update(reason="warm_up", limited_until=now + timedelta(days=5))

    def render(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(batch_rendering, "render_ready", render)
    states = []
    for at in (now + timedelta(days=5), now + timedelta(days=8), now + timedelta(days=8, hours=1)):
        gather_due(at)
        send_due(at, transport)
        states += read_statuses()
    assert states == ["deferred", "deferred", "skipped"]
