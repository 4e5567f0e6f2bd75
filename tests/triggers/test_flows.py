"""The way through a trigger's steps."""

from datetime import datetime, timedelta

import pytest

from campaigns.models import Campaign, Message, SendBatch
from shop.models import Customer
from tests.factories import make_cart, make_customer, make_event, make_order, make_product
from tests.flows import add_step, make_campaign, make_trigger
from tests.queries import count_statements
from triggers.flows import advance_enrolments, enrol_events
from triggers.models import Enrolment, Trigger

pytestmark = pytest.mark.django_db


def order_and_enrol(customer: Customer, now: datetime) -> None:
    order = make_order(customer, lines=[make_product()], placed_at=now)
    make_event(customer, kind="order.placed", order=order, occurred_at=now)
    enrol_events(now)


def leave_cart(customer: Customer, now: datetime) -> Enrolment:
    cart = make_cart(customer, lines=[make_product()], updated_at=now)
    make_event(customer, kind="cart.updated", cart=cart, occurred_at=now)
    enrol_events(now)
    return Enrolment.objects.get(cart=cart)


def test_a_due_step_queues_one_message_in_one_batch(now: datetime) -> None:
    make_trigger("order_confirmation")
    order_and_enrol(make_customer(), now)
    assert advance_enrolments(now) == 1
    message = Message.objects.get()
    assert message.batch is not None
    assert message.batch.state == SendBatch.State.READY
    assert Enrolment.objects.get().state == Enrolment.State.DONE


def test_advancing_twice_queues_nothing_twice(now: datetime) -> None:
    make_trigger("order_confirmation")
    order_and_enrol(make_customer(), now)
    advance_enrolments(now)
    Enrolment.objects.update(state="waiting", due_at=now, step_position=0)  # as if the first had been lost
    advance_enrolments(now)
    assert Message.objects.count() == 1


def test_the_next_step_waits_its_delay(now: datetime) -> None:
    campaign = make_campaign()
    add_step(campaign, delay_hours=48)
    make_trigger("order_confirmation", campaign=campaign)
    order_and_enrol(make_customer(), now)
    advance_enrolments(now)
    assert Enrolment.objects.get().due_at == now + timedelta(hours=48)
    advance_enrolments(now + timedelta(hours=48))
    assert Message.objects.count() == 2


@pytest.mark.parametrize("meanwhile", ["ordered", "cart_closed", "cart_empty"])
def test_a_cart_that_is_settled_meanwhile_gets_no_mail(now: datetime, meanwhile: str) -> None:
    make_trigger("abandoned_cart", settings={"delay_minutes": 60})
    enrolment = leave_cart(make_customer(), now)
    cart = enrolment.cart
    assert cart is not None
    if meanwhile == "ordered":
        make_order(enrolment.customer, lines=[make_product()], placed_at=now + timedelta(minutes=30))
    elif meanwhile == "cart_closed":
        cart.closed_at = now
        cart.save()
    else:
        cart.lines.all().delete()
    advance_enrolments(now + timedelta(hours=1))
    enrolment.refresh_from_db()
    assert (enrolment.state, enrolment.reason) == ("exited", meanwhile)
    assert not Message.objects.exists()


def test_a_cancelled_order_gets_no_follow_up(now: datetime) -> None:
    make_trigger("post_purchase_follow_up", settings={"after": "placed", "days": 3})
    order_and_enrol(make_customer(), now)
    enrolment = Enrolment.objects.get()
    enrolment.order.cancelled_at = now  # type: ignore[union-attr]
    enrolment.order.save()  # type: ignore[union-attr]
    advance_enrolments(now + timedelta(days=3))
    enrolment.refresh_from_db()
    assert enrolment.reason == "order_cancelled"


def test_a_step_that_is_days_late_is_not_sent(now: datetime) -> None:
    make_trigger("order_confirmation")
    order_and_enrol(make_customer(), now)
    advance_enrolments(now + timedelta(days=9))
    assert Enrolment.objects.get().reason == "expired"


def test_a_paused_campaign_holds_its_enrolments(now: datetime) -> None:
    campaign = make_campaign(status=Campaign.Status.PAUSED)
    make_trigger("order_confirmation", campaign=campaign)
    order_and_enrol(make_customer(), now)
    assert advance_enrolments(now) == 0
    campaign.status = Campaign.Status.LIVE
    campaign.save()
    assert advance_enrolments(now) == 1


def test_advancing_takes_as_many_queries_for_two_hundred_as_for_five(now: datetime) -> None:
    make_trigger("order_confirmation")
    counts = []
    for number in (5, 200):
        for _ in range(number):
            order_and_enrol(make_customer(), now)
        with count_statements() as captured:
            advance_enrolments(now)
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 12


def test_a_paused_trigger_holds_those_who_are_on_the_way(now: datetime) -> None:
    trigger = make_trigger("order_confirmation")
    order_and_enrol(make_customer(), now)
    Trigger.objects.update(status=Trigger.Status.PAUSED)
    assert advance_enrolments(now) == 0
    trigger.save()
    assert advance_enrolments(now) == 1
