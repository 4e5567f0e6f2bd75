"""A small shop for the dashboard's tests: every outcome, every language, a month of history."""

from datetime import timedelta
from decimal import Decimal

from audience.models import ConsentEntry
from campaigns.models import Campaign, EmailTemplate, Step, TemplateVersion
from experiments.epochs import open_epoch
from experiments.models import Assignment, Experiment, Variant
from recommendations.models import Kind, Neighbour, NeighbourModel
from shop.models import Customer, Product
from tests.dashboard.sent import NEWEST, SUBJECTS, SmallShop, close, make_message, make_preview, react
from tests.factories import make_cart, make_customer, make_event, make_order, make_product
from triggers.models import Enrolment, Trigger

HELLO = {"en": "Hello", "fa": "سلام", "ar": "مرحبًا", "he": "שלום", "ru": "Здравствуйте"}
SOURCE = """<mjml><mj-head><mj-attributes><mj-all font-family="Arial, sans-serif"/></mj-attributes></mj-head>
<mj-body><mj-section><mj-column><mj-text>[[ t.hello ]] {{ customer.first_name }}</mj-text>
</mj-column></mj-section></mj-body></mjml>"""


def fill_small_shop() -> SmallShop:
    customers, products = _make_customers(), _make_products()
    experiment = _make_experiment()
    campaigns, triggers = _make_campaigns(experiment)
    shop = SmallShop(customers, products, campaigns, triggers, experiment, {}, make_preview())
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
    Step.objects.create(campaign=campaign, position=0, template=template)
    if experiment:
        Campaign.objects.filter(pk=campaign.pk).update(experiment=experiment)
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
    epoch = open_epoch(shop.experiment, list(shop.experiment.variants.all()), NEWEST)
    for n, (language, customer) in enumerate(shop.customers.items()):
        kind, reason = ends[language]
        at = NEWEST - timedelta(days=n * 2)
        variant = None if kind == "held_out" else variants[n % 2]
        assignment = Assignment.objects.create(
            experiment=shop.experiment,
            epoch=epoch,
            customer=customer,
            variant=variant,
            assigned_at=at,
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
