"""A shop whose customers bought something and agreed to offers, and a real email about it to all."""

from datetime import datetime, timedelta

from audience.models import ConsentEntry
from campaigns.models import Step
from campaigns.outbox import Draft, queue_messages
from campaigns.templates_store import publish_all
from recommendations.building import rebuild_neighbours
from shop.models import Customer, Order, OrderLine, Product
from tests.flows import make_campaign

PRODUCTS = 100
TEMPLATE = "post_purchase_follow_up"


def set_up_shop(customers: int, now: datetime) -> None:
    """A hundred products that a thousand baskets tie together; each customer has one order of two lines."""
    publish_all(now)
    products = _make_products(now)
    _make_history(products, now)
    people = Customer.objects.bulk_create(
        Customer(
            external_id=f"c{n}", email=f"c{n}@buyer.example", name=f"Customer Number {n}", language="en",
            country="GB", created_at=now,
        )
        for n in range(customers)
    )  # fmt: skip
    ConsentEntry.objects.bulk_create(
        ConsentEntry(
            customer=person, state="granted", basis="explicit", source="benchmark",
            occurred_at=now - timedelta(days=1), recorded_at=now,
        )
        for person in people
    )  # fmt: skip
    orders = Order.objects.bulk_create(
        Order(
            customer=person, external_id=f"o{n}", placed_at=now - timedelta(days=60), currency="GBP", total=30
        )
        for n, person in enumerate(people)
    )
    OrderLine.objects.bulk_create(
        OrderLine(order=order, product=products[(n + step) % PRODUCTS], quantity=1, unit_price=15)
        for n, order in enumerate(orders)
        for step in (0, 7)
    )
    rebuild_neighbours(now)


def open_campaign() -> Step:
    return make_campaign(marketing=True, template=TEMPLATE).steps.get()


def queue_all(step: Step, number: int, now: datetime) -> None:
    """A message for each of the first customers, about the order."""
    orders = Order.objects.exclude(customer=None).order_by("pk")[:number]
    drafts = [
        Draft(step, customer, f"order:{order}", order_id=order)
        for order, customer in orders.values_list("pk", "customer_id")
        if customer
    ]
    queue_messages(drafts, now)


def _make_products(now: datetime) -> list[Product]:
    return Product.objects.bulk_create(
        Product(
            external_id=f"p{n}", title=f"Thing {n}", product_type=f"type {n % 20}", price=10 + n % 30,
            currency="GBP", url=f"https://shop.example/p/{n}", image_url=f"https://shop.example/p/{n}.png",
            created_at=now,
        )
        for n in range(PRODUCTS)
    )  # fmt: skip


def _make_history(products: list[Product], now: datetime) -> None:
    past = Order.objects.bulk_create(
        Order(external_id=f"past{n}", placed_at=now - timedelta(days=20), currency="GBP", total=30)
        for n in range(1000)
    )
    OrderLine.objects.bulk_create(
        OrderLine(order=order, product=products[(n + step * 3) % PRODUCTS], quantity=1, unit_price=10)
        for n, order in enumerate(past)
        for step in range(3)
    )
