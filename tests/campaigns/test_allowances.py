"""Limits that all workers share: a minute, a day, a domain; and order emails before offers."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.allowances import Limit, plan_warm_up, share_out, take_allowance
from campaigns.models import Allowance, Campaign, Message, SendBatch
from campaigns.outbox import gather_due
from campaigns.outcomes import Tally
from campaigns.sending import lease_batch, send_due
from tests.campaigns.answering import Provider
from tests.campaigns.conftest import QueueOrders
from tests.campaigns.test_sending import queue_marketing
from tests.flows import read_statuses
from tests.queries import count_statements

pytestmark = pytest.mark.django_db
PLAN = {"from": "2026-11-16", "start": 10, "factor": 2, "target": 50}
MINUTE = timedelta(minutes=1)


@pytest.fixture
def limit(settings: Any) -> Any:
    def set_limits(**values: Any) -> None:
        settings.PAIRWELL = settings.PAIRWELL | {name.upper(): value for name, value in values.items()}

    return set_limits


def read_reasons() -> list[tuple[str, str]]:
    return sorted(Message.objects.with_status().values_list("status", "reason"))


def test_what_does_not_fit_into_the_minute_waits_for_the_next_with_its_reason(
    now: datetime, limit: Any, queue_confirmations: QueueOrders
) -> None:
    limit(rate_per_minute=5)
    queue_confirmations(8)
    assert send_due(now, Provider()) == Tally(accepted=5)
    assert read_reasons() == [("accepted", "")] * 5 + [("deferred", "rate_limit")] * 3
    assert send_due(now + MINUTE / 2, Provider()) == Tally()
    assert send_due(now + MINUTE, Provider()) == Tally(accepted=3)
    assert set(read_reasons()) == {("accepted", "")}


def test_two_workers_respect_one_limit(now: datetime, limit: Any, queue_confirmations: QueueOrders) -> None:
    limit(rate_per_minute=6)
    queue_confirmations(4)
    queue_confirmations(4)
    batches = [lease_batch(now), lease_batch(now)]
    assert [take_allowance(batch, "sendgrid", now) for batch in batches if batch] == [4, 2]
    assert Allowance.objects.get().used == 6


def test_offers_leave_a_fifth_of_the_limit_to_order_emails(
    now: datetime, limit: Any, published: None, queue_confirmations: QueueOrders
) -> None:
    limit(rate_per_minute=5)
    for _ in range(6):
        queue_marketing(now)
    provider = Provider()
    assert send_due(now, provider) == Tally(accepted=4)
    queue_confirmations(1)
    assert send_due(now, provider) == Tally(accepted=1)


def test_a_domain_at_its_limit_holds_up_no_other(
    now: datetime, limit: Any, queue_confirmations: QueueOrders
) -> None:
    limit(domain_rates={"gmail.com": 2})
    queue_confirmations(6)
    for message in Message.objects.select_related("customer")[:4]:
        message.customer.email = f"{message.customer_id}@GMAIL.com"
        message.customer.save()
    assert send_due(now, Provider()) == Tally(accepted=4)
    assert read_reasons() == [("accepted", "")] * 4 + [("deferred", "domain_limit")] * 2
    assert send_due(now + MINUTE, Provider()) == Tally(accepted=2)


def test_a_new_sender_sends_more_every_day_until_it_needs_no_plan() -> None:
    days = [plan_warm_up(PLAN, date(2026, 11, day)) for day in range(15, 21)]
    assert days == [None, 10, 20, 40, None, None]


def test_warm_up_holds_the_rest_until_tomorrow(
    now: datetime, limit: Any, queue_confirmations: QueueOrders
) -> None:
    limit(warm_up=PLAN)
    queue_confirmations(25)
    assert send_due(now, Provider()) == Tally(accepted=20)  # its second day
    held = SendBatch.objects.get(reason="warm_up")
    assert held.due_at == (now + timedelta(days=1)).replace(hour=0)


def test_what_people_said_no_to_is_given_back(now: datetime, limit: Any, published: None) -> None:
    limit(warm_up=PLAN | {"start": 3})
    for willing in (False, False, False, True, True):
        queue_marketing(now, consent=willing)
    assert send_due(now, Provider()) == Tally(accepted=2, skipped=3)
    assert Allowance.objects.get().used == 2


def test_without_limits_nothing_is_counted(now: datetime, queue_confirmations: QueueOrders) -> None:
    queue_confirmations(2)
    send_due(now, Provider())
    assert not Allowance.objects.exists()


def test_a_limit_takes_as_many_statements_for_many_messages_as_for_few(
    now: datetime, limit: Any, queue_confirmations: QueueOrders
) -> None:
    limit(rate_per_minute=100, domain_rates={"buyer.example": 90})
    counts = []
    for number in (2, 40):
        queue_confirmations(number)
        batch = lease_batch(now)
        assert batch
        with count_statements() as statements:
            take_allowance(batch, "sendgrid", now)
        counts.append(len(statements))
    assert counts[0] == counts[1]


@given(
    people=st.lists(st.sampled_from(["a.example", "b.example", "c.example"]), max_size=40),
    everyone=st.integers(0, 30),
    one=st.integers(0, 10),
)
def test_sharing_out_exceeds_no_limit_and_wastes_nothing(people: list[str], everyone: int, one: int) -> None:
    total = Limit(Allowance.Window.MINUTE, "", 1, "rate_limit")
    domain = Limit(Allowance.Window.MINUTE, "a.example", 1, "domain_limit")
    queue = [(uuid4(), name) for name in people]
    held = {pk for ids in share_out(queue, {total: everyone, domain: one}).values() for pk in ids}
    gone = [name for pk, name in queue if pk not in held]
    assert len(gone) <= everyone
    assert gone.count("a.example") <= one
    if len(gone) < everyone:  # there was room for all, so only the full domain was held back
        assert {name for pk, name in queue if pk in held} <= {"a.example"}


def test_a_confirmation_goes_before_a_backlog_of_offers(
    now: datetime, settings: Any, published: None, queue_confirmations: QueueOrders
) -> None:
    """Ready batches, deferred messages and a full minute of offers: the order of this moment leaves first."""
    settings.PAIRWELL = settings.PAIRWELL | {"BATCH_SIZE": 10}
    offer = queue_marketing(now)
    Message.objects.bulk_create(
        Message(step=offer.step, customer=offer.customer, occurrence=f"w{n}", queued_at=now, due_at=now)
        for n in range(60)
    )
    gather_due(now)
    queue_confirmations(1)
    confirmation = Message.objects.exclude(step=offer.step).get()
    deferred = Message.objects.filter(pk=confirmation.pk)
    deferred.update(batch=None, due_at=now)  # as after a retry, behind fifty offers that wait, too
    SendBatch.objects.filter(messages=None).delete()
    gather_due(now)
    provider = Provider()
    send_due(now, provider, limit=1)
    assert provider.sent == [confirmation.pk]
    assert read_statuses().count("accepted") == 1


def test_what_waits_for_our_own_limits_is_never_too_late(now: datetime, limit: Any, published: None) -> None:
    limit(warm_up=PLAN | {"start": 1, "factor": 1, "target": 5})
    for _ in range(6):
        queue_marketing(now)
    for day in range(6):
        assert send_due(now + timedelta(days=day), Provider()) == Tally(accepted=1)


def test_what_waits_for_a_limit_says_so_though_no_worker_touched_it(
    now: datetime, limit: Any, published: None
) -> None:
    limit(warm_up=PLAN | {"start": 1, "factor": 1})
    for _ in range(3):
        queue_marketing(now)
    send_due(now, Provider())
    tomorrow = (now + timedelta(days=1)).replace(hour=0)
    assert read_reasons() == [("accepted", ""), ("deferred", "warm_up"), ("deferred", "warm_up")]
    assert set(SendBatch.objects.filter(state="ready").values_list("limited_until", flat=True)) == {tomorrow}


def test_a_night_after_the_limit_costs_nobody_their_email(now: datetime, limit: Any, published: None) -> None:
    limit(warm_up=PLAN | {"start": 1, "factor": 1, "target": 5})
    for _ in range(6):
        queue_marketing(now)
    for day in range(5):
        send_due(now + timedelta(days=day), Provider())
    night = (now + timedelta(days=5)).replace(hour=0, minute=1)
    assert send_due(night, Provider()) == Tally(deferred=1)
    morning = night.replace(hour=12)
    assert gather_due(morning) == 1
    assert send_due(morning, Provider()) == Tally(accepted=1)


def test_what_was_paused_after_the_limit_had_let_it_go_is_too_late(
    now: datetime, limit: Any, published: None
) -> None:
    limit(warm_up=PLAN | {"start": 1, "factor": 1, "target": 5})
    for _ in range(2):
        queue_marketing(now)
    send_due(now, Provider())
    Campaign.objects.update(status="paused")
    later = now + timedelta(days=5)
    assert send_due(later, Provider()) == Tally()
    Campaign.objects.update(status="live")
    assert send_due(later, Provider()) == Tally(skipped=1)
