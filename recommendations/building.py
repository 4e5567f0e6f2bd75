"""Builds the tables that emails read, beside the ones in use, and swaps them in one transaction."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any, TypeVar

import numpy as np
from django.db import models, transaction

from recommendations.baskets import Baskets, read_baskets
from recommendations.bestsellers import rank_bestsellers
from recommendations.catalogue import department_of, own_price, type_of
from recommendations.models import Bestseller, Kind, Neighbour, NeighbourModel
from recommendations.pairs import SparsePairCounts
from recommendations.policy import Policy, read_policy
from recommendations.ranking import Ranked, rank_neighbours
from recommendations.upgrades import CatalogueItem, find_upgrades, read_ownership
from shop.models import Product

ROWS_AN_INSERT = 5_000
COLLECTED_SHARE = 0.2
COLLECTED_ORDERS = 20
ABANDONED_AFTER = timedelta(days=1)

Row = TypeVar("Row", bound=models.Model)
Progress = Callable[[str], None]


def rebuild_neighbours(now: datetime, *, report: Progress = lambda _: None) -> NeighbourModel:
    """Count, score and write a new model from the orders placed up to `now`, then make it the active one.

    Readers see the old tables until the swap and the new ones after it, never a half. A build that dies
    leaves the old ones in use. The tables of the last three models are kept; `notes` says what this one was
    built from.
    """
    policy = read_policy()
    baskets = read_baskets(now, days=policy.history_days)
    report(f"Read {baskets.order_count} orders with {len(baskets.order)} lines.")
    model = NeighbourModel.objects.create(built_at=now, order_count=baskets.order_count)
    model.notes = _write_tables(model, baskets, policy, report=report)
    _activate(model)
    _forget_old(now, keep=policy.models_kept)
    report(f"Model {model.pk} is in use.")
    return model


def _write_tables(
    model: NeighbourModel, baskets: Baskets, policy: Policy, *, report: Progress
) -> dict[str, Any]:
    products = list(Product.objects.filter(status=Product.Status.ACTIVE).order_by("pk"))
    pairs = SparsePairCounts(
        baskets,
        half_life_days=policy.half_life_days,
        max_basket=policy.max_basket,
        recent_days=policy.recent_days,
    )
    floor = policy.support_floor(baskets.order_count)
    ranked = rank_neighbours(pairs, support_floor=floor, kept=policy.neighbours_kept)
    keys = baskets.product_ids
    complements = _insert(chain.from_iterable(_complement_rows(model, part, keys=keys) for part in ranked))
    report(f"Wrote {complements} complements.")
    upgrades = _insert(_upgrade_rows(model, products, baskets, policy=policy))
    report(f"Wrote {upgrades} upgrades.")
    bestsellers = _insert(_bestseller_rows(model, products, pairs, keys=keys))
    return {
        "scorer": "asymmetric_cosine",
        "settings": {
            "half_life_days": policy.half_life_days,
            "max_basket": policy.max_basket,
            "history_days": policy.history_days,
            "support_floor": floor,
            "price_band": list(policy.price_band),
        },
        "counts": {
            "orders": baskets.order_count,
            "lines": len(baskets.order),
            "products": len(products),
            "complements": complements,
            "upgrades": upgrades,
            "bestsellers": bestsellers,
        },
        "support_floor": floor,
        "collected_types": find_collected_types(baskets, {p.pk: type_of(p) for p in products}),
    }


def find_collected_types(baskets: Baskets, types: dict[int, str]) -> list[str]:
    """Types of which customers take several different ones in one order: cups yes, phones no.

    A type counts when at least a fifth of the orders that hold it (and at least twenty) hold two or more.
    Of other types one product is never offered as the complement of another.
    """
    names = sorted({name for name in types.values() if name})
    number = {name: position for position, name in enumerate(names)}
    of_product = [number.get(types.get(key, ""), -1) for key in baskets.product_ids.tolist()]
    line_types = np.array(of_product, dtype=np.int64)[baskets.product]
    typed = line_types >= 0
    keys, sizes = np.unique(baskets.order[typed] * max(len(names), 1) + line_types[typed], return_counts=True)
    of_type = keys % max(len(names), 1)
    orders = np.bincount(of_type, minlength=len(names))
    several = np.bincount(of_type[sizes > 1], minlength=len(names))
    collected = (orders >= COLLECTED_ORDERS) & (several >= COLLECTED_SHARE * orders)
    return [names[position] for position in np.flatnonzero(collected).tolist()]


def _activate(model: NeighbourModel) -> None:
    with transaction.atomic():
        # Locked first, so that of two builds that end together the later waits and then sees the earlier.
        list(NeighbourModel.objects.select_for_update().order_by("pk").values_list("pk", flat=True))
        NeighbourModel.objects.filter(is_active=True).update(is_active=False)
        model.is_active, model.is_complete = True, True
        model.save(update_fields=["is_active", "is_complete", "notes"])


def _forget_old(now: datetime, *, keep: int) -> None:
    """Old models lose their tables and keep their row: the record of what an email was chosen by."""
    complete = NeighbourModel.objects.filter(is_complete=True).order_by("-pk").values_list("pk", flat=True)
    old = list(complete[keep:])
    for table in (Neighbour, Bestseller):
        table._default_manager.filter(model__in=old).delete()
    NeighbourModel.objects.filter(is_complete=False, built_at__lt=now - ABANDONED_AFTER).delete()


def _complement_rows(model: NeighbourModel, ranked: Ranked, *, keys: Any) -> Iterator[Neighbour]:
    columns = (keys[ranked.product], keys[ranked.neighbour], ranked.rank, ranked.score, ranked.support)
    for product, neighbour, rank, score, support in zip(*(c.tolist() for c in columns), strict=True):
        yield Neighbour(
            model=model,
            kind=Kind.COMPLEMENT,
            product_id=product,
            neighbour_id=neighbour,
            rank=rank,
            score=score,
            support=support,
        )


def _upgrade_rows(
    model: NeighbourModel, products: list[Product], baskets: Baskets, *, policy: Policy
) -> Iterator[Neighbour]:
    ownership = read_ownership(baskets, recent_days=policy.recent_days)
    items = [item for product in products if (item := _catalogue_item(product))]
    rank, last = 0, None
    for upgrade in find_upgrades(items, ownership, price_band=policy.price_band):
        rank = rank + 1 if upgrade.product_id == last else 0
        last = upgrade.product_id
        yield Neighbour(
            model=model,
            kind=Kind.UPGRADE,
            product_id=upgrade.product_id,
            neighbour_id=upgrade.upgrade_id,
            rank=rank,
            score=upgrade.score,
            support=upgrade.owners,
        )


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


def _bestseller_rows(
    model: NeighbourModel, products: list[Product], pairs: SparsePairCounts, *, keys: Any
) -> Iterator[Bestseller]:
    by_key = {product.pk: department_of(product.category) for product in products}
    departments = {position: by_key.get(key, "") for position, key in enumerate(keys.tolist())}
    for row in rank_bestsellers(pairs.items, departments):
        yield Bestseller(
            model=model,
            department=row.department,
            product_id=int(keys[row.position]),
            rank=row.rank,
            sold=row.sold,
        )


def _insert(rows: Iterable[Row]) -> int:
    """Write rows in blocks, each its own short transaction so that others can write in between."""
    written, remaining = 0, iter(rows)
    while block := list(islice(remaining, ROWS_AN_INSERT)):
        type(block[0])._default_manager.bulk_create(block)
        written += len(block)
    return written
