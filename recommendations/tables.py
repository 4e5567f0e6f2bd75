"""The rows of a model, and a fast way to write 150,000 of them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeAlias

from django.db import connection, models, transaction

from recommendations.baskets import Baskets, Ints
from recommendations.bestsellers import rank_bestsellers
from recommendations.catalogue import department_of, own_price, type_of
from recommendations.models import Bestseller, Kind, Neighbour
from recommendations.pairs import PairCounts
from recommendations.policy import Policy
from recommendations.ranking import rank_neighbours
from recommendations.upgrades import CatalogueItem, find_upgrades, read_ownership
from shop.models import Product

ROWS_A_BLOCK = 5_000
Row: TypeAlias = tuple[int | float | str, ...]


def write_complements(
    model_id: int, pairs: PairCounts, keys: Ints, *, policy: Policy, support_floor: int
) -> int:
    """Write each product's best neighbours; the number of rows. `keys` are the products by position."""
    ranked = rank_neighbours(pairs, support_floor=support_floor, kept=policy.neighbours_kept)
    columns = (
        (keys[part.product], keys[part.neighbour], part.rank, part.score, part.support) for part in ranked
    )
    rows = (
        (model_id, Kind.COMPLEMENT.value, *row)
        for part in columns
        for row in zip(*(column.tolist() for column in part), strict=True)
    )
    return _insert(Neighbour, _NEIGHBOUR_COLUMNS, rows)


def write_upgrades(model_id: int, products: Sequence[Product], baskets: Baskets, *, policy: Policy) -> int:
    """Write each product's better ones; the number of rows."""
    return _insert(Neighbour, _NEIGHBOUR_COLUMNS, _upgrade_rows(model_id, products, baskets, policy=policy))


def write_bestsellers(model_id: int, products: Sequence[Product], pairs: PairCounts, *, keys: Ints) -> int:
    """Write what sold best, by department and in the whole shop; the number of rows."""
    department_by_key = {product.pk: department_of(product.category) for product in products}
    departments = {position: department_by_key.get(key, "") for position, key in enumerate(keys.tolist())}
    rows = (
        (model_id, row.department, int(keys[row.position]), row.rank, row.sold)
        for row in rank_bestsellers(pairs.items, departments)
    )
    return _insert(Bestseller, ("model_id", "department", "product_id", "rank", "sold"), rows)


_NEIGHBOUR_COLUMNS = ("model_id", "kind", "product_id", "neighbour_id", "rank", "score", "support")


def _upgrade_rows(
    model_id: int, products: Sequence[Product], baskets: Baskets, *, policy: Policy
) -> Iterator[Row]:
    ownership = read_ownership(baskets, recent_days=policy.recent_days)
    items = [item for product in products if (item := _catalogue_item(product))]
    rank, last = 0, 0
    for upgrade in find_upgrades(items, ownership, price_band=policy.price_band):
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
