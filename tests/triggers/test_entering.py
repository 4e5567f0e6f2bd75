"""Who enters a trigger, and who does not, with the reason."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from shop.models import Customer, Event
from tests.factories import make_cart, make_customer, make_event, make_order, make_product
from tests.flows import add_step, make_campaign, make_trigger
from tests.queries import count_statements
from triggers.flows import enrol_events
from triggers.models import Enrolment, Trigger

pytestmark = pytest.mark.django_db


def post_order(customer: Customer | None, at: datetime) -> Event:
    order = make_order(customer, lines=[make_product()], placed_at=at)
    return make_event(customer, kind="order.placed", order=order, occurred_at=at)


def post_cart(customer: Customer, at: datetime) -> Event:
    cart = make_cart(customer, lines=[make_product()], updated_at=at)
    return make_event(customer, kind="cart.updated", cart=cart, occurred_at=at)


def test_an_order_enrols_its_customer_at_once(now: datetime) -> None:
    make_trigger("order_confirmation")
    post_order(make_customer(), now)
    assert enrol_events(now) == 1
    enrolment = Enrolment.objects.get()
    assert (enrolment.state, enrolment.due_at) == ("waiting", now)


def test_an_event_is_processed_once_however_often_the_engine_looks(now: datetime) -> None:
    make_trigger("order_confirmation")
    post_order(make_customer(), now)
    assert [enrol_events(now), enrol_events(now)] == [1, 0]
    assert Enrolment.objects.count() == 1


def test_a_guest_order_enrols_nobody_and_is_done_with(now: datetime) -> None:
    make_trigger("order_confirmation")
    post_order(None, now)
    assert [enrol_events(now), enrol_events(now)] == [1, 0]
    assert not Enrolment.objects.exists()


def test_the_first_step_adds_its_own_delay_to_the_triggers(now: datetime) -> None:
    campaign = make_campaign()
    campaign.steps.update(delay_hours=2)
    make_trigger("abandoned_cart", campaign=campaign, settings={"delay_minutes": 60})
    post_cart(make_customer(), now)
    enrol_events(now)
    assert Enrolment.objects.get().due_at == now + timedelta(hours=3)


def test_a_changed_cart_starts_the_wait_again(now: datetime) -> None:
    make_trigger("abandoned_cart", settings={"delay_minutes": 60})
    first = post_cart(make_customer(), now)
    enrol_events(now)
    later = now + timedelta(minutes=40)
    make_event(first.customer, kind="cart.updated", cart=first.cart, occurred_at=later)
    enrol_events(later)
    assert Enrolment.objects.get().due_at == later + timedelta(hours=1)


def test_two_changes_of_a_cart_in_one_batch_count_as_the_later_one(now: datetime) -> None:
    make_trigger("abandoned_cart", settings={"delay_minutes": 60})
    first = post_cart(make_customer(), now)
    later = now + timedelta(minutes=10)
    make_event(first.customer, kind="cart.updated", cart=first.cart, occurred_at=later)
    enrol_events(later)
    assert Enrolment.objects.get().due_at == later + timedelta(hours=1)


def test_an_older_change_that_arrives_late_does_not_shorten_the_wait(now: datetime) -> None:
    make_trigger("abandoned_cart", settings={"delay_minutes": 60})
    first = post_cart(make_customer(), now)
    enrol_events(now)
    earlier = now - timedelta(minutes=30)
    make_event(first.customer, kind="cart.updated", cart=first.cart, occurred_at=earlier)
    enrol_events(now)
    assert Enrolment.objects.get().due_at == now + timedelta(hours=1)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"reentry": Trigger.Reentry.ONCE}, "reentry_once"),
        ({"reentry": Trigger.Reentry.AFTER_DAYS, "reentry_days": 30}, "reentry_days"),
    ],
)
def test_a_second_order_is_refused_by_the_reentry_rule(
    now: datetime, fields: dict[str, Any], reason: str
) -> None:
    make_trigger("order_confirmation", **fields)
    customer = make_customer()
    post_order(customer, now - timedelta(days=2))
    post_order(customer, now)
    enrol_events(now)
    assert list(Enrolment.objects.order_by("pk").values_list("reason", flat=True)) == ["", reason]


def test_a_second_order_after_the_days_enters_again(now: datetime) -> None:
    make_trigger("order_confirmation", reentry=Trigger.Reentry.AFTER_DAYS, reentry_days=30)
    customer = make_customer()
    post_order(customer, now)
    enrol_events(now)
    later = now + timedelta(days=31)
    post_order(customer, later)
    enrol_events(later)
    assert set(Enrolment.objects.values_list("state", flat=True)) == {"waiting"}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"status": Trigger.Status.PAUSED}, "trigger_paused"),
        ({"active_from": datetime.fromisoformat("2030-01-01T00:00:00+00:00")}, "before_active_from"),
    ],
)
def test_whoever_is_not_enrolled_is_told_why(now: datetime, fields: dict[str, Any], reason: str) -> None:
    make_trigger("order_confirmation", **fields)
    post_order(make_customer(), now)
    enrol_events(now)
    refused = Enrolment.objects.get()
    assert (refused.state, refused.reason, refused.due_at) == ("refused", reason, None)


def test_a_trigger_with_wrong_settings_disturbs_no_other(now: datetime) -> None:
    broken = make_trigger("abandoned_cart", settings={"delay_minutes": "soon"})
    make_trigger("abandoned_cart", settings={"delay_minutes": 60})
    post_cart(make_customer(), now)
    enrol_events(now)
    assert Enrolment.objects.get(trigger=broken).reason == "settings_invalid"
    assert Enrolment.objects.exclude(trigger=broken).get().state == "waiting"


def test_enrolling_takes_as_many_queries_for_two_hundred_events_as_for_five(now: datetime) -> None:
    campaign = make_campaign()
    add_step(campaign, delay_hours=24)
    make_trigger("order_confirmation", campaign=campaign)
    counts = []
    for number in (5, 200):
        for _ in range(number):
            post_order(make_customer(), now)
        with count_statements() as captured:
            enrol_events(now)
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 12


def test_a_cart_refused_while_the_trigger_was_paused_enters_with_its_next_change(now: datetime) -> None:
    trigger = make_trigger("abandoned_cart", settings={"delay_minutes": 60}, status=Trigger.Status.PAUSED)
    first = post_cart(make_customer(), now)
    enrol_events(now)
    trigger.status = Trigger.Status.ACTIVE
    trigger.save()
    make_event(first.customer, kind="cart.updated", cart=first.cart, occurred_at=now)
    enrol_events(now)
    assert Enrolment.objects.get().state == "waiting"


def test_a_cart_refused_by_the_reentry_rule_stays_refused(now: datetime) -> None:
    make_trigger("abandoned_cart", settings={"delay_minutes": 60}, reentry=Trigger.Reentry.ONCE)
    customer = make_customer()
    post_cart(customer, now)
    second = post_cart(customer, now)
    enrol_events(now)
    make_event(customer, kind="cart.updated", cart=second.cart, occurred_at=now)
    enrol_events(now)
    assert sorted(Enrolment.objects.values_list("state", flat=True)) == ["refused", "waiting"]
