"""What an arm changes reaches the email: subject, block, recommender, or no email at all."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from campaigns.models import Message, MessageProduct, PreviewMail, RenderedMessage
from campaigns.outbox import Draft, queue_messages
from campaigns.rendering import NoTracking, Renderer
from campaigns.sending import send_due
from delivery.preview import PreviewTransport
from experiments.models import Assignment, Experiment, Variant
from experiments.running import start
from recommendations.building import rebuild_neighbours
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
    campaign.steps.update(experiment=experiment)
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
        cart = make_cart(customer, lines=[kettle], updated_at=now)
        drafts.append(Draft(campaign.steps.get(), customer.pk, f"cart:{cart.pk}", cart_id=cart.pk))
    queue_messages(drafts, now)
    return experiment


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
    shown = {}
    for arm in "ab":
        mail = RenderedMessage.objects.filter(assignment__variant__key=arm).first()
        assert mail
        assert mail.assignment
        assert mail.assignment.variant
        email = Renderer(now=now).render(
            mail.version,
            language=mail.language,
            changes=mail.assignment.variant.changes,
            context=mail.context | {"customer": {"name": "", "first_name": ""}, "links": {}, "cart": {**mail.context["cart"], "number": "1"}},
            message_id=mail.message_id,
            tracking=NoTracking(),
        )  # fmt: skip
        shown[arm] = email.text
    assert shown["a"] != shown["b"]


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
