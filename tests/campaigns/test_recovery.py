"""What nobody can know: asked, waited for, and then decided by what the email was."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from campaigns.lateness import MAX_LATENESS
from campaigns.models import Message, MessageEvent, PreviewMail, RenderedMessage, SendBatch
from campaigns.outbox import gather_due
from campaigns.outcomes import Tally, record_outcomes
from campaigns.preparation import prepare_batch
from campaigns.recovery import resolve_doubts
from campaigns.sending import commit_intent, lease_batch, send_due
from campaigns.switches import cancel_waiting
from campaigns.webhooks import process_payloads, receive
from delivery.base import Envelope, Outcome, OutcomeKind
from delivery.delivery_id import DELIVERY_ARG
from delivery.preview import PreviewTransport
from shop.models import Customer
from tests.campaigns.answering import Provider
from tests.campaigns.conftest import QueueOrders
from tests.campaigns.test_sending import queue_marketing
from tests.flows import read_statuses

pytestmark = pytest.mark.django_db
AFTER_LEASE = timedelta(minutes=6)
AFTER_DOUBT = timedelta(minutes=31)


class Silent(PreviewTransport):
    """Takes the bytes and falls silent, as a provider does behind a broken connection."""

    def __init__(self) -> None:
        pass

    def send(self, envelopes: Sequence[Envelope], *, now: datetime) -> list[Outcome]:  # noqa: ARG002
        return [Outcome(OutcomeKind.UNKNOWN, "timeout") for _ in envelopes]

    def find_accepted(self, delivery_ids: Sequence[UUID]) -> set[UUID] | None:  # noqa: ARG002
        return None


def die_while_handing_over(transport: PreviewTransport, now: datetime, *, sent: int) -> SendBatch:
    """What a killed worker leaves: the intent is committed, `sent` emails have left, nothing is recorded."""
    batch = lease_batch(now)
    assert batch
    leaving = commit_intent(batch, prepare_batch(batch, transport, now), now)
    assert leaving
    transport.send([p.envelope for p in leaving if p.envelope][:sent], now=now)
    return batch


def test_a_transport_that_can_be_asked_settles_a_dead_workers_batch(
    now: datetime, transport: PreviewTransport, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations(3)
    die_while_handing_over(transport, now, sent=2)
    later = now + AFTER_LEASE
    assert resolve_doubts(later, transport) == 3
    gather_due(later)
    send_due(later, transport)
    assert read_statuses() == ["accepted"] * 3
    assert sorted(PreviewMail.objects.values_list("delivery_id")) == sorted(Message.objects.values_list("id"))


def test_nobody_touches_a_batch_whose_worker_may_still_live(
    now: datetime, transport: PreviewTransport, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations()
    die_while_handing_over(transport, now, sent=0)
    assert resolve_doubts(now + timedelta(minutes=1), transport) == 0
    assert send_due(now + timedelta(minutes=1), transport) == Tally()


def test_a_worker_thought_dead_records_nothing_when_it_wakes_up(
    now: datetime, transport: PreviewTransport, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations()
    batch = die_while_handing_over(transport, now, sent=1)
    resolve_doubts(now + AFTER_LEASE, transport)
    late = [Outcome(OutcomeKind.REJECTED, "http_400")]
    assert record_outcomes(batch, list(batch.messages.all()), late, now + AFTER_LEASE) == Tally()
    assert read_statuses() == ["accepted"]


def test_an_unknown_outcome_is_accepted_once_the_provider_speaks_of_it(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations()
    assert send_due(now, Silent()) == Tally(unknown=1)
    MessageEvent.objects.create(
        message=Message.objects.get(),
        kind="delivered",
        provider="sendgrid",
        natural_key="k",
        occurred_at=now,
        received_at=now,
    )
    assert resolve_doubts(now + AFTER_DOUBT, Silent()) == 1
    assert read_statuses() == ["accepted"]


def test_an_unknown_confirmation_is_sent_again_and_flagged(
    now: datetime, transport: PreviewTransport, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations()
    send_due(now, Silent())
    assert resolve_doubts(now + timedelta(minutes=29), Silent()) == 0
    later = now + AFTER_DOUBT
    resolve_doubts(later, Silent())
    gather_due(later)
    assert send_due(later, transport) == Tally(accepted=1)
    assert RenderedMessage.objects.get().possible_duplicate


def test_unknown_marketing_is_never_sent_again(
    now: datetime, published: None, transport: PreviewTransport
) -> None:
    queue_marketing(now)
    send_due(now, Silent())
    later = now + AFTER_DOUBT
    assert resolve_doubts(later, Silent()) == 1
    assert gather_due(later) == 0
    assert read_statuses() == ["unknown"]
    assert resolve_doubts(later, Silent()) == 0


def test_news_that_comes_a_day_late_still_settles_what_was_unknown(
    now: datetime, published: None, transport: PreviewTransport
) -> None:
    message = queue_marketing(now)
    send_due(now, Silent())
    resolve_doubts(now + AFTER_DOUBT, Silent())
    event = {"event": "delivered", "timestamp": int(now.timestamp()), "email": "x@buyer.example"}
    body = json.dumps([event | {DELIVERY_ARG: str(message.id), "sg_event_id": "e1"}]).encode()
    tomorrow = now + timedelta(days=1)
    receive("sendgrid", body, tomorrow)
    process_payloads(tomorrow)
    assert read_statuses() == ["accepted"]


def doubt_a_confirmation(now: datetime, queue_confirmations: QueueOrders) -> datetime:
    """It may have left, and is about to be sent again; when."""
    queue_confirmations()
    send_due(now, Silent())
    resolve_doubts(now + AFTER_DOUBT, Silent())
    gather_due(now + AFTER_DOUBT)
    return now + AFTER_DOUBT


def test_a_second_try_that_is_refused_does_not_make_the_first_one_unsent(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    later = doubt_a_confirmation(now, queue_confirmations)
    assert send_due(later, Provider(Outcome(OutcomeKind.REJECTED, "smtp_550"))) == Tally(unknown=1)
    assert read_statuses() == ["unknown"]
    assert resolve_doubts(later + AFTER_DOUBT, Silent()) == 0


def test_a_second_try_that_is_not_wanted_any_more_does_not_make_the_first_one_unsent(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    later = doubt_a_confirmation(now, queue_confirmations)
    Customer.objects.update(email="")
    send_due(later, Provider())
    assert read_statuses() == ["unknown"]
    assert list(Message.objects.with_status().values_list("reason", flat=True)) == ["no_address"]


def test_a_second_try_that_is_cancelled_does_not_make_the_first_one_unsent(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    later = doubt_a_confirmation(now, queue_confirmations)
    cancel_waiting(later)
    assert read_statuses() == ["unknown"]


def test_a_confirmation_that_had_waited_long_before_its_doubt_is_sent_again(
    now: datetime, transport: PreviewTransport, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations()
    late = now + MAX_LATENESS
    send_due(late, Silent())
    later = late + AFTER_DOUBT
    resolve_doubts(later, Silent())
    gather_due(later)
    assert send_due(later, transport) == Tally(accepted=1)


def test_a_doubt_that_nobody_looked_at_for_days_is_not_sent_again(
    now: datetime, transport: PreviewTransport, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations(2)
    die_while_handing_over(transport, now, sent=0)
    resolve_doubts(now + MAX_LATENESS + AFTER_LEASE, transport)
    assert gather_due(now + 2 * MAX_LATENESS) == 0
    assert read_statuses() == ["rejected"] * 2
