"""A shop whose customers bought something and agreed to offers, and a real email about it to all.

What they bought is drawn: a few products sell far more than the rest, half of the orders have one line, and
what is bought with something is mostly of its line. So some customers of a batch bought the very same, as
in a real shop, and most did not; `Shop.distinct` says how many of a thousand baskets differ.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, islice
from random import Random
from resource import RUSAGE_SELF, getrusage
from time import perf_counter

from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from audience.models import ConsentEntry
from campaigns.broadcasts import queue_broadcast
from campaigns.models import Step
from campaigns.outbox import Draft, queue_messages
from campaigns.templates_store import publish_all
from recommendations.building import rebuild_neighbours
from shop.models import Customer, Order, OrderLine, Product
from tests.flows import make_campaign

PRODUCTS = 400
LINE_SIZE = 20  # products that are bought together
BASKETS = 8_000  # that the neighbours are learnt from
_LINES = (
    "Alder Aspen Birch Cedar Clover Coral Fern Hazel Heather Ivy",
    "Juniper Linden Maple Olive Pine Rowan Sorrel Thistle Willow Yarrow",
)
_KINDS = (
    "Apron Basket Blanket Bowl Candle Clock Cushion Frame Jug Kettle",
    "Lamp Mirror Mug Plate Purse Rug Teapot Towel Tray Vase",
)
TEMPLATE = "post_purchase_follow_up"


@dataclass
class Shop:
    """What is sent, and to whom; nobody is mailed twice."""

    step: Step
    now: datetime
    customers: Iterator[tuple[int, int]]  # each with an order
    distinct: int = 0

    def queue(self, number: int) -> None:
        drafts = [
            Draft(self.step, customer, f"order:{order}", order_id=order)
            for order, customer in islice(self.customers, number)
        ]
        queue_messages(drafts, self.now)


def open_shop(customers: int) -> Shop:
    """So many customers with an order each, and the neighbours of all products."""
    call_command("migrate", verbosity=0)
    random = Random(5)  # the same shop in every run
    now = timezone.now().replace(hour=12)  # nobody sleeps
    publish_all(now)
    products = _make_products(now)
    _make_history(products, now, random)
    for start in range(0, customers, 10_000):
        _make_customers(range(start, min(start + 10_000, customers)), products, now, random)
    rebuild_neighbours(now)
    step = make_campaign(marketing=True, template=TEMPLATE).steps.get()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    orders = Order.objects.exclude(customer=None).order_by("pk").values_list("pk", "customer_id")
    of_a_thousand = len({_draw_basket(random) for _ in range(1000)})
    return Shop(step, now, iter([(order, customer or 0) for order, customer in orders]), of_a_thousand)


_POPULARITY = list(accumulate(1 / (place + 3) for place in range(PRODUCTS)))


def _draw_basket(random: Random) -> tuple[int, ...]:
    """One to three products: the first by its popularity, the others mostly of its line."""
    [first] = random.choices(range(PRODUCTS), cum_weights=_POPULARITY)
    basket = [first]
    for _ in range(random.choices((0, 1, 2), (5, 3, 2))[0]):
        line = first % LINE_SIZE + LINE_SIZE * random.randrange(PRODUCTS // LINE_SIZE)
        basket.append(line if random.random() < 0.8 else random.randrange(PRODUCTS))
    return tuple(sorted(set(basket)))


def measure_broadcast(customers: int) -> dict[str, float]:
    """Queueing one campaign for everyone, and the memory that it took the process at most."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_MANY_CUSTOMERS, [now, customers])
        cursor.execute("ANALYZE shop_customer")
    campaign = make_campaign(marketing=True, template=TEMPLATE)
    audience = Customer.objects.filter(external_id__startswith="many")
    before, start = getrusage(RUSAGE_SELF).ru_maxrss, perf_counter()
    queued = queue_broadcast(campaign, now, occurrence="benchmark", audience=audience)
    seconds = perf_counter() - start
    if queued != customers:
        raise AssertionError(f"{queued} of {customers} were queued")
    return {
        "enqueue_per_second": queued / seconds,
        "enqueue_seconds": seconds,
        "enqueue_megabytes_more": (getrusage(RUSAGE_SELF).ru_maxrss - before) / 1024,
    }


_MANY_CUSTOMERS = """
INSERT INTO shop_customer
    (uuid, external_id, email, name, language, country, timezone, currency, attributes, created_at)
SELECT gen_random_uuid(), 'many' || n, 'many' || n || '@buyer.example', '', '', '', '', '', '{}', %s
FROM generate_series(1, %s) AS n
"""


def _make_customers(numbers: range, products: list[Product], now: datetime, random: Random) -> None:
    people = Customer.objects.bulk_create(
        Customer(
            external_id=f"c{n}", email=f"c{n}@buyer.example", name=f"Customer Number {n}", language="en",
            country="GB", created_at=now,
        )
        for n in numbers
    )  # fmt: skip
    ConsentEntry.objects.bulk_create(
        ConsentEntry(
            customer=person, state="granted", basis="explicit", source="benchmark",
            occurred_at=now - timedelta(days=1), recorded_at=now,
        )
        for person in people
    )  # fmt: skip
    placed_at = now - timedelta(days=60)
    orders = Order.objects.bulk_create(
        Order(customer=person, external_id=f"o{person.pk}", placed_at=placed_at, currency="GBP", total=30)
        for person in people
    )
    OrderLine.objects.bulk_create(
        OrderLine(order=order, product=products[n], quantity=1, unit_price=15)
        for order in orders
        for n in _draw_basket(random)
    )


def _make_products(now: datetime) -> list[Product]:
    """Names of two words, so that none is taken for another in a different colour."""
    lines, kinds = " ".join(_LINES).split(), " ".join(_KINDS).split()
    return Product.objects.bulk_create(
        Product(
            external_id=f"p{n}", title=f"{lines[n % LINE_SIZE]} {kinds[n // LINE_SIZE]}",
            product_type=f"type {n // LINE_SIZE}", price=10 + n % 30,
            currency="GBP", url=f"https://shop.example/p/{n}", image_url=f"https://shop.example/p/{n}.png",
            created_at=now,
        )
        for n in range(PRODUCTS)
    )  # fmt: skip


def _make_history(products: list[Product], now: datetime, random: Random) -> None:
    past = Order.objects.bulk_create(
        Order(external_id=f"past{n}", placed_at=now - timedelta(days=20), currency="GBP", total=30)
        for n in range(BASKETS)
    )
    OrderLine.objects.bulk_create(
        OrderLine(order=order, product=products[n], quantity=1, unit_price=10)
        for order in past
        for n in _draw_basket(random)
    )
