"""Whatever a variant changes reaches the person's inbox, through the whole engine."""

import zlib
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest

from campaigns.models import Campaign, EmailTemplate, Message, MessageProduct, PreviewMail, RenderedMessage
from campaigns.outbox import Draft, queue_messages
from campaigns.sending import send_due
from campaigns.variants import deal_arms
from delivery.preview import PreviewTransport
from experiments.models import Assignment, Experiment, Variant
from experiments.running import roll_out
from shop.models import Customer
from tests.campaigns.test_arms import mail_forty_people
from tests.queries import count_statements

pytestmark = pytest.mark.django_db


def mails_of(arm: str) -> list[PreviewMail]:
    ids = RenderedMessage.objects.filter(variant__key=arm).values_list("message", flat=True)
    return list(PreviewMail.objects.filter(delivery_id__in=ids))


def send_with(
    changes: dict[str, Any], now: datetime, transport: PreviewTransport, **options: Any
) -> Experiment:
    experiment = mail_forty_people(now, changes, **options)
    send_due(now, transport)
    return experiment


def header(mail: PreviewMail, name: str) -> str:
    return str(message_from_bytes(zlib.decompress(mail.mime), policy=default)[name])


def test_another_template_is_sent_whole(now: datetime, published: None, transport: PreviewTransport) -> None:
    send_with({"template": "post_purchase_follow_up"}, now, transport, marketing=False)
    sent = RenderedMessage.objects.filter(variant__key="b")
    assert set(sent.values_list("version__template__key", flat=True)) == {"post_purchase_follow_up"}
    assert EmailTemplate.objects.count() > 1


def test_a_template_that_is_not_there_is_a_reason_and_no_email(
    now: datetime, published: None, transport: PreviewTransport
) -> None:
    send_with({"template": "not-there"}, now, transport)
    skipped = Message.objects.with_status().filter(status="skipped")
    assert {m.reason for m in skipped} == {"render_failed"}
    assert skipped.count() == Assignment.objects.filter(variant__key="b").count()


def test_a_sender_name_is_seen_in_the_inbox(
    now: datetime, published: None, transport: PreviewTransport
) -> None:
    send_with({"sender_name": "Sara"}, now, transport)
    assert all(header(mail, "From").startswith("Sara <") for mail in mails_of("b"))
    assert not any("Sara" in header(mail, "From") for mail in mails_of("a"))


def test_fewer_products_are_shown(now: datetime, published: None, transport: PreviewTransport) -> None:
    send_with({"products": {"complements": 0, "upgrades": 0}}, now, transport)
    shown = MessageProduct.objects.filter(message__rendered__variant__key="b")
    assert not shown.exists()
    assert MessageProduct.objects.filter(message__rendered__variant__key="a").exists()


def test_an_offer_is_in_the_email_and_in_what_it_was_made_of(
    now: datetime, published: None, transport: PreviewTransport
) -> None:
    send_with({"offer": {"code": "SPRING10", "percent": "10"}}, now, transport)
    contexts = RenderedMessage.objects.filter(variant__key="b").values_list("context", flat=True)
    assert {context["coupon"]["code"] for context in contexts} == {"SPRING10"}
    plain = RenderedMessage.objects.filter(variant__key="a").values_list("context__coupon", flat=True)
    assert set(plain) == {None}


def test_what_was_rolled_out_goes_to_everybody_and_counts_nobody(
    now: datetime, published: None, transport: PreviewTransport
) -> None:
    experiment = mail_forty_people(now, {"texts": {"en": {"subject": "Rolled out"}}}, holdout=0.5)
    roll_out(experiment, experiment.variants.get(key="b"), now, actor="sara")
    send_due(now, transport)
    assert PreviewMail.objects.filter(subject__startswith="Rolled out").count() == 40
    assert not Assignment.objects.exists()


def test_what_one_market_tried_is_rolled_out_there_alone(
    now: datetime, published: None, transport: PreviewTransport
) -> None:
    experiment = mail_forty_people(now, {"texts": {"en": {"subject": "Rolled out"}}})
    Experiment.objects.filter(pk=experiment.pk).update(markets=["GB"])
    in_britain = Customer.objects.filter(messages__isnull=False).order_by("pk")[:10]
    Customer.objects.filter(pk__in=list(in_britain.values_list("pk", flat=True))).update(country="GB")
    roll_out(experiment, experiment.variants.get(key="b"), now, actor="sara")
    send_due(now, transport)
    mails = PreviewMail.objects.all()
    assert (mails.filter(subject__startswith="Rolled out").count(), mails.count()) == (10, 40)


def test_a_held_out_persons_second_email_of_a_batch_is_a_ghost_as_well(
    now: datetime, published: None, transport: PreviewTransport, settings: Any
) -> None:
    settings.PAIRWELL = {**settings.PAIRWELL, "MARKETING_CAP": 1}
    mail_forty_people(now, {}, holdout=0.5)
    step = Message.objects.all()[0].step
    carts = {m.customer_id: m.cart_id for m in Message.objects.all()}
    queue_messages([Draft(step, c, f"again:{c}", cart_id=cart) for c, cart in carts.items()], now)
    Message.objects.update(batch=Message.objects.earliest("queued_at").batch)
    send_due(now, transport)
    ends = Message.objects.with_status()
    held_out = set(Assignment.objects.filter(variant=None).values_list("customer", flat=True))
    assert {m.reason for m in ends if m.customer_id in held_out} == {"held_out"}
    assert {m.reason for m in ends if m.customer_id not in held_out} == {"", "frequency_cap"}


def test_the_global_holdout_spares_marketing_and_nothing_else(
    now: datetime, published: None, transport: PreviewTransport
) -> None:
    spare = Experiment.objects.create(
        key="h1", name="H1", salt="h1", status="running", is_global=True, holdout_share=0.5
    )
    Variant.objects.create(experiment=spare, key="all", name="All", weight=1)
    experiment = mail_forty_people(now, {})
    send_due(now, transport)
    spared = set(Assignment.objects.filter(experiment=spare, variant=None).values_list("customer", flat=True))
    assert 0 < len(spared) < 40
    assert not Assignment.objects.filter(experiment=experiment, customer__in=spared).exists()
    assert PreviewMail.objects.count() == 40 - len(spared)


def test_two_flows_of_one_experiment_give_a_person_one_arm(
    now: datetime, published: None, transport: PreviewTransport
) -> None:
    experiment = send_with({"texts": {"en": {"subject": "B"}}}, now, transport)
    first = Campaign.objects.get(experiment=experiment)
    step = first.steps.get()
    step.pk, step.position = None, 1
    step.save()
    carts = {m.customer_id: m.cart_id for m in Message.objects.all()}
    queue_messages([Draft(step, c, f"second:{c}", cart_id=cart) for c, cart in carts.items()], now)
    send_due(now, transport)
    assert Assignment.objects.count() == 40
    arms = RenderedMessage.objects.values_list("message__customer", "variant").distinct()
    assert len(arms) == 40


def test_dealing_arms_takes_as_many_queries_for_a_full_batch_as_for_a_few(
    now: datetime, published: None, transport: PreviewTransport
) -> None:
    experiment = mail_forty_people(now, {}, holdout=0.2)
    related = ("customer", "step__campaign__experiment__rolled_out")
    messages = list(Message.objects.select_related(*related))
    asked = []
    for part in (messages[:2], messages):
        with count_statements() as statements:
            deal_arms(part, now)
        asked.append(len(statements))
    assert asked[1] <= asked[0] <= 10
    assert experiment.assignments.count() == 40
