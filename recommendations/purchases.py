"""What the customers of a batch bought, line by line, in arrays."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import FloatField, Q
from django.db.models.functions import Cast

from recommendations.baskets import Floats, Ints
from shop.models import Order, OrderLine

_LINE = np.dtype([("order", np.int64), ("product", np.int64), ("paid", np.float64)])
BLOCK = 10_000


class PlacedOrder(NamedTuple):
    """The head of an order."""

    customer_id: int
    placed_at: datetime
    currency: str


class _AsFloat(Cast):
    """The databases answer with a float: nothing is left to convert, line by line."""

    def __init__(self, name: str) -> None:
        super().__init__(name, FloatField())

    def get_db_converters(self, _connection: BaseDatabaseWrapper) -> list[Callable[..., Any]]:
        return []


@dataclass(frozen=True)
class Purchases:
    """`order` holds the place of each line's order among `orders`; `paid` is the price of one piece."""

    orders: Sequence[PlacedOrder]
    order: Ints
    product: Ints
    paid: Floats


def read_purchases(
    customers: Collection[int], now: datetime, *, since: datetime, remembered: Collection[int], past: datetime
) -> Purchases:
    """The lines of orders after `since`, of `remembered` customers after `past`, without cancelled orders.

    Two queries. A date is read once for each order and not for each of its lines, which is most of the cost
    of reading them.
    """
    window = Q(placed_at__gt=since) | Q(placed_at__gt=past, customer__in=remembered)
    kept = Order.objects.filter(
        window, customer__in=customers, placed_at__lte=now, cancelled_at=None
    ).order_by("pk")
    heads = list(kept.values_list("pk", "customer_id", "placed_at", "currency"))
    lines = OrderLine.objects.filter(order__in=kept.order_by().values("pk"))
    paid = _AsFloat("unit_price")  # a median needs no exact money
    columns = lines.annotate(paid=paid).values_list("order_id", "product_id", "paid")
    rows = columns.iterator(chunk_size=BLOCK) if heads else ()
    found = np.fromiter(rows, dtype=_LINE)
    keys = np.array([head[0] for head in heads], dtype=np.int64)
    is_known = np.isin(found["order"], keys)  # an order may come in between the two queries
    found = found[is_known]
    return Purchases(
        orders=[PlacedOrder(*head[1:]) for head in heads],
        order=np.searchsorted(keys, found["order"]),
        product=found["product"],
        paid=found["paid"],
    )
