"""What a shop falls back on: which types go together, and what sells best of a type and in a country.

Summed up from the tables and the orders after a build, in a few statements, however the pairs were counted.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from django.db.models import Count, QuerySet

from recommendations.catalogue import shelf_of_country, shelf_of_type, type_of
from recommendations.models import Bestseller, Kind, Neighbour, TypeNeighbour
from shop.models import OrderLine, Product

KEPT = 10
RECENT_DAYS = 30
ROWS_A_BLOCK = 1000
LEAST_SOLD_IN_COUNTRY = 3  # fewer orders of a country than this are people, not a taste
LEAST_TYPE_SUPPORT = 5


def write_shelves(model_id: int, products: Iterable[Product], now: datetime) -> int:
    """Write the type and country shelves and the pairs of types of a model; the number of rows."""
    types = {product.pk: type_of(product) for product in products}
    shelves = [*_rank_types(types, now), *_rank_countries(types, now)]
    rows = [
        Bestseller(model_id=model_id, department=shelf, product_id=product, rank=rank, sold=sold)
        for shelf, product, rank, sold in shelves
    ]
    pairs = list(pair_types(model_id, types))
    Bestseller.objects.bulk_create(rows, batch_size=ROWS_A_BLOCK)
    TypeNeighbour.objects.bulk_create(pairs, batch_size=ROWS_A_BLOCK)
    return len(rows) + len(pairs)


def pair_types(model_id: int, types: Mapping[int, str]) -> Iterator[TypeNeighbour]:
    """For each type the ten others that most orders pair it with, by the pairs of their products."""
    found = Neighbour.objects.filter(model=model_id, kind=Kind.COMPLEMENT)
    support: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for product, neighbour, orders in found.values_list("product_id", "neighbour_id", "support").iterator():
        kind, other = types.get(product, ""), types.get(neighbour, "")
        if kind and other and kind != other:
            support[kind][other] += orders
    for kind, others in support.items():
        total = sum(others.values())
        best = sorted(others.items(), key=lambda entry: (-entry[1], entry[0]))[:KEPT]
        for other, orders in best:
            if orders >= LEAST_TYPE_SUPPORT:
                yield TypeNeighbour(
                    model_id=model_id,
                    product_type=kind[:255],
                    neighbour_type=other[:255],
                    score=orders / total,
                    support=orders,
                )


_Row = tuple[str, int, int, int]


def _rank_types(types: Mapping[int, str], now: datetime) -> Iterator[_Row]:
    sold = _recent_lines(now).values("product_id").annotate(orders=Count("order_id", distinct=True))
    rows = sold.values_list("product_id", "orders").order_by("-orders", "product_id")
    return _rank((shelf_of_type(kind), key, orders) for key, orders in rows if (kind := types.get(key)))


def _rank_countries(types: Mapping[int, str], now: datetime) -> Iterator[_Row]:
    lines = _recent_lines(now).exclude(order__customer=None).exclude(order__customer__country="")
    sold = lines.values("order__customer__country", "product_id").annotate(
        orders=Count("order_id", distinct=True)
    )
    rows = sold.values_list("order__customer__country", "product_id", "orders")
    return _rank(
        (shelf_of_country(country), key, orders)
        for country, key, orders in rows.order_by("-orders", "product_id")
        if orders >= LEAST_SOLD_IN_COUNTRY and key in types
    )


def _recent_lines(now: datetime) -> "QuerySet[OrderLine]":
    since = now - timedelta(days=RECENT_DAYS)
    return OrderLine.objects.filter(
        order__placed_at__gt=since, order__placed_at__lte=now, order__cancelled_at=None
    )


def _rank(rows: Iterable[tuple[str, int, int]]) -> Iterator[_Row]:
    """The first ten of each shelf, from rows that come best first."""
    taken: dict[str, int] = defaultdict(int)
    for shelf, product, sold in rows:
        if taken[shelf] < KEPT:
            yield shelf, product, taken[shelf], sold
            taken[shelf] += 1
