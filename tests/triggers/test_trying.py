"""An experiment about a flow itself: its arm is drawn on entering, and moves the time or the whole flow."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from campaigns.models import Campaign, Message
from experiments.models import Assignment, Experiment, Variant
from experiments.running import roll_out, start
from tests.factories import make_customer, make_event, make_order, make_product
from tests.flows import add_step, make_campaign, make_trigger
from tests.queries import count_statements
from triggers.flows import advance_enrolments, enrol_events
from triggers.models import Enrolment

pytestmark = pytest.mark.django_db


def try_out(campaign: Campaign, changes: dict[str, Any], now: datetime) -> Experiment:
    experiment = Experiment.objects.create(key="flow", name="Flow", salt="salt", holdout_share=0.0)
    Variant.objects.create(experiment=experiment, key="a", name="A", is_control=True)
    Variant.objects.create(experiment=experiment, key="b", name="B", changes=changes)
    start(experiment, now)
    Campaign.objects.filter(pk=campaign.pk).update(experiment=experiment)
    return experiment


def enter(number: int, now: datetime) -> None:
    product = make_product()
    for _ in range(number):
        customer = make_customer()
        order = make_order(customer, lines=[product], placed_at=now)
        make_event(customer, kind="order.placed", order=order, occurred_at=now)
    enrol_events(now)


def waits() -> dict[str, set[timedelta]]:
    arms = dict(Assignment.objects.values_list("customer", "variant__key"))
    found: dict[str, set[timedelta]] = {"a": set(), "b": set()}
    for enrolment in Enrolment.objects.all():
        assert enrolment.due_at
        found[arms[enrolment.customer_id]].add(enrolment.due_at - enrolment.entered_at)
    return found


def test_one_arm_writes_later(now: datetime) -> None:
    trigger = make_trigger("order_confirmation")
    try_out(trigger.campaign, {"timing": {"delay_hours": 20}}, now)
    enter(30, now)
    assert waits() == {"a": {timedelta(0)}, "b": {timedelta(hours=20)}}


def test_one_arm_writes_at_an_hour_of_the_persons_own(now: datetime) -> None:
    trigger = make_trigger("order_confirmation")
    try_out(trigger.campaign, {"timing": {"hour": 18}}, now)
    enter(30, now)
    assert waits()["b"] == {timedelta(hours=6)}


def test_one_arm_takes_another_flow_and_keeps_it(now: datetime) -> None:
    usual, other = make_campaign(), make_campaign(key="other")
    add_step(other, delay_hours=24)
    make_trigger("order_confirmation", campaign=usual)
    try_out(usual, {"campaign": "other"}, now)
    enter(30, now)
    advance_enrolments(now)
    advance_enrolments(now + timedelta(hours=24))
    arms = dict(Assignment.objects.values_list("customer", "variant__key"))
    took: dict[str, set[str]] = {"a": set(), "b": set()}
    for message in Message.objects.select_related("step__campaign"):
        took[arms[message.customer_id]].add(str(message.step))
    assert {key: len(steps) for key, steps in took.items()} == {"a": 1, "b": 2}
    assert all(name.startswith(other.name) for name in took["b"])


def test_what_was_rolled_out_moves_everybody_and_draws_nobody(now: datetime) -> None:
    trigger = make_trigger("order_confirmation")
    experiment = try_out(trigger.campaign, {"timing": {"delay_hours": 5}}, now)
    roll_out(experiment, experiment.variants.get(key="b"), now)
    enter(10, now)
    assert {e.due_at for e in Enrolment.objects.all()} == {now + timedelta(hours=5)}
    assert not Assignment.objects.exists()


def test_an_experiment_about_an_email_draws_nobody_on_entering(now: datetime) -> None:
    trigger = make_trigger("order_confirmation")
    try_out(trigger.campaign, {"texts": {"en": {"subject": "B"}}}, now)
    enter(10, now)
    assert not Assignment.objects.exists()


def test_entering_takes_as_many_queries_for_many_as_for_few(now: datetime) -> None:
    trigger = make_trigger("order_confirmation")
    try_out(trigger.campaign, {"timing": {"delay_hours": 20}}, now)
    asked = []
    for number in (3, 40):
        product = make_product()
        for _ in range(number):
            customer = make_customer()
            order = make_order(customer, lines=[product], placed_at=now)
            make_event(customer, kind="order.placed", order=order, occurred_at=now)
        with count_statements() as statements:
            enrol_events(now)
        asked.append(len(statements))
    assert asked[1] <= asked[0]
