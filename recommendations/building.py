"""Builds the tables that emails read, beside the ones in use, and swaps them in one transaction."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction

from recommendations.baskets import Baskets, Ints, read_baskets
from recommendations.catalogue import type_of
from recommendations.learning import Learnt, learn, make_tables
from recommendations.models import (
    Bestseller,
    Kind,
    Neighbour,
    NeighbourModel,
    RecentSales,
    Slot,
    TypeNeighbour,
)
from recommendations.partitions import count_pairs_kept
from recommendations.policy import Policy, read_policy
from recommendations.scorers import Blend
from recommendations.selection import Choice, choose_scorers, choose_upgrades
from recommendations.shelves import write_shelves
from recommendations.shortlists import MIN_SUPPORT
from recommendations.tables import (
    describe_goods,
    write_bestsellers,
    write_choices,
    write_neighbours,
    write_recent_sales,
    write_upgrades,
)
from recommendations.trade_ups import WEIGHTS
from shop.models import Order, Product

COLLECTED_SHARE = 0.3
COLLECTED_ORDERS = 20
ABANDONED_AFTER = timedelta(days=1)

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
    choices = choose_scorers(baskets)
    report("Chose the scorers on the last month.")
    floor, keys = policy.support_floor(baskets.order_count), baskets.product_ids
    pairs = count_pairs_kept(model.built_at, baskets, policy)
    with_ease = any(choice.table_blend.ease for choice in choices.values())
    learnt = learn(pairs, baskets, min_support=min(MIN_SUPPORT, floor), with_ease=with_ease)
    counts = {"orders": baskets.order_count, "lines": len(baskets.order), "products": len(products)}
    counts |= _write_slots(model, learnt, choices, keys=keys, policy=policy)
    report(f"Wrote {counts['complements']} complements.")
    upgrade = choose_upgrades(baskets, describe_goods(products, keys))
    weights = WEIGHTS[upgrade.weights]
    counts["upgrades"] = write_upgrades(model.pk, products, baskets, policy=policy, weights=weights)
    report(f"Wrote {counts['upgrades']} upgrades.")
    counts["bestsellers"] = write_bestsellers(model.pk, products, learnt.shortlist.items, keys=keys)
    counts["recent_sales"] = write_recent_sales(model.pk, learnt.shortlist.items, keys=keys)
    counts["shelves"] = write_shelves(model.pk, products, model.built_at)
    write_choices(model.pk, [*choices.values(), upgrade])
    return {
        "scorer": choices["basket"].table_blend.name,
        "settings": asdict(policy),
        "support_floor": floor,
        "counts": counts,
        "collected_types": find_collected_types(baskets, {p.pk: type_of(p) for p in products}),
    }


def _write_slots(
    model: NeighbourModel, learnt: Learnt, choices: Mapping[str, Choice], *, keys: Ints, policy: Policy
) -> dict[str, int]:
    """The table of complements, and one more for each slot that chose another scorer."""
    floor, kept = policy.support_floor(model.order_count), policy.neighbours_kept
    basket = choices["basket"].table_blend
    blend_of: dict[Slot, Blend] = {
        slot: choices[slot].table_blend
        for slot in (Slot.SINGLE, Slot.NEXT_NEW, Slot.REPEAT)
        if choices[slot].table_blend != basket and choices[slot].reads_neighbours
    }
    counts: dict[str, int] = {}
    blends = (basket, *blend_of.values())
    for blend, table in make_tables(learnt, blends, support_floor=floor, kept=kept):
        if blend == basket:
            counts["complements"] = write_neighbours(model.pk, table, keys, kind=Kind.COMPLEMENT)
        for slot in (slot for slot, asked in blend_of.items() if asked == blend):
            counts[slot.value] = write_neighbours(model.pk, table, keys, kind=slot)
    return counts


def find_collected_types(baskets: Baskets, types: dict[int, str]) -> list[str]:
    """Types of which customers take several different ones in one order: cups yes, phones no.

    A type counts when three in ten of the orders that hold it (and twenty at least) hold two or more.
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
    for table in (Neighbour, Bestseller, TypeNeighbour, RecentSales):
        table._default_manager.filter(model__in=old).delete()
    NeighbourModel.objects.filter(is_complete=False, built_at__lt=now - ABANDONED_AFTER).delete()


def is_stale(now: datetime) -> bool:
    """Whether the tables are a day old, or missing though there are orders to learn from."""
    newest = NeighbourModel.objects.filter(is_active=True).values_list("built_at", flat=True).first()
    return now - newest >= timedelta(days=1) if newest else Order.objects.exists()
