"""Pair counts against the slow and obvious way of counting."""

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommendations.baskets import GUEST, Baskets, arrange_baskets, read_baskets
from recommendations.pairs import WORK_A_BLOCK, SparsePairCounts, split_work
from shop.models import Product
from tests.recommendations.shops import NOW, make_customer, make_order, make_product

ORDERS = st.lists(st.lists(st.integers(0, 7), min_size=1, max_size=10), min_size=1, max_size=12)


def arrange(orders: list[list[int]], *, age: float = 0.0, products: int = 8) -> Baskets:
    lines = np.array(
        [(row, product) for row, order in enumerate(orders) for product in order], dtype=np.int64
    )
    ages, customers = np.full(len(orders), age), np.full(len(orders), GUEST)
    return arrange_baskets(
        lines[:, 0], lines[:, 1], ages, customers=customers, product_ids=np.arange(products)
    )


def count(baskets: Baskets, *, max_basket: int = 100, min_support: int = 1) -> dict[tuple[int, int], int]:
    pairs = SparsePairCounts(baskets, half_life_days=90, max_basket=max_basket)
    found = [
        ((a, b), int(orders))
        for block in pairs.blocks(min_support=min_support)
        for a, b, orders in zip(block.a.tolist(), block.b.tolist(), block.orders.tolist(), strict=True)
    ]
    assert len(dict(found)) == len(found)
    return dict(found)


@settings(max_examples=40, derandomize=True)
@given(orders=ORDERS)
def test_pair_counts_equal_counting_by_hand(orders: list[list[int]]) -> None:
    by_hand = Counter(pair for order in orders for pair in permutations(set(order), 2))
    assert count(arrange(orders)) == dict(by_hand)


@settings(max_examples=40, derandomize=True)
@given(orders=ORDERS, cap=st.integers(1, 5))
def test_a_long_order_counts_with_its_first_products_only(orders: list[list[int]], cap: int) -> None:
    capped = [list(dict.fromkeys(order))[:cap] for order in orders]
    assert count(arrange(orders), max_basket=cap) == count(arrange(capped))


@settings(max_examples=40, derandomize=True)
@given(orders=ORDERS)
def test_counts_of_single_products_equal_counting_by_hand(orders: list[list[int]]) -> None:
    items = SparsePairCounts(arrange(orders), half_life_days=90, max_basket=100).items
    by_hand = Counter(product for order in orders for product in set(order))
    assert items.orders.tolist() == [by_hand[product] for product in range(8)]
    assert items.order_count == len(orders)


def test_rare_pairs_are_left_out() -> None:
    orders = [[0, 1], [0, 1], [0, 2]]
    assert count(arrange(orders), min_support=2) == {(0, 1): 2, (1, 0): 2}


def test_blocks_cover_a_catalogue_larger_than_one_block() -> None:
    orders = [[0, 1500], [0, 1500], [700, 1500]]
    found = count(arrange(orders, products=1501))
    assert found == {(0, 1500): 2, (1500, 0): 2, (700, 1500): 1, (1500, 700): 1}


def test_an_order_of_a_half_life_ago_weighs_half_and_a_longer_one_less() -> None:
    weights = [
        next(
            SparsePairCounts(arrange([order], age=age), half_life_days=90, max_basket=9).blocks(min_support=1)
        )
        for order, age in (([0, 1], 0.0), ([0, 1], 90.0), ([0, 1, 2, 3, 4], 0.0))
    ]
    assert [float(block.weight[0]) for block in weights] == pytest.approx([1.0, 0.5, 0.5])


def test_recent_orders_are_counted_apart() -> None:
    old = SparsePairCounts(arrange([[0]], age=31), half_life_days=90, max_basket=9, recent_days=30)
    new = SparsePairCounts(arrange([[0]], age=30), half_life_days=90, max_basket=9, recent_days=30)
    assert (old.items.recent[0], new.items.recent[0]) == (0, 1)


@pytest.mark.django_db
def test_baskets_hold_guests_orders_and_leave_out_cancelled_hidden_future_and_ancient_ones() -> None:
    kept, hidden = make_product(), make_product(status=Product.Status.HIDDEN)
    customer = make_customer()
    make_order([kept, hidden], customer=customer, days_ago=3)
    make_order([kept], days_ago=5)
    make_order([kept], days_ago=5, cancelled_at=NOW)
    make_order([kept], days_ago=-1)
    make_order([kept], days_ago=800)
    make_order([hidden], days_ago=4)
    baskets = read_baskets(NOW, days=730)
    assert baskets.product_ids.tolist() == [kept.pk]
    assert baskets.customer.tolist() == [customer.pk, GUEST]
    assert baskets.age_days.tolist() == [3.0, 5.0]


@pytest.mark.django_db
def test_a_product_on_two_lines_of_an_order_counts_once() -> None:
    product = make_product()
    make_order([product, product])
    assert len(read_baskets(NOW, days=730).order) == 1


@settings(max_examples=40, derandomize=True)
@given(lines=st.lists(st.floats(0, 5e6), max_size=30))
def test_work_is_split_into_parts_that_hold_every_row_once(lines: list[float]) -> None:
    parts = split_work(np.array(lines))
    assert [row for part in parts for row in range(part.start, part.stop)] == list(range(len(lines)))
    assert all(sum(lines[part][1:]) <= WORK_A_BLOCK for part in parts)
