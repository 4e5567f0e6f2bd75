"""From a queued message to an accepted one, and every way in which that may not happen."""

import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import QuerySet

from audience.consent import record_consent, suppress
from audience.models import Preference
from campaigns.models import (
    Campaign,
    Message,
    MessageOutcome,
    MessageProduct,
    PreviewMail,
    RenderedMessage,
    Route,
    SendBatch,
)
from campaigns.outbox import Draft, gather_due, queue_messages
from campaigns.outcomes import Tally
from campaigns.preparation import prepare_batch
from campaigns.sending import commit_intent, lease_batch, send_due
from delivery.base import Envelope, Outcome, OutcomeKind
from delivery.preview import PreviewTransport
from tests.campaigns.conftest import QueueOrders, agree, object_to_marketing
from tests.factories import make_customer, make_order, make_product
from tests.flows import make_campaign, read_statuses
from tests.queries import count_statements

pytestmark = pytest.mark.django_db


class Answering(PreviewTransport):
    """Answers each envelope with the same outcome, and can't be asked what it holds."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = outcomes

    def send(self, envelopes: Sequence[Envelope], *, now: datetime) -> list[Outcome]:  # noqa: ARG002
        return list(self.outcomes) * len(envelopes)

    def find_accepted(self, delivery_ids: Sequence[UUID]) -> set[UUID] | None:  # noqa: ARG002
        return None


def queue_marketing(now: datetime, *, consent: bool = True) -> Message:
    customer, product = make_customer(), make_product()
    if consent:
        agree(customer, now - timedelta(days=1))
    order = make_order(customer, lines=[product], placed_at=now)
    campaign = make_campaign(marketing=True, template="post_purchase_follow_up")
    draft = Draft(campaign.steps.get(), customer.pk, f"order:{order.pk}", order_id=order.pk)
    queue_messages([draft], now)
    return Message.objects.get(step__campaign=campaign)


def test_a_queued_message_is_rendered_sent_and_accepted(
    now: datetime, transport: PreviewTransport, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations(3)
    assert send_due(now, transport) == Tally(accepted=3)
    assert read_statuses() == ["accepted"] * 3
    assert PreviewMail.objects.count() == RenderedMessage.objects.count() == 3


def test_sending_again_sends_nothing_again(
    now: datetime, transport: PreviewTransport, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations(2)
    send_due(now, transport)
    assert send_due(now + timedelta(hours=2), transport) == Tally()
    assert PreviewMail.objects.count() == 2


def test_a_leased_batch_is_nobody_elses_until_the_lease_runs_out(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations()
    assert lease_batch(now)
    assert lease_batch(now) is None
    assert lease_batch(now + timedelta(minutes=6))


def test_a_batch_whose_intent_was_committed_late_is_not_taken_by_another(
    now: datetime,
    transport: PreviewTransport,
    queue_confirmations: QueueOrders,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue_confirmations()
    slow = lease_batch(now)
    assert slow
    prepared = prepare_batch(slow, transport, now)
    later = now + timedelta(minutes=6)
    seen = SendBatch.objects.get()  # by another worker, just before the slow one commits its intent
    assert commit_intent(slow, prepared, later) is not None
    monkeypatch.setattr(QuerySet, "order_by", lambda *_: [seen])
    assert lease_batch(later) is None


def test_a_message_that_waited_for_a_month_is_not_sent(
    now: datetime, transport: PreviewTransport, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations()
    assert send_due(now + timedelta(days=30), transport) == Tally(skipped=1)
    assert MessageOutcome.objects.get().reason == "expired"


def test_a_no_whose_clock_runs_ahead_counts_all_the_same(
    now: datetime, published: None, transport: PreviewTransport
) -> None:
    message = queue_marketing(now)
    ahead = now + timedelta(seconds=20)
    record_consent(
        message.customer, state="withdrawn", basis="objection", source="t", occurred_at=ahead, now=ahead
    )
    assert send_due(now, transport) == Tally(skipped=1)


def test_a_worker_that_wakes_up_after_its_lease_sends_nothing(
    now: datetime, transport: PreviewTransport, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations()
    asleep = lease_batch(now)
    assert asleep
    prepared = prepare_batch(asleep, transport, now)
    later = now + timedelta(minutes=6)
    assert send_due(later, transport) == Tally(accepted=1)
    assert commit_intent(asleep, prepared, later) is None
    assert PreviewMail.objects.count() == 1


def test_whoever_says_no_between_preparation_and_intent_is_not_written_to(
    now: datetime, published: None, transport: PreviewTransport
) -> None:
    message = queue_marketing(now)
    batch = lease_batch(now)
    assert batch
    prepared = prepare_batch(batch, transport, now)
    object_to_marketing(message.customer, now)
    assert commit_intent(batch, prepared, now) == []
    gather_due(now)
    assert send_due(now, transport) == Tally(skipped=1)
    assert MessageOutcome.objects.order_by("pk").last().reason == "withdrawn"  # type: ignore[union-attr]


@pytest.mark.parametrize("consent", [True, False])
def test_marketing_goes_only_to_those_who_agreed(
    now: datetime, published: None, transport: PreviewTransport, *, consent: bool
) -> None:
    queue_marketing(now, consent=consent)
    send_due(now, transport)
    assert read_statuses() == (["accepted"] if consent else ["skipped"])


def test_a_suppressed_address_gets_no_mail_at_all(
    now: datetime, transport: PreviewTransport, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations()
    suppress(Message.objects.get().customer.email, scope="all", reason="bounced", now=now)
    assert send_due(now, transport) == Tally(skipped=1)
    assert MessageOutcome.objects.get().reason == "suppressed"


def test_quiet_hours_put_marketing_off_to_the_morning(
    now: datetime, published: None, transport: PreviewTransport
) -> None:
    night = now.replace(hour=23)
    queue_marketing(night)
    assert send_due(night, transport) == Tally(deferred=1)
    morning = night + timedelta(hours=9)
    assert gather_due(morning - timedelta(minutes=1)) == 0
    assert gather_due(morning) == 1
    assert send_due(morning, transport) == Tally(accepted=1)


def test_a_cart_ordered_during_the_quiet_hours_is_not_written_about(
    now: datetime, published: None, transport: PreviewTransport
) -> None:
    night = now.replace(hour=23)
    message = queue_marketing(night)
    send_due(night, transport)
    message.order.cancelled_at = night  # type: ignore[union-attr]
    message.order.save()  # type: ignore[union-attr]
    gather_due(night + timedelta(hours=9))
    assert send_due(night + timedelta(hours=9), transport) == Tally(skipped=1)


def test_a_paused_campaign_sends_nothing_and_goes_on_when_it_is_resumed(
    now: datetime, transport: PreviewTransport, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations()
    Campaign.objects.update(status="paused")
    assert send_due(now, transport) == Tally()
    Campaign.objects.update(status="live")
    assert send_due(now, transport) == Tally(accepted=1)


def test_a_confirmation_does_not_wait_behind_marketing(
    now: datetime, transport: PreviewTransport, queue_confirmations: QueueOrders
) -> None:
    queue_marketing(now)
    queue_confirmations()
    first = lease_batch(now)
    assert first
    assert first.campaign.message_class == Campaign.MessageClass.TRANSACTIONAL


def test_an_unpublished_template_is_a_reason_and_loses_nothing(
    now: datetime, transport: PreviewTransport, db: None
) -> None:
    order = make_order(make_customer(), lines=[make_product()], placed_at=now)
    step = make_campaign(template="nobody_wrote_it").steps.get()
    queue_messages([Draft(step, order.customer_id or 0, "order:1", order_id=order.pk)], now)
    assert send_due(now, transport) == Tally(skipped=1)
    assert MessageOutcome.objects.get().reason == "render_failed"


def test_a_rejection_closes_the_message_with_the_providers_reason(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations()
    tally = send_due(now, Answering(Outcome(OutcomeKind.REJECTED, "http_400", "no such address")))
    assert tally == Tally(rejected=1)
    assert read_statuses() == ["rejected"]


def test_a_retry_is_a_later_due_time(
    now: datetime, transport: PreviewTransport, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations()
    at = now + timedelta(minutes=7)
    send_due(now, Answering(Outcome(OutcomeKind.RETRY, "http_429", retry_at=at)))
    assert read_statuses() == ["deferred"]
    assert gather_due(at - timedelta(seconds=1)) == 0
    assert gather_due(at) == 1
    assert send_due(at, transport) == Tally(accepted=1)
    assert read_statuses() == ["accepted"]


def test_a_message_that_is_tried_again_does_not_count_against_itself(
    now: datetime, published: None, transport: PreviewTransport
) -> None:
    message = queue_marketing(now)
    Preference.objects.create(customer=message.customer, pace="weekly", updated_at=now)
    at = now + timedelta(minutes=7)
    send_due(now, Answering(Outcome(OutcomeKind.RETRY, "http_429", retry_at=at)))
    gather_due(at)
    assert send_due(at, transport) == Tally(accepted=1)


def test_a_mail_that_went_out_meanwhile_counts_before_the_intent_is_committed(
    now: datetime, published: None, transport: PreviewTransport
) -> None:
    first = queue_marketing(now)
    Preference.objects.create(customer=first.customer, pace="weekly", updated_at=now)
    second = Message.objects.create(
        step=first.step, customer=first.customer, order=first.order, occurrence="x", queued_at=now, due_at=now
    )
    mine = lease_batch(now)
    assert mine
    prepared = prepare_batch(mine, transport, now)
    gather_due(now)
    assert send_due(now, transport) == Tally(accepted=1)
    assert commit_intent(mine, prepared, now) == []
    gather_due(now)
    assert send_due(now, transport) == Tally(skipped=1)
    assert MessageOutcome.objects.get(message=first, kind="skipped").reason == "frequency_cap"
    assert second.products.count() == 0


def test_retries_end_after_three_days(now: datetime, queue_confirmations: QueueOrders) -> None:
    queue_confirmations()
    later = now + timedelta(hours=73)
    send_due(later, Answering(Outcome(OutcomeKind.RETRY, "http_429", retry_at=later)))
    assert MessageOutcome.objects.get().reason == "expired"


def test_what_waited_for_a_pause_is_not_lost_to_one_busy_answer(now: datetime, published: None) -> None:
    queue_marketing(now)
    busy = Answering(Outcome(OutcomeKind.RETRY, "http_429"))
    resumed = now + timedelta(hours=48)
    assert send_due(resumed, busy) == Tally(deferred=1)
    Message.objects.update(queued_at=resumed)  # so that only the tries count, not how late it is at all
    at = resumed + timedelta(hours=25)
    gather_due(at)
    Route.objects.update(breaker="closed")
    assert send_due(at, busy) == Tally(rejected=1)
    assert MessageOutcome.objects.filter(reason="expired").count() == 1


def test_a_route_that_was_down_costs_nobody_a_try(now: datetime, published: None) -> None:
    queue_marketing(now)
    send_due(now, Answering(Outcome(OutcomeKind.ROUTE_DOWN, "http_401", "The key is not valid.")))
    later = now + timedelta(hours=25)
    Route.objects.update(breaker="closed")
    gather_due(later)
    assert send_due(later, Answering(Outcome(OutcomeKind.RETRY, "http_503"))) == Tally(deferred=1)
    told = MessageOutcome.objects.order_by("pk").values_list("reason", "detail").first()
    assert told == ("route_down", "http_401: The key is not valid.")


def test_a_route_that_is_down_blames_nobody(now: datetime, queue_confirmations: QueueOrders) -> None:
    queue_confirmations()
    send_due(now, Answering(Outcome(OutcomeKind.ROUTE_DOWN, "http_401")))
    outcome = MessageOutcome.objects.get()
    assert (outcome.kind, outcome.until) == ("deferred", now + timedelta(minutes=5))


def test_suggestions_are_shown_with_their_reason_and_only_to_the_willing(
    now: datetime, published: None, transport: PreviewTransport, neighbours: None
) -> None:
    send_due(now, transport)
    shown = MessageProduct.objects.get()
    assert shown.message.customer.external_id == "willing"
    assert (shown.because_of.title, shown.support) == ("Kettle", 12)  # type: ignore[union-attr]
    mails = {m.recipient: zlib.decompress(m.mime).decode() for m in PreviewMail.objects.all()}
    assert {who for who, mime in mails.items() if "Cups" in mime} == {"willing@buyer.example"}
    assert {who for who, mime in mails.items() if "List-Unsubscribe" in mime} == {"willing@buyer.example"}
    assert len(mails) == 2


def test_preparing_takes_as_many_queries_for_two_hundred_as_for_five(
    now: datetime, transport: PreviewTransport, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations(1)
    send_due(now, transport)  # compiled templates are kept by the process
    counts = []
    for number in (5, 200):
        queue_confirmations(number)
        with count_statements() as statements:
            send_due(now, transport, limit=1)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 46 + (connection.vendor == "postgresql")  # which guards the customers
    assert SendBatch.objects.exclude(state="done").count() == 0
