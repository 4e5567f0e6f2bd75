"""A better one: same type, dearer within the band, same line, nothing that clashes."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommendations.baskets import GUEST, Baskets, arrange_baskets
from recommendations.upgrades import KEPT, CatalogueItem, Upgrade, find_upgrades, read_ownership


def item(key: int, title: str, price: float, **fields: Any) -> CatalogueItem:
    fields = {"group": "phone", "currency": "GBP", "attributes": {}} | fields
    return CatalogueItem(product_id=key, title=title, price=price, **fields)


def sell(*orders: tuple[int, list[int]]) -> Baskets:
    """Orders of today as (customer, products); products are keyed 0 to 19."""
    lines = [(row, product) for row, (_, products) in enumerate(orders) for product in products]
    columns = np.array(lines, dtype=np.int64).reshape(-1, 2)
    return arrange_baskets(
        columns[:, 0],
        columns[:, 1],
        np.zeros(len(orders)),
        customers=np.array([customer for customer, _ in orders], dtype=np.int64),
        product_ids=np.arange(20),
    )


def find(*items: CatalogueItem, sold: Baskets | None = None) -> list[Upgrade]:
    return list(find_upgrades(items, read_ownership(sold or sell())))


def pairs(*items: CatalogueItem) -> set[tuple[int, int]]:
    return {(upgrade.product_id, upgrade.upgrade_id) for upgrade in find(*items)}


PHONE = item(1, "Nova Phone 15 128 GB", 600)
NAMES = (
    "aster", "birch", "cedar", "dahlia", "elm", "fern", "gorse", "hazel", "iris", "juniper", "kale", "larch"
)  # fmt: skip
LAPTOP = item(5, "Aurora Laptop 14 8 GB", 900, group="laptop")


def test_the_larger_phone_of_the_line_is_the_better_one() -> None:
    assert pairs(PHONE, item(2, "Nova Phone 15 256 GB", 700)) == {(1, 2)}


def test_the_laptop_with_more_memory_is_the_better_one() -> None:
    assert pairs(LAPTOP, item(6, "Aurora Laptop 14 16 GB", 1200, group="laptop")) == {(5, 6)}


@pytest.mark.parametrize(
    "other",
    [
        item(2, "Nova Phone 15 256 GB", 650),  # 1.08 times: hardly better
        item(2, "Nova Phone 15 256 GB", 1201),  # more than twice
        item(2, "Nova Phone 15 256 GB", 500),  # cheaper
        item(2, "Nova Phone 15 256 GB", 700, currency="EUR"),
        item(2, "Nova Phone 15 256 GB", 700, group="tablet"),
        item(2, "Nova Phone 15 64 GB", 700),
        item(2, "Nova Phone 14 256 GB", 700),
        item(2, "Kestrel Fold Ultra", 700),  # no word in common: just another phone
        item(2, "Nova Phone 15 128 GB", 700),  # the same title twice is a mistake of the catalogue
        item(2, "Nova Phone 15 128 GB Blue", 700),  # a colour is no better than another
    ],
    ids=lambda other: f"{other.title} {other.price} {other.currency} {other.group}",
)
def test_nothing_else_is(other: CatalogueItem) -> None:
    assert pairs(PHONE, other) == set()


def test_both_ends_of_the_price_band_count() -> None:
    line = (item(1, "Nova Phone", 10), item(2, "Nova Phone Plus", 11), item(3, "Nova Phone Pro", 20))
    assert pairs(*line) == {(1, 2), (1, 3)}


def test_another_ecosystem_or_maker_is_no_better_one() -> None:
    apple = item(1, "Phone Pro", 600, attributes={"ecosystem": "ios"})
    android = item(2, "Phone Pro Plus", 700, attributes={"ecosystem": "android"})
    assert pairs(apple, android) == set()


def test_products_without_a_type_or_a_price_have_no_better_one() -> None:
    assert pairs(item(1, "Nova Phone", 10, group=""), item(2, "Nova Phone Plus", 12, group="")) == set()
    assert pairs(item(1, "Nova Phone", 0), item(2, "Nova Phone Plus", 0)) == set()


def test_what_owners_came_to_own_ranks_first() -> None:
    items = [item(1, "Nova Phone", 600), item(2, "Nova Phone Plus", 700), item(3, "Nova Phone Mega", 700)]
    sold = sell((7, [1]), (7, [3]), (8, [1]), (8, [3]), (GUEST, [2]))
    best = find(*items, sold=sold)[0]
    assert (best.upgrade_id, best.owners) == (3, 2)


def test_guests_own_nothing_together() -> None:
    items = [item(1, "Nova Phone", 600), item(2, "Nova Phone Plus", 700)]
    assert [upgrade.owners for upgrade in find(*items, sold=sell((GUEST, [1]), (GUEST, [2])))] == [0]


def test_a_product_that_nobody_bought_yet_can_be_the_better_one() -> None:
    items = [item(1, "Nova Phone", 600), item(900, "Nova Phone Plus", 700)]
    assert [upgrade.upgrade_id for upgrade in find(*items, sold=sell((7, [1])))] == [900]


def test_at_most_ten_are_kept() -> None:
    line = [item(key, f"Nova Phone Edition {name}", 100 + key) for key, name in enumerate(NAMES)]
    assert len(find(item(99, "Nova Phone Edition", 80), *line)) >= KEPT
    assert (
        sum(upgrade.product_id == 99 for upgrade in find(item(99, "Nova Phone Edition", 80), *line)) == KEPT
    )


@settings(max_examples=30, derandomize=True)
@given(prices=st.lists(st.decimals(Decimal("0.5"), 50, places=2), min_size=2, max_size=12))
def test_an_upgrade_always_costs_more_so_there_is_no_way_back(prices: list[Decimal]) -> None:
    items = [item(key, f"Nova Phone {NAMES[key]}", float(price)) for key, price in enumerate(prices)]
    for upgrade in find(*items):
        assert prices[upgrade.upgrade_id] / prices[upgrade.product_id] + Decimal("1e-6") >= 1.1
        assert prices[upgrade.upgrade_id] <= 2 * prices[upgrade.product_id]
        assert 0 <= upgrade.score <= 1
