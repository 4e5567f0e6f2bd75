"""A provider's news: doubled, out of order, broken, by the thousand. Each fact counts once, in any order."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from audience.consent import read_standings, record_consent
from audience.models import Suppression
from campaigns.models import Message, MessageEvent, WebhookPayload
from campaigns.progress import Progress, fold_events
from campaigns.sending import send_due
from campaigns.webhooks import process_payloads, receive
from delivery.delivery_id import DELIVERY_ARG
from tests.campaigns.answering import Provider
from tests.campaigns.conftest import QueueOrders
from tests.campaigns.test_recovery import AFTER_DOUBT, Silent
from tests.campaigns.test_sending import queue_marketing
from tests.factories import make_customer
from tests.flows import read_statuses
from tests.queries import count_statements

KINDS = st.sampled_from([kind.value for kind in MessageEvent.Kind])


def tell(kind: str, message: Message, at: datetime, **fields: Any) -> dict[str, Any]:
    event = {"event": kind, "email": message.customer.email, "timestamp": int(at.timestamp())}
    return {**event, DELIVERY_ARG: str(message.pk), "sg_event_id": f"{kind}-{message.pk}", **fields}


def post(events: list[Any], now: datetime) -> None:
    receive("sendgrid", json.dumps(events).encode(), now)
    process_payloads(now)


def read_progress(message: Message) -> Progress:
    return fold_events(MessageEvent.objects.filter(message=message))


@pytest.fixture
def message(now: datetime, queue_confirmations: QueueOrders) -> Message:
    """One that SendGrid has taken."""
    queue_confirmations()
    send_due(now, Provider())
    return Message.objects.get()


@given(told=st.lists(KINDS, max_size=8), data=st.data())
def test_neither_order_nor_repetition_of_news_changes_what_is_known(
    told: list[str], data: st.DataObject
) -> None:
    def fold(kinds: list[str]) -> Progress:
        return fold_events([MessageEvent(kind=kind) for kind in kinds])

    again = data.draw(st.permutations(told + told[:3]))
    assert fold(again) == fold(told)


@pytest.mark.django_db
def test_a_bounce_that_comes_after_the_delivery_counts_and_ends_all_mail(
    now: datetime, message: Message
) -> None:
    post([tell("delivered", message, now)], now)
    bounce = {"type": "bounce", "status": "5.1.1", "bounce_classification": "Invalid Address"}
    post([tell("bounce", message, now + timedelta(hours=1), **bounce)], now + timedelta(hours=1))
    post([tell("processed", message, now)], now + timedelta(hours=2))
    assert read_progress(message).stage == "bounced"
    assert Suppression.objects.get().scope == "all"


@pytest.mark.django_db
@pytest.mark.parametrize("second", [{}, {"sg_event_id": "another"}])
def test_a_post_that_comes_twice_has_one_effect(
    now: datetime, message: Message, second: dict[str, str]
) -> None:
    post([tell("unsubscribe", message, now)], now)
    post([tell("unsubscribe", message, now, **second)], now + timedelta(hours=1))
    assert MessageEvent.objects.count() == 1
    assert Suppression.objects.count() == 1
    assert message.customer.consents.count() == 1


@pytest.mark.django_db
def test_broken_elements_in_a_post_of_thousands_cost_none_of_the_others(
    now: datetime, message: Message
) -> None:
    deep: Any = []
    for _ in range(50):
        deep = [deep]
    broken = [None, 7, "delivered", {"event": "Processed"}, {"event": "open", "timestamp": "soon"}, deep]
    good = [tell("open", message, now + timedelta(seconds=n), sg_event_id=f"o{n}") for n in range(3_000)]
    post([*broken[:3], *good[:1_500], *broken[3:], *good[1_500:]], now + timedelta(hours=1))
    assert MessageEvent.objects.count() == 3_000
    assert len(WebhookPayload.objects.get().problems) == len(broken)


@pytest.mark.django_db
@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite has one writer at a time")
def test_whoever_several_posts_are_about_is_guarded_at_once_and_so_without_a_deadlock(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations(4)
    send_due(now, Provider())
    for message in Message.objects.order_by("-customer"):
        receive("sendgrid", json.dumps([tell("delivered", message, now)]).encode(), now)
    with CaptureQueriesContext(connection) as captured:
        assert process_payloads(now) == 4
    assert sum("pg_advisory" in query["sql"] for query in captured.captured_queries) == 1


@pytest.mark.django_db
def test_what_one_way_out_left_unknown_does_not_leave_by_another(now: datetime, published: None) -> None:
    queue_marketing(now)
    send_due(now, Silent())
    other = Provider()
    later = now + AFTER_DOUBT
    for _ in range(3):
        send_due(later, other)
        later += timedelta(hours=1)
    assert other.sent == []
    assert read_statuses() == ["unknown"]


@pytest.mark.django_db
@pytest.mark.parametrize("said", ["unsubscribe", "group_unsubscribe", "spamreport"])
def test_a_no_at_the_provider_holds_from_its_arrival_on(now: datetime, published: None, said: str) -> None:
    """However much news waits before it, and before anybody has made sense of the post."""
    queue_marketing(now)
    provider = Provider()
    receive("sendgrid", json.dumps([tell(said, Message.objects.get(), now)]).encode(), now)
    send_due(now, provider)
    assert provider.sent == []
    assert read_statuses() == ["skipped"]


@pytest.mark.django_db
def test_a_no_at_the_provider_that_is_posted_again_does_not_end_a_newer_yes(
    now: datetime, message: Message
) -> None:
    post([tell("unsubscribe", message, now)], now)
    yes = now + timedelta(hours=1)
    record_consent(
        message.customer, state="granted", basis="explicit", source="test", occurred_at=yes, now=yes
    )
    post([tell("unsubscribe", message, now)], now + timedelta(hours=2))
    standing = read_standings([message.customer], now + timedelta(hours=3))[message.customer.pk]
    assert standing.may_market


@pytest.mark.django_db
def test_news_of_noes_takes_as_many_statements_for_many_as_for_few(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations(30)
    send_due(now, Provider())
    messages, counts = list(Message.objects.select_related("customer")), []
    post([tell("spamreport", m, now) for m in messages[:5]], now)  # raises the alert, which is there then
    for part in (messages[5:10], messages[10:]):
        told = [tell("spamreport", m, now) for m in part[1:]] + [tell("bounce", part[0], now, type="bounce")]
        with count_statements() as statements:
            post(told, now)
        counts.append(len(statements))
    assert counts[0] == counts[1]
    assert Suppression.objects.count() == 30


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ("Anna@Buyer.example", "anna@buyer.EXAMPLE"),
        ("anna@b\u00fccher.example", "anna@xn--bcher-kva.example"),
        ("anna@xn--bcher-kva.example", "anna@b\u00fccher.example"),
    ],
)
def test_a_no_guards_the_customer_however_the_provider_spells_the_address(
    now: datetime, monkeypatch: pytest.MonkeyPatch, kept: str, told: str
) -> None:
    customer, guarded = make_customer(email=kept), set[int]()
    monkeypatch.setattr("campaigns.objections.guard_customers", guarded.update)
    event = {"event": "unsubscribe", "email": told, "timestamp": int(now.timestamp()), "sg_event_id": "e1"}
    receive("sendgrid", json.dumps([event]).encode(), now)
    assert guarded == {customer.pk}
