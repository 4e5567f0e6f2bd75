"""A small shop for the dashboard's tests: every outcome, every language, a month of history."""

import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage
from uuid import uuid4

from audience.models import ConsentEntry
from campaigns.models import (
    Campaign,
    EmailTemplate,
    Message,
    MessageEvent,
    MessageOutcome,
    MessageProduct,
    PreviewMail,
    RenderedMessage,
    SendBatch,
    Step,
    TemplateVersion,
    TrackedLink,
)
from experiments.models import Assignment, Experiment, Variant
from recommendations.models import Kind, Neighbour, NeighbourModel
from shop.models import Customer, Product
from tests.factories import make_cart, make_customer, make_event, make_order, make_product
from triggers.models import Enrolment, Trigger

NEWEST = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SUBJECTS = {
    "en": "Your order, and what goes with it",
    "fa": "سفارش شما و چیزهایی که با آن جور است",
    "ar": "طلبك وما يناسبه",
    "he": "ההזמנה שלכם ומה שמתאים לה",
    "ru": "Ваш заказ и то, что к нему подходит",
}
HELLO = {"en": "Hello", "fa": "سلام", "ar": "مرحبًا", "he": "שלום", "ru": "Здравствуйте"}
SOURCE = """<mjml><mj-head><mj-attributes><mj-all font-family="Arial, sans-serif"/></mj-attributes></mj-head>
<mj-body><mj-section><mj-column><mj-text>[[ t.hello ]] {{ customer.first_name }}</mj-text>
</mj-column></mj-section></mj-body></mjml>"""


@dataclass
class SmallShop:
    customers: dict[str, Customer]
    products: list[Product]
    campaigns: dict[str, Campaign]
    triggers: dict[str, Trigger]
    experiment: Experiment
    messages: dict[str, Message]
    preview: PreviewMail


def fill_small_shop() -> SmallShop:
    customers, products = _make_customers(), _make_products()
    experiment = _make_experiment()
    campaigns, triggers = _make_campaigns(experiment)
    shop = SmallShop(customers, products, campaigns, triggers, experiment, {}, _make_preview())
    _agree(customers)
    _write_orders(shop)
    _write_carts(shop)
    return shop


def _make_customers() -> dict[str, Customer]:
    names = {
        "en": ("Olivia Bennett", "GB"),
        "fa": ("سارا احمدی", "IR"),
        "ar": ("ليلى حداد", "AE"),
        "he": ("נועה לוי", "IL"),
        "ru": ("Анна Орлова", "KZ"),
    }
    return {
        language: make_customer(
            external_id=f"C-{1000 + n}",
            name=name,
            email=f"buyer{n}@mail.example",
            language=language,
            country=country,
            created_at=NEWEST - timedelta(days=90),
        )
        for n, (language, (name, country)) in enumerate(names.items())
    }


def _make_products() -> list[Product]:
    titles = ["Enamel teapot, cream", "Tea strainer", "Oak tray", "Set of four mugs", "Copper teapot"]
    products = [
        make_product(external_id=f"P-{n}", title=title, price=Decimal(12 + 7 * n), product_type=f"type {n}")
        for n, title in enumerate(titles)
    ]
    model = NeighbourModel.objects.create(built_at=NEWEST, is_active=True, order_count=4210)
    for rank, other in enumerate(products[1:4]):
        _add_neighbour(model, products[0], other, kind=Kind.COMPLEMENT, rank=rank)
    return products


def _add_neighbour(model: NeighbourModel, product: Product, other: Product, *, kind: Kind, rank: int) -> None:
    Neighbour.objects.create(
        model=model,
        kind=kind,
        product=product,
        neighbour=other,
        rank=rank,
        score=0.8 - rank * 0.1,
        support=64 - rank * 9,
    )


def _make_experiment() -> Experiment:
    experiment = Experiment.objects.create(
        key="warm-subject",
        name="A warmer subject",
        hypothesis="A subject that names the product is clicked more.",
        status=Experiment.Status.RUNNING,
        salt="one",
        started_at=NEWEST - timedelta(days=30),
    )
    Variant.objects.create(experiment=experiment, key="control", name="As it was", is_control=True)
    changes = {"texts": {"en": {"subject": "Goes well with your teapot"}}}
    Variant.objects.create(experiment=experiment, key="warm", name="Warmer", changes=changes)
    return experiment


def _make_campaigns(experiment: Experiment) -> tuple[dict[str, Campaign], dict[str, Trigger]]:
    kinds = {
        "order_confirmation": ("Order confirmation", "transactional", {}),
        "abandoned_cart": ("Abandoned cart", "marketing", {"delay_minutes": 240}),
        "post_purchase_follow_up": (
            "Follow-up after a purchase",
            "marketing",
            {"after": "placed", "days": 7},
        ),
    }
    campaigns, triggers = {}, {}
    for kind, (name, message_class, settings) in kinds.items():
        key = kind.replace("_", "-")
        campaign = Campaign.objects.create(key=key, name=name, message_class=message_class)
        _make_steps(campaign, experiment if kind == "abandoned_cart" else None)
        triggers[kind] = Trigger.objects.create(
            key=key,
            name=name,
            kind=kind,
            settings=settings,
            campaign=campaign,
            active_from=NEWEST - timedelta(days=60),
        )
        campaigns[kind] = campaign
    return campaigns, triggers


def _make_steps(campaign: Campaign, experiment: Experiment | None) -> None:
    template = EmailTemplate.objects.create(key=campaign.key.replace("-", "_"), name=campaign.name)
    texts = {
        code: {"subject": subject, "preheader": "…", "hello": HELLO[code]}
        for code, subject in SUBJECTS.items()
    }
    TemplateVersion.objects.create(
        template=template, number=1, source=SOURCE, texts=texts, digest="d", published_at=NEWEST
    )
    Step.objects.create(campaign=campaign, position=0, template=template, experiment=experiment)
    if experiment:
        Step.objects.create(campaign=campaign, position=1, template=template, delay_hours=48, upgrades=1)


def _agree(customers: dict[str, Customer]) -> None:
    for language, customer in customers.items():
        state = "withdrawn" if language == "ru" else "granted"
        ConsentEntry.objects.create(
            customer=customer,
            state=state,
            basis="objection" if state == "withdrawn" else "explicit",
            source="preference_page",
            occurred_at=NEWEST - timedelta(days=40),
            recorded_at=NEWEST - timedelta(days=40),
        )


def _write_orders(shop: SmallShop) -> None:
    """An order of each customer, confirmed at once; Olivia clicks, and orders again two days later."""
    trigger = shop.triggers["order_confirmation"]
    for n, (language, customer) in enumerate(shop.customers.items()):
        at = NEWEST - timedelta(days=4 * n + 3)
        order = make_order(customer, lines=[shop.products[0]], external_id=f"O-{500 + n}", placed_at=at)
        event = make_event(customer, kind="order.placed", order=order, occurred_at=at, processed_at=at)
        Enrolment.objects.create(
            trigger=trigger,
            customer=customer,
            entry_key=f"order:{order.pk}",
            event=event,
            order=order,
            state="done",
            entered_at=at,
            changed_at=at,
        )
        message = make_message(shop, "order_confirmation", customer, at=at, order=order)
        shop.messages[f"confirmation {language}"] = message
    confirmed = shop.messages["confirmation en"]
    react(confirmed, "delivered", minutes=1)
    react(confirmed, "clicked", minutes=50, url="https://shop.example/p/tea-strainer")
    second = confirmed.queued_at + timedelta(days=2)
    make_order(
        shop.customers["en"], lines=[shop.products[1]], external_id="O-600", placed_at=second, total="19.00"
    )


def _write_carts(shop: SmallShop) -> None:
    """A left cart of each customer, with each of the things that may become of the email about it."""
    ends = {
        "en": ("accepted", ""),
        "fa": ("skipped", "frequency_cap"),
        "ar": ("held_out", "held_out"),
        "he": ("rejected", "smtp_550"),
        "ru": ("skipped", "withdrawn"),
    }
    variants = [*shop.experiment.variants.all(), None]
    for n, (language, customer) in enumerate(shop.customers.items()):
        kind, reason = ends[language]
        at = NEWEST - timedelta(days=n * 2)
        variant = None if kind == "held_out" else variants[n % 2]
        assignment = Assignment.objects.create(
            experiment=shop.experiment, customer=customer, variant=variant, assigned_at=at
        )
        cart = make_cart(customer, lines=[shop.products[0]], external_id=f"K-{n}", updated_at=at)
        message = make_message(shop, "abandoned_cart", customer, at=at, cart=cart, assignment=assignment)
        shop.messages[f"cart {language}"] = message
        if kind != "accepted":
            close(message, kind, reason)
    _refuse_one(shop)


def _refuse_one(shop: SmallShop) -> None:
    customer, trigger = shop.customers["he"], shop.triggers["post_purchase_follow_up"]
    order = make_order(customer, external_id="O-700", placed_at=NEWEST, total="5.00")
    event = make_event(customer, kind="order.placed", order=order, occurred_at=NEWEST)
    Enrolment.objects.create(
        trigger=trigger,
        customer=customer,
        entry_key=f"order:{order.pk}",
        event=event,
        order=order,
        state="refused",
        reason="reentry_once",
        entered_at=NEWEST,
        changed_at=NEWEST,
    )


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


def _make_preview() -> PreviewMail:
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
