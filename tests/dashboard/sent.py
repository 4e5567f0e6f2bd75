"""Messages for the dashboard's tests: sent, ended otherwise, reacted to, and kept in the preview inbox."""

import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from uuid import uuid4

from campaigns.models import (
    Campaign,
    Message,
    MessageEvent,
    MessageOutcome,
    MessageProduct,
    PreviewMail,
    RenderedMessage,
    SendBatch,
    TemplateVersion,
    TrackedLink,
)
from experiments.models import Assignment, Experiment
from recommendations.models import Kind
from shop.models import Customer, Product
from triggers.models import Trigger

NEWEST = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SUBJECTS = {
    "en": "Your order, and what goes with it",
    "fa": "سفارش شما و چیزهایی که با آن جور است",
    "ar": "طلبك وما يناسبه",
    "he": "ההזמנה שלכם ומה שמתאים לה",
    "ru": "Ваш заказ и то, что к нему подходит",
}


@dataclass
class SmallShop:
    customers: dict[str, Customer]
    products: list[Product]
    campaigns: dict[str, Campaign]
    triggers: dict[str, Trigger]
    experiment: Experiment
    messages: dict[str, Message]
    preview: PreviewMail


def make_message(
    shop: SmallShop,
    campaign: str,
    customer: Customer,
    *,
    at: datetime,
    assignment: Assignment | None = None,
    **about: object,
) -> Message:
    """A message that was rendered and handed over: sent, until `close` says otherwise."""
    step = shop.campaigns[campaign].steps.select_related("campaign").first()
    assert step is not None
    batch = SendBatch.objects.create(
        campaign=step.campaign, state=SendBatch.State.DONE, due_at=at, submitted_at=at, finished_at=at
    )
    occurrence = str(next(iter(about.values()), uuid4()))
    fields = {"queued_at": at, "due_at": at, "batch": batch, "occurrence": occurrence, **about}
    message = Message.objects.create(step=step, customer=customer, **fields)
    _render(shop, message, assignment)
    return message


def _render(shop: SmallShop, message: Message, assignment: Assignment | None) -> None:
    customer = message.customer
    RenderedMessage.objects.create(
        message=message,
        version=TemplateVersion.objects.get(template=message.step.template),
        assignment=assignment,
        variant=assignment.variant if assignment else None,
        language=customer.language,
        subject=SUBJECTS[customer.language],
        recipient=customer.email,
        context={"customer": {"name": customer.name, "first_name": customer.name.split(" ")[0]}},
        is_marketing=message.step.campaign.message_class == "marketing",
        created_at=message.queued_at,
    )
    MessageProduct.objects.create(
        message=message,
        product=shop.products[1],
        because_of=shop.products[0],
        kind=Kind.COMPLEMENT,
        rank=0,
        score=0.8,
        support=64,
        scorer="pairs",
    )


def close(message: Message, kind: str, reason: str) -> None:
    MessageOutcome.objects.create(message=message, kind=kind, reason=reason, at=message.queued_at)
    Message.objects.filter(pk=message.pk).update(is_closed=True)


def react(message: Message, kind: str, *, minutes: int, url: str = "", is_machine: bool = False) -> None:
    link = TrackedLink.objects.get_or_create(key=url.encode()[-8:], url=url)[0] if url else None
    at = message.queued_at + timedelta(minutes=minutes)
    MessageEvent.objects.create(
        message=message,
        kind=kind,
        provider="own",
        natural_key=uuid4().hex,
        is_machine=is_machine,
        link=link,
        occurred_at=at,
        received_at=at,
    )


def make_preview() -> PreviewMail:
    mail = EmailMessage()
    mail["Subject"], mail["To"], mail["List-Unsubscribe"] = (
        SUBJECTS["fa"],
        "b@mail.example",
        "<https://x.example>",
    )
    mail.set_content("سلام سارا، سفارش شما رسید.")
    mail.add_alternative(
        '<html lang="fa" dir="rtl"><head></head><body><p>سلام سارا</p>'
        '<img src="http://127.0.0.1/o/token" width="1" height="1" alt=""></body></html>',
        subtype="html",
    )
    return PreviewMail.objects.create(
        delivery_id=uuid4(),
        recipient="b@mail.example",
        subject=SUBJECTS["fa"],
        mime=zlib.compress(mail.as_bytes()),
        received_at=NEWEST,
    )
