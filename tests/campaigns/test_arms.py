"""What an arm changes reaches the email: subject, block, recommender, or no email at all."""

import zlib
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest

from campaigns.models import Campaign, Message, MessageProduct, PreviewMail, RenderedMessage
from campaigns.outbox import Draft, queue_messages
from campaigns.sending import send_due
from delivery.preview import PreviewTransport
from experiments.assignment import assign
from experiments.models import Assignment, Experiment, Variant
from experiments.running import restart, start, stop
from recommendations.building import rebuild_neighbours
from recommendations.withholding import find_withheld
from shop.models import Customer
from tests.campaigns.conftest import agree
from tests.factories import make_cart, make_customer, make_order, make_product
from tests.flows import make_campaign, read_statuses

pytestmark = pytest.mark.django_db


def mail_forty_people(
    now: datetime, changes: dict[str, Any], *, holdout: float = 0.0, marketing: bool = True
) -> Experiment:
    """Forty willing people with a cart each, in an experiment of a control and one arm with the changes."""
    template = "abandoned_cart" if marketing else "order_confirmation"
    campaign = make_campaign(marketing=marketing, template=template)
    experiment = Experiment.objects.create(key="test", name="Test", salt="salt", holdout_share=holdout)
    Variant.objects.create(experiment=experiment, key="a", name="A", is_control=True)
    Variant.objects.create(experiment=experiment, key="b", name="B", changes=changes)
    start(experiment, now)
    Campaign.objects.filter(pk=campaign.pk).update(experiment=experiment)
    kettle = make_product(external_id="kettle", title="Kettle", category="Kitchen", product_type="kettle")
    cups = make_product(external_id="cups", title="Cups", category="Kitchen", product_type="cup")
    tray = make_product(external_id="tray", title="Tray", category="Kitchen", product_type="tray")
    for lines in [[kettle, cups]] * 12 + [[tray]] * 40:
        make_order(None, lines=lines, placed_at=now - timedelta(days=20))
    rebuild_neighbours(now)
    drafts = []
    for _ in range(40):
        customer = make_customer()
        agree(customer, now - timedelta(days=1))
        if marketing:
            about = {"cart_id": make_cart(customer, lines=[kettle], updated_at=now).pk}
        else:
            about = {"order_id": make_order(customer, lines=[kettle], placed_at=now).pk}
        drafts.append(Draft(campaign.steps.get(), customer.pk, f"about:{customer.pk}", **about))
    queue_messages(drafts, now)
    return experiment


def read_text(mail: PreviewMail) -> str:
    part = message_from_bytes(zlib.decompress(mail.mime), policy=default).get_body(("plain",))
    assert part
    return " ".join(part.get_content().split())


def subjects_of(arm: str) -> set[str]:
    mails = RenderedMessage.objects.filter(assignment__variant__key=arm)
    return set(mails.values_list("subject", flat=True))


def test_each_arm_gets_its_own_subject(now: datetime, published: None, transport: PreviewTransport) -> None:
    mail_forty_people(now, {"texts": {"en": {"subject": "Your cart waits"}}})
    send_due(now, transport)
    assert subjects_of("b") == {"Your cart waits"}
    assert len(subjects_of("a")) == 1
    assert subjects_of("a") != subjects_of("b")


def test_each_arm_gets_its_own_block(now: datetime, published: None, transport: PreviewTransport) -> None:
    mail_forty_people(now, {"blocks": {"intro": "b"}})
    send_due(now, transport)
    words = {mail.delivery_id: read_text(mail) for mail in PreviewMail.objects.all()}
    arms = dict(RenderedMessage.objects.values_list("message", "assignment__variant__key"))
    assert {arm for message, arm in arms.items() if "unclear or did not work" in words[message]} == {"b"}
    assert {arm for message, arm in arms.items() if "unclear or did not work" not in words[message]} == {"a"}


def test_each_arm_asks_its_own_recommender(
    now: datetime, published: None, transport: PreviewTransport
) -> None:
    mail_forty_people(now, {"recommender": "popular"})
    send_due(now, transport)
    arms = MessageProduct.objects.values_list("message__rendered__assignment__variant__key", "scorer")
    assert ("b", "popular") in set(arms)
    assert all(scorer != "popular" for arm, scorer in arms if arm == "a")


def test_people_held_out_are_kept_with_the_time_at_which_they_would_have_been_written_to(
    now: datetime, published: None, transport: PreviewTransport
) -> None:
    mail_forty_people(now, {}, holdout=0.5)
    tally = send_due(now, transport)
    assert tally.held_out + tally.accepted == 40
    assert 8 < tally.held_out < 32
    assert Assignment.objects.filter(variant=None).count() == tally.held_out
    held_out = Message.objects.with_status().filter(is_closed=True).first()
    assert held_out
    assert held_out.status == "held_out"
    assert held_out.outcomes.get().at == now


def test_an_order_confirmation_is_never_held_out(
    now: datetime, published: None, transport: PreviewTransport
) -> None:
    mail_forty_people(now, {}, holdout=0.5, marketing=False)
    send_due(now, transport)
    assert set(read_statuses()) == {"accepted"}
    held_out = MessageProduct.objects.filter(message__rendered__assignment__variant=None)
    assert not held_out.exists()
    assert MessageProduct.objects.exists()
    assert PreviewMail.objects.count() == 40


def test_people_stay_in_their_arm_when_the_weights_change(
    now: datetime, published: None, transport: PreviewTransport
) -> None:
    experiment = mail_forty_people(now, {})
    send_due(now, transport)
    before = dict(Assignment.objects.values_list("customer", "variant__key"))
    experiment.variants.filter(key="a").update(weight=0.01)
    step = Message.objects.all()[0].step
    carts = {m.customer_id: m.cart_id for m in Message.objects.all()}
    queue_messages([Draft(step, c, f"again:{c}", cart_id=carts[c]) for c in before], now)
    send_due(now, transport)
    assert dict(Assignment.objects.values_list("customer", "variant__key")) == before


def test_an_arm_with_a_recommender_that_does_not_exist_gets_the_usual_one(
    now: datetime, published: None, transport: PreviewTransport
) -> None:
    mail_forty_people(now, {"recommender": "populer"})
    send_due(now, transport)
    assert set(read_statuses()) == {"accepted"}


def test_weights_of_nothing_hold_nobody_up(
    now: datetime, published: None, transport: PreviewTransport
) -> None:
    experiment = mail_forty_people(now, {})
    experiment.variants.update(weight=0)
    send_due(now, transport)
    assert set(read_statuses()) == {"accepted"}


def hold_half_out(now: datetime, *, marketing: bool = False, is_global: bool = False) -> Experiment:
    """A running experiment of one arm that holds half of the people out: a flow's, or the shop's."""
    experiment = Experiment.objects.create(key="test", name="Test", holdout_share=0.5, is_global=is_global)
    Variant.objects.create(experiment=experiment, key="a", name="A", is_control=True)
    if not is_global:
        experiment.planned_campaigns.add(make_campaign(marketing=marketing))
    return start(experiment, now)


def find_held(experiment: Experiment, people: list[Customer], now: datetime) -> set[int]:
    return {pk for pk, arm in assign(experiment, people, now).items() if arm.variant is None}


@pytest.mark.parametrize("is_global", [True, False], ids=["the shop's", "an order confirmation's"])
def test_pages_keep_to_a_holdout_of_suggestions_and_to_nobody_from_before_a_restart(
    now: datetime, is_global: bool
) -> None:
    experiment = hold_half_out(now, is_global=is_global)
    people = [make_customer() for _ in range(40)]
    before = find_held(experiment, people, now)
    assert set(find_withheld(people, now)) == before
    restart(stop(experiment, now), now, why="a wrong link")
    assert find_withheld(people, now) == {}
    after = find_held(experiment, people, now)
    assert set(find_withheld(people, now)) == after != before


def test_who_gets_no_email_of_a_marketing_flow_still_sees_suggestions_on_the_pages(now: datetime) -> None:
    experiment = hold_half_out(now, marketing=True)
    people = [make_customer() for _ in range(40)]
    assert find_held(experiment, people, now)
    assert find_withheld(people, now) == {}
