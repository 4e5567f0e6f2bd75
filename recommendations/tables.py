"""The rows of a model, and a fast way to write 150,000 of them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
from django.db import connection, models, transaction

from recommendations.baskets import Baskets, Ints
from recommendations.bestsellers import rank_bestsellers
from recommendations.catalogue import department_of, own_price, type_of
from recommendations.learning import Table
from recommendations.models import Bestseller, Kind, Neighbour, RecentSales, SlotChoice
from recommendations.pairs import ItemCounts
from recommendations.policy import Policy
from recommendations.selection import Choice
from recommendations.trade_ups import Goods
from recommendations.upgrades import CatalogueItem, UpgradeWeights, find_upgrades, read_ownership
from shop.models import Product

ROWS_A_BLOCK = 5_000
Row: TypeAlias = tuple[int | float | str, ...]


def write_neighbours(model_id: int, table: Table, keys: Ints, *, kind: str) -> int:
    """Write a table of neighbours; the number of rows. `keys` are the products by position."""
    columns = (keys[table.product], keys[table.neighbour], table.rank, table.score, table.support)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return _insert(Neighbour, _NEIGHBOUR_COLUMNS, ((model_id, kind, *row) for row in rows))


def write_upgrades(
    model_id: int, products: Sequence[Product], baskets: Baskets, *, policy: Policy, weights: UpgradeWeights
) -> int:
    """Write each product's better ones; the number of rows."""
    rows = _upgrade_rows(model_id, products, baskets, policy=policy, weights=weights)
    return _insert(Neighbour, _NEIGHBOUR_COLUMNS, rows)


def write_choices(model_id: int, choices: Iterable[Choice]) -> None:
    """Write which scorer each slot uses, and why."""
    SlotChoice.objects.bulk_create(SlotChoice(model_id=model_id, **choice.describe()) for choice in choices)


def describe_goods(products: Iterable[Product], keys: Ints) -> Goods:
    """Names, types and prices of the products by their position; unknown where a product is not for sale."""
    known = {product.pk: product for product in products}
    rows = [known.get(key) for key in keys.tolist()]
    return Goods(
        names=[product.title if product else "" for product in rows],
        types=[type_of(product) if product else "" for product in rows],
        price=np.array([float(product.price or 0) if product else 0.0 for product in rows]),
    )


def write_bestsellers(model_id: int, products: Sequence[Product], items: ItemCounts, *, keys: Ints) -> int:
    """Write what sold best, by department and in the whole shop; the number of rows."""
    department_by_key = {product.pk: department_of(product.category) for product in products}
    departments = {position: department_by_key.get(key, "") for position, key in enumerate(keys.tolist())}
    rows = (
        (model_id, row.department, int(keys[row.position]), row.rank, row.sold)
        for row in rank_bestsellers(items, departments)
    )
    return _insert(Bestseller, ("model_id", "department", "product_id", "rank", "sold"), rows)


def write_recent_sales(model_id: int, items: ItemCounts, *, keys: Ints) -> int:
    """Write in how many late orders each product was; the number of rows."""
    sold = np.flatnonzero(items.recent > 0)
    rows = zip(keys[sold].tolist(), items.recent[sold].astype(int).tolist(), strict=True)
    columns = ("model_id", "product_id", "orders")
    return _insert(RecentSales, columns, ((model_id, key, orders) for key, orders in rows))


_NEIGHBOUR_COLUMNS = ("model_id", "kind", "product_id", "neighbour_id", "rank", "score", "support")


def _upgrade_rows(
    model_id: int, products: Sequence[Product], baskets: Baskets, *, policy: Policy, weights: UpgradeWeights
) -> Iterator[Row]:
    ownership = read_ownership(baskets, recent_days=policy.recent_days)
    items = [item for product in products if (item := _catalogue_item(product))]
    rank, last = 0, 0
    for upgrade in find_upgrades(items, ownership, price_band=policy.price_band, weights=weights):
        rank = rank + 1 if upgrade.product_id == last else 0
        last = upgrade.product_id
        kind = Kind.UPGRADE.value
        yield (
            model_id, kind, upgrade.product_id, upgrade.upgrade_id, rank, upgrade.score, upgrade.owners
        )  # fmt: skip


def _catalogue_item(product: Product) -> CatalogueItem | None:
    price = own_price(product)
    if price is None:
        return None
    return CatalogueItem(
        product_id=product.pk,
        title=product.title,
        group=type_of(product),
        price=float(price.amount),
        currency=price.currency,
        attributes=product.attributes,
    )


def _insert(table: type[models.Model], columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Write in blocks, each its own short transaction so that others can write in between.

    One prepared statement: bulk_create spent 18 of a rebuild's 22 seconds on making objects.
    """
    quote: Any = connection.ops.quote_name
    names, marks = ", ".join(map(quote, columns)), ", ".join(["%s"] * len(columns))
    statement = f"INSERT INTO {quote(table._meta.db_table)} ({names}) VALUES ({marks})"  # noqa: S608 our names
    written, remaining = 0, iter(rows)
    while block := list(islice(remaining, ROWS_A_BLOCK)):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(statement, block)
        written += len(block)
    return written
