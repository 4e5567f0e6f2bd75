"""The orders as arrays: which order held which product, when, and who bought it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from shop.models import Order, OrderLine, Product

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

GUEST = -1
MAX_BASKET = 100  # an order counts with its first hundred products


@dataclass(frozen=True)
class Baskets:
    """One entry a line in `order` and `product` (positions), one an order in `age_days` and `customer`.

    A product appears at most once in an order. `product_ids[position]` is the product's primary key.
    """

    order: Ints
    product: Ints
    age_days: Floats
    customer: Ints
    product_ids: Ints

    @property
    def order_count(self) -> int:
        return len(self.age_days)

    @property
    def product_count(self) -> int:
        return len(self.product_ids)


def read_baskets(now: datetime, *, days: int) -> Baskets:
    """Orders of the last `days` that were not cancelled, guests' too, without hidden and retired products."""
    lines = OrderLine.objects.filter(
        order__placed_at__gt=now - timedelta(days=days),
        order__placed_at__lte=now,
        order__cancelled_at=None,
        product__status=Product.Status.ACTIVE,
    )
    rows = lines.order_by("pk").values_list("order_id", "product_id").iterator(chunk_size=10_000)
    pairs: Ints = np.fromiter(chain.from_iterable(rows), dtype=np.int64).reshape(-1, 2)
    order_ids, order = np.unique(pairs[:, 0], return_inverse=True)
    product_ids, product = np.unique(pairs[:, 1], return_inverse=True)
    ages, customers = _read_order_facts(order_ids, now, days=days)
    return arrange_baskets(order, product, ages, customers=customers, product_ids=product_ids)


def arrange_baskets(
    order: Ints, product: Ints, ages: Floats, *, customers: Ints, product_ids: Ints
) -> Baskets:
    """Baskets from lines in any order, with a product that an order names twice kept once."""
    width = max(len(product_ids), 1)
    _, first = np.unique(order.astype(np.int64) * width + product, return_index=True)
    kept = np.sort(first)
    return Baskets(order[kept], product[kept], ages, customers, product_ids)


def cap_baskets(baskets: Baskets, *, most: int) -> Baskets:
    """The first `most` lines of every order, in the order's own sequence."""
    sizes = np.bincount(baskets.order, minlength=baskets.order_count)
    if sizes.max(initial=0) <= most:
        return baskets
    sequence = np.argsort(baskets.order, kind="stable")
    starts = np.cumsum(sizes) - sizes
    kept = np.ones(len(sequence), dtype=np.bool_)
    kept[sequence[np.arange(len(sequence)) - np.repeat(starts, sizes) >= most]] = False
    return Baskets(
        baskets.order[kept], baskets.product[kept], baskets.age_days, baskets.customer, baskets.product_ids
    )


def _read_order_facts(order_ids: Ints, now: datetime, *, days: int) -> tuple[Floats, Ints]:
    """Age in days and customer of each of the (sorted) orders."""
    ages, customers = np.zeros(len(order_ids)), np.full(len(order_ids), GUEST, dtype=np.int64)
    orders = Order.objects.filter(
        placed_at__gt=now - timedelta(days=days), placed_at__lte=now, cancelled_at=None
    ).values_list("pk", "placed_at", "customer_id")
    positions = {pk: position for position, pk in enumerate(order_ids.tolist())}
    for pk, placed_at, customer_id in orders.iterator(chunk_size=10_000):
        position = positions.get(pk)
        if position is not None:  # an order of nothing but retired products has no lines here
            ages[position] = (now - placed_at) / timedelta(days=1)
            customers[position] = customer_id or GUEST
    return ages, customers
