"""What goes wrong around a batch: the database, the clock, a worker that sleeps, a signal to stop."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event as Flag
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from campaigns import last_check
from campaigns.models import Message, MessageEvent, SendBatch
from campaigns.outbox import gather_due
from campaigns.outcomes import Tally, record_outcomes
from campaigns.preparation import prepare_batch
from campaigns.recovery import resolve_doubts, settle_late
from campaigns.retrying import TRIES, retry_write
from campaigns.sending import commit_intent, lease_batch, send_due
from campaigns.webhooks import process_payloads, receive
from delivery.base import Envelope, Outcome, OutcomeKind
from recommendations.building import rebuild_neighbours
from shop.models import Product
from tests.campaigns.answering import ACCEPTED, Provider
from tests.campaigns.conftest import QueueOrders
from tests.campaigns.test_reputation import tell
from tests.campaigns.test_sending import queue_marketing
from tests.factories import make_customer
from tests.flows import make_campaign, read_statuses
from triggers.engine import sweep

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
needs_rows = pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite has one writer at a time")


def write_json(events: list[dict[str, Any]]) -> bytes:
    return json.dumps(events).encode()


@contextmanager
def refuse_writes() -> Iterator[None]:
    """A database whose disk is full, or that became a copy of another, until the transaction ends."""
    on_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = ON" if on_sqlite else "SAVEPOINT refused")
        if not on_sqlite:
            cursor.execute("SET LOCAL transaction_read_only = on")
    yield
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = OFF" if on_sqlite else "ROLLBACK TO SAVEPOINT refused")


class Interrupted(Provider):
    """A provider during whose hand-over something happens."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__()
        self.meanwhile = meanwhile

    def send(self, envelopes: Sequence[Envelope], *, now: datetime) -> list[Outcome]:
        outcomes = super().send(envelopes, now=now)
        self.meanwhile()
        return outcomes


def test_a_worker_that_is_told_to_stop_finishes_its_batch_and_claims_no_other(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations(2)
    queue_confirmations(2)
    stop = Flag()
    provider = Interrupted(stop.set)
    tally = sweep(now, provider, should_stop=stop.is_set)
    assert tally.messages == Tally(accepted=2)
    states = sorted(SendBatch.objects.values_list("state", flat=True))
    assert states == [SendBatch.State.DONE, SendBatch.State.READY]  # nothing is left leased


def test_an_answer_that_comes_after_the_batch_was_taken_over_ends_the_doubt(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    """The clock jumps an hour ahead, or the machine sleeps, in the middle of a hand-over."""
    queue_confirmations(2)
    provider = Provider()
    other = Interrupted(lambda: resolve_doubts(now + HOUR, provider))
    assert send_due(now, other) == Tally()
    assert read_statuses() == ["accepted"] * 2
    resolve_doubts(now + 2 * HOUR, provider)
    gather_due(now + 2 * HOUR)
    send_due(now + 2 * HOUR, provider)
    assert (len(other.sent), provider.sent) == (2, [])


def test_a_late_answer_stops_the_second_try_that_still_waits(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations(1)
    provider = Provider()

    def doubt_and_give_up_waiting() -> None:
        resolve_doubts(now + HOUR, provider)
        resolve_doubts(now + 2 * HOUR, provider)

    send_due(now, Interrupted(doubt_and_give_up_waiting))
    assert gather_due(now + 3 * HOUR) == 0
    assert read_statuses() == ["accepted"]


def test_a_late_answer_changes_nothing_that_was_sent_again(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations(1)
    send_due(now, Provider())
    assert settle_late(list(Message.objects.all()), [ACCEPTED], now) == 0


def test_a_clock_that_jumps_back_sends_nothing_early_and_nothing_twice(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations(1)
    provider = Provider()
    assert send_due(now - HOUR, provider) == Tally()  # due at a time that has not come again
    assert send_due(now, provider) == Tally(accepted=1)
    assert send_due(now - HOUR, provider) == Tally()
    assert len(provider.sent) == 1


def test_where_suppression_cannot_be_read_nothing_is_sent(
    now: datetime, published: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue_marketing(now)
    provider = Provider()

    def fail(*_: object) -> None:
        raise OperationalError("relation can't be read")

    with monkeypatch.context() as patch:
        patch.setattr(last_check, "read_standings", fail)
        with pytest.raises(OperationalError):
            send_due(now, provider)
    assert provider.sent == []
    assert send_due(now + HOUR, provider) == Tally(accepted=1)


def test_a_database_that_takes_no_writes_sends_nothing(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations(1)
    provider = Provider()
    batch = lease_batch(now, provider.name)
    assert batch
    prepared = prepare_batch(batch, provider, now)
    with transaction.atomic(), refuse_writes(), pytest.raises(Exception, match=r"(?i)read.?only"):
        commit_intent(batch, prepared, now, route=provider.name)
    assert provider.sent == []


def test_an_intent_whose_commit_was_not_answered_is_recognised_and_goes_on(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations(2)
    provider = Provider()
    batch = lease_batch(now, provider.name)
    assert batch
    prepared = prepare_batch(batch, provider, now)
    first = commit_intent(batch, prepared, now, route=provider.name)
    assert first
    assert commit_intent(batch, prepared, now, route=provider.name) == first
    assert commit_intent(batch, prepared, now + HOUR, route=provider.name) is None  # another's intent


def test_outcomes_that_were_recorded_twice_count_once(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations(1)
    provider = Provider()
    batch = lease_batch(now, provider.name)
    assert batch
    leaving = commit_intent(batch, prepare_batch(batch, provider, now), now, route=provider.name)
    assert leaving
    messages = [p.message for p in leaving]
    assert record_outcomes(batch, messages, [ACCEPTED], now) == Tally(accepted=1)
    again = record_outcomes(batch, messages, [ACCEPTED], now)
    assert (again, again.handed_over) == (Tally(), 1)  # so that nobody takes it for a lost batch


@pytest.mark.django_db(transaction=True)
def test_a_write_that_lost_a_deadlock_is_tried_again() -> None:
    pauses: list[float] = []
    answers: list[Exception | str] = [OperationalError("deadlock detected"), "written"]

    def write() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert retry_write(write, pause=pauses.append) == "written"
    assert len(pauses) == 1


@pytest.mark.django_db(transaction=True)
def test_a_database_that_stays_away_is_told_after_some_tries() -> None:
    tries: list[None] = []

    def write() -> None:
        tries.append(None)
        raise OperationalError("the server is not there")

    with pytest.raises(OperationalError):
        retry_write(write, pause=lambda _: None)
    assert len(tries) == TRIES


def test_inside_a_transaction_of_the_callers_nothing_is_tried_again() -> None:
    tries: list[None] = []

    def write() -> None:
        tries.append(None)
        raise OperationalError("deadlock detected")

    with pytest.raises(OperationalError):
        retry_write(write, pause=lambda _: None)
    assert len(tries) == 1


def test_what_was_sold_out_after_rendering_is_not_shown(now: datetime, neighbours: None) -> None:
    del neighbours
    rebuild_neighbours(now)
    provider = Provider()
    batch = lease_batch(now, provider.name)
    assert batch
    prepared = prepare_batch(batch, provider, now)
    assert any(p.picks for p in prepared)
    Product.objects.filter(title="Cups").update(stock=0)
    leaving = commit_intent(batch, prepared, now, route=provider.name)
    assert leaving is not None
    assert [p.message.customer.external_id for p in leaving] == ["objector"]  # who was shown no products
    gather_due(now)
    assert send_due(now, provider) == Tally(accepted=1)
    assert not Message.objects.filter(products__product__title="Cups").exists()


def test_an_order_cancelled_after_rendering_is_not_confirmed(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations(1)
    provider = Provider()
    batch = lease_batch(now, provider.name)
    assert batch
    prepared = prepare_batch(batch, provider, now)
    order = Message.objects.get().order
    assert order
    order.cancelled_at = now
    order.save()
    assert commit_intent(batch, prepared, now, route=provider.name) == []
    gather_due(now)
    assert send_due(now, provider) == Tally(skipped=1)


def test_an_offer_that_was_ready_before_the_quiet_hours_waits_for_the_morning(
    now: datetime, published: None
) -> None:
    evening = now.replace(hour=20, minute=59)
    queue_marketing(evening)
    provider = Provider()
    batch = lease_batch(evening, provider.name)
    assert batch
    prepared = prepare_batch(batch, provider, evening)
    assert commit_intent(batch, prepared, evening + timedelta(minutes=2), route=provider.name) == []
    assert set(Message.objects.with_status().values_list("reason", flat=True)) == {"quiet_hours"}


def test_news_that_comes_before_our_own_record_settles_the_message(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations(1)

    def deliver() -> None:
        message = Message.objects.get()
        body = tell("delivered", message, timestamp=int(now.timestamp()))
        receive("sendgrid", write_json([body]), now)
        process_payloads(now)

    provider = Interrupted(deliver)
    provider.answer = Outcome(OutcomeKind.UNKNOWN, "timeout_after_bytes")
    assert send_due(now, provider) == Tally(unknown=1)
    resolve_doubts(now + HOUR, provider)
    assert read_statuses() == ["accepted"]


def test_news_about_a_message_nobody_knows_is_kept(now: datetime) -> None:
    ghost = Message(customer=make_customer(), step=make_campaign().steps.get())
    receive("sendgrid", write_json([tell("delivered", ghost, timestamp=int(now.timestamp()))]), now)
    assert process_payloads(now) == 1
    assert MessageEvent.objects.get().message is None


def test_a_flood_of_news_is_taken_in_parts(now: datetime) -> None:
    padding = " " * 400_000
    for _ in range(6):
        receive("sendgrid", f"[]{padding}".encode(), now)
    assert [process_payloads(now) for _ in range(4)] == [2, 2, 2, 0]
