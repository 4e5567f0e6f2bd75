"""Counts kept by day: however orders come, change and go, they equal counts made from nothing."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recommendations.baskets import read_baskets
from recommendations.learning import count_pairs
from recommendations.models import PairPartition
from recommendations.pairs import PairCounts
from recommendations.partitions import KeptPairCounts, refresh_partitions
from shop.models import Order, OrderLine, Product
from tests.recommendations.shops import NOW, make_order, make_product

pytestmark = pytest.mark.django_db

Found = dict[tuple[int, int], tuple[float, float]]


def refresh() -> int:
    return refresh_partitions(NOW, days=730, max_basket=100)


def kept() -> KeptPairCounts:
    keys = read_baskets(NOW, days=730).product_ids
    return KeptPairCounts(NOW, keys, half_life_days=90.0, recent_days=30)


def pairs_of(counts: PairCounts) -> Found:
    found: Found = {}
    for block in counts.blocks(min_support=1):
        columns = (block.a, block.b, block.orders, block.weight)
        for a, b, orders, weight in zip(*(column.tolist() for column in columns), strict=True):
            found[a, b] = (orders, weight)
    return found


def cells() -> list[tuple[Any, ...]]:
    return [
        (row.day, row.fingerprint, row.order_count, bytes(row.cells))
        for row in PairPartition.objects.order_by("day")
    ]


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("order"), st.integers(0, 40), st.sets(st.integers(0, 5), min_size=1)),
        st.tuples(st.just("cancel"), st.integers(0, 9)),
        st.tuples(st.just("lose a line"), st.integers(0, 30)),
        st.tuples(st.just("move"), st.integers(0, 9), st.integers(0, 40)),
        st.tuples(st.just("refresh")),
    ),
    max_size=25,
)


def act(action: tuple[Any, ...], products: list[Product]) -> None:
    orders = list(Order.objects.order_by("pk"))
    if action[0] == "order":
        make_order([products[number] for number in sorted(action[2])], days_ago=action[1] + 0.25)
    elif action[0] == "cancel" and orders:
        Order.objects.filter(pk=orders[action[1] % len(orders)].pk).update(cancelled_at=NOW)
    elif action[0] == "lose a line" and (lines := list(OrderLine.objects.order_by("pk"))):
        lines[action[1] % len(lines)].delete()
    elif action[0] == "move" and orders:
        moved = Order.objects.filter(pk=orders[action[1] % len(orders)].pk)
        moved.update(placed_at=NOW - timedelta(days=action[2] + 0.5))
    elif action[0] == "refresh":
        refresh()


@settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(actions=ACTIONS)
def test_kept_counts_equal_counts_from_nothing_to_the_last_one(actions: list[tuple[Any, ...]]) -> None:
    Order.objects.all().delete()
    PairPartition.objects.all().delete()
    products = [make_product() for _ in range(6)]
    for action in actions:
        act(action, products)
    refresh()
    grown, grown_pairs, items = cells(), pairs_of(kept()), kept().items
    PairPartition.objects.all().delete()
    refresh()
    assert cells() == grown
    assert pairs_of(kept()) == grown_pairs
    in_memory = count_pairs(read_baskets(NOW, days=730))
    by_orders = {pair: orders for pair, (orders, _weight) in pairs_of(in_memory).items()}
    assert {pair: orders for pair, (orders, _weight) in grown_pairs.items()} == by_orders
    assert items.orders.tolist() == in_memory.items.orders.tolist()


def test_weights_agree_with_those_counted_in_memory() -> None:
    products = [make_product() for _ in range(5)]
    for number in range(20):
        make_order(products[number % 3 : number % 3 + 3], days_ago=number * 3)
    refresh()
    mine, memory = pairs_of(kept()), pairs_of(count_pairs(read_baskets(NOW, days=730)))
    assert set(mine) == set(memory)
    both = np.array([[mine[pair][1], memory[pair][1]] for pair in mine])
    assert np.abs(both[:, 0] / both[:, 1] - 1.0).max() < 0.01  # kept by whole days


def test_only_days_that_changed_are_counted_again() -> None:
    products = [make_product() for _ in range(3)]
    orders = [make_order(products, days_ago=days) for days in (1, 2, 3)]
    assert refresh() == 3
    assert refresh() == 0
    make_order(products[:2], days_ago=2)  # late
    Order.objects.filter(pk=orders[2].pk).update(cancelled_at=NOW)
    assert refresh() == 1
    assert PairPartition.objects.count() == 2


def test_a_product_that_is_no_longer_for_sale_leaves_the_counts_alone_but_is_not_named() -> None:
    kept_one, hidden, other = (make_product() for _ in range(3))
    make_order([kept_one, hidden, other])
    refresh()
    Product.objects.filter(pk=hidden.pk).update(status=Product.Status.HIDDEN)
    assert refresh() == 0
    assert len(pairs_of(kept())) == 2
