"""Two workers in the same moment: who waits for whom, and who finds what when the wait is over."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from django.db import connection, transaction

from audience.consent import withdraw_consent
from campaigns.leasing import shrink_batch
from campaigns.models import Route, SendBatch
from campaigns.outcomes import Tally
from campaigns.routes import hold_switches
from campaigns.sending import lease_batch, send_due
from campaigns.switches import pause_route
from campaigns.webhooks import receive
from shop.claims import guard_customers
from shop.ingest import record_events
from shop.models import Customer
from tests.campaigns.conftest import QueueOrders
from tests.campaigns.test_faults import HOUR, Interrupted, needs_rows, write_json
from tests.factories import make_customer
from tests.flows import make_campaign

pytestmark = pytest.mark.django_db


@needs_rows
@pytest.mark.django_db(transaction=True)
def test_a_pause_waits_for_the_intent_that_is_being_committed(now: datetime) -> None:
    """So whoever has read that the pause was done knows that no intent is committed after it."""
    batch = SendBatch.objects.create(campaign=make_campaign(), due_at=now)
    Route.objects.create(name="sendgrid")
    order: list[str] = []

    def pause() -> None:
        pause_route("sendgrid", now)
        order.append("paused")
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            assert hold_switches(batch, "sendgrid")
            pausing = pool.submit(pause)
            with pytest.raises(TimeoutError):
                pausing.result(timeout=1)
            order.append("committed")
        pausing.result(timeout=30)
    assert order == ["committed", "paused"]
    with transaction.atomic():
        assert not hold_switches(batch, "sendgrid")


@needs_rows
@pytest.mark.django_db(transaction=True)
def test_a_claim_that_waited_for_an_intent_does_not_take_the_batch_that_is_being_handed_over(
    now: datetime,
) -> None:
    """A worker whose lease has just run out may still commit its intent: then nobody else has the batch."""
    SendBatch.objects.create(campaign=make_campaign(), due_at=now)
    batch, later = lease_batch(now), now + HOUR
    assert batch

    def claim() -> SendBatch | None:
        try:
            return lease_batch(later)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            SendBatch.objects.filter(pk=batch.pk).update(state=SendBatch.State.SUBMITTING)
            claiming = pool.submit(claim)
            with pytest.raises(TimeoutError):
                claiming.result(timeout=1)
        assert claiming.result(timeout=30) is None
    assert SendBatch.objects.get().state == SendBatch.State.SUBMITTING


def test_a_worker_that_lost_its_lease_holds_back_nothing_of_what_another_hands_over(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations(3)
    slow = lease_batch(now)
    assert slow
    other = Interrupted(lambda: shrink_batch(slow, 1, now + HOUR))
    assert send_due(now + HOUR, other) == Tally(accepted=3)
    assert send_due(now + 2 * HOUR, other) == Tally()


def say_no_to_the_shop(customer: Customer, now: datetime) -> None:
    event = {"id": "no", "kind": "consent.withdrawn", "occurred_at": now.isoformat()}
    [receipt] = record_events([{**event, "customer": {"id": customer.external_id}}], source="shop", now=now)
    assert receipt.status == "recorded"


def say_no_to_the_provider(customer: Customer, now: datetime) -> None:
    event = {"event": "spamreport", "email": customer.email, "timestamp": int(now.timestamp())}
    receive("sendgrid", write_json([event]), now)


def say_no_by_the_link(customer: Customer, now: datetime) -> None:
    withdraw_consent(customer, source="one_click", now=now)


@needs_rows
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("say_no", [say_no_to_the_shop, say_no_to_the_provider, say_no_by_the_link])
def test_a_no_waits_for_the_intent_that_is_being_committed(
    now: datetime, say_no: Callable[[Customer, datetime], None]
) -> None:
    """So whoever was told that the no was heard knows that no intent is committed after it."""
    customer, order = make_customer(), list[str]()

    def object_now() -> None:
        say_no(customer, now)
        order.append("heard")
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            guard_customers({customer.pk})  # as the last check does
            objecting = pool.submit(object_now)
            with pytest.raises(TimeoutError):
                objecting.result(timeout=1)
            order.append("committed")
        objecting.result(timeout=30)
    assert order == ["committed", "heard"]
