"""Pair counts kept by day: each day's are added up once, and a rebuild counts only the days that changed.

Counts add: the sum over days is the count over all orders. What changes a day afterwards (a late order, a
cancelled one, a line taken out) changes its fingerprint, and the day is counted again from its lines, so the
kept counts equal those counted from nothing.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain, islice
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Count, F, Sum
from django.db.models.functions import TruncDate
from scipy import sparse

from recommendations.baskets import GUEST, Baskets, Ints, arrange_baskets, cap_baskets
from recommendations.models import PairPartition
from recommendations.pairs import ItemCounts, PairBlock, PairCounts, order_matrix
from recommendations.policy import Policy
from shop.models import OrderLine

WEIGHT_UNIT = 1_000_000  # weights are kept as whole millionths, which add up alike in any order
DAYS_A_READ = 20


@dataclass(frozen=True)
class Cells:
    """Counts of some orders: pairs of product keys a <= b, orders that held both, their weight in millionths.

    A pair (a, a) is the product itself.
    """

    a: Ints
    b: Ints
    orders: Ints
    weight: Ints


def count_cells(baskets: Baskets, *, max_basket: int) -> Cells:
    """Every pair of the orders, undecayed; an order weighs 1 / sqrt(its products - 1) after the cap."""
    held = order_matrix(cap_baskets(baskets, most=max_basket))
    sizes = np.asarray(held.sum(axis=1), dtype=np.float64).ravel()
    votes = np.rint(WEIGHT_UNIT / np.sqrt(np.maximum(sizes - 1.0, 1.0)))
    pairs = sparse.triu(held.T @ held).tocsr()
    weights = sparse.triu(held.T @ sparse.diags_array(votes) @ held).tocsr()
    pairs.sort_indices()  # both have the same pattern: sorted, their entries lie in step
    weights.sort_indices()
    places = pairs.tocoo().coords
    keys = baskets.product_ids
    return Cells(keys[places[0]], keys[places[1]], pairs.data.astype(np.int64), weights.data.astype(np.int64))


def pack_cells(cells: Cells) -> bytes:
    """The cells as compressed bytes."""
    columns = np.stack([cells.a, cells.b, cells.orders, cells.weight]).astype("<i8")
    return zlib.compress(columns.tobytes(), level=1)


def unpack_cells(packed: bytes) -> Cells:
    """The cells of `pack_cells`."""
    return Cells(*np.frombuffer(zlib.decompress(packed), dtype="<i8").reshape(4, -1).astype(np.int64))


def refresh_partitions(now: datetime, *, days: int, max_basket: int) -> int:
    """Count the days whose lines have changed, forget days without orders; the number of days counted.

    Safe beside another worker: a day is replaced in one statement by what its lines say.
    """
    since = now - timedelta(days=days)
    current = _read_fingerprints(since, now, max_basket=max_basket)
    kept = dict(PairPartition.objects.values_list("day", "fingerprint"))
    changed = [day for day, fingerprint in sorted(current.items()) if kept.get(day) != fingerprint]
    for day in changed:
        _count_day(day, current[day], since=since, until=now, max_basket=max_basket)
    PairPartition.objects.filter(day__in=[day for day in kept if day not in current]).delete()
    return len(changed)


def _lines(since: datetime, until: datetime) -> Any:
    return OrderLine.objects.filter(
        order__placed_at__gt=since, order__placed_at__lte=until, order__cancelled_at=None
    )


def _read_fingerprints(since: datetime, until: datetime, *, max_basket: int) -> dict[date, str]:
    """By day, sums over its lines that a changed, added or lost line changes."""
    rows = (
        _lines(since, until)
        .annotate(day=TruncDate("order__placed_at", tzinfo=UTC))
        .values("day")
        .annotate(
            lines=Count("pk"),
            keys=Sum("pk"),
            orders=Sum("order_id"),
            products=Sum("product_id"),
            both=Sum(F("order_id") * F("product_id") % 1_000_003),
            squares=Sum(F("product_id") * F("product_id") % 1_000_003),
        )
        .order_by("day")
    )
    columns = ("lines", "keys", "orders", "products", "both", "squares")
    return {row["day"]: ":".join(str(row[name]) for name in columns) + f":{max_basket}" for row in rows}


def _count_day(day: date, fingerprint: str, *, since: datetime, until: datetime, max_basket: int) -> None:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    lines = _lines(since, until).filter(
        order__placed_at__gte=start, order__placed_at__lt=start + timedelta(days=1)
    )
    rows = lines.order_by("pk").values_list("order_id", "product_id")
    pairs: Ints = np.fromiter(chain.from_iterable(rows.iterator(chunk_size=10_000)), dtype=np.int64)
    pairs = pairs.reshape(-1, 2)
    order_ids, order = np.unique(pairs[:, 0], return_inverse=True)
    product_ids, product = np.unique(pairs[:, 1], return_inverse=True)
    guests = np.full(len(order_ids), GUEST)
    ages = np.zeros(len(order_ids))
    baskets = arrange_baskets(order, product, ages, customers=guests, product_ids=product_ids)
    with transaction.atomic():
        PairPartition.objects.update_or_create(
            day=day,
            defaults={
                "fingerprint": fingerprint,
                "order_count": len(order_ids),
                "cells": pack_cells(count_cells(baskets, max_basket=max_basket)),
            },
        )


class KeptPairCounts:
    """Pair counts added up from the kept days, for the products at `keys` only (those for sale)."""

    def __init__(self, now: datetime, keys: Ints, *, half_life_days: float, recent_days: int) -> None:
        self._now, self._keys, self._half_life = now, keys, half_life_days
        size = len(keys)
        self._orders = sparse.csr_array((size, size))
        self._weight = sparse.csr_array((size, size))
        self._recent = np.zeros(size)
        self._order_count = 0
        days = PairPartition.objects.order_by("day").values_list("day", "order_count", "cells")
        remaining = iter(days.iterator(chunk_size=DAYS_A_READ))
        while block := list(islice(remaining, DAYS_A_READ)):
            self._add(block, recent_days=recent_days)
        diagonal = self._orders.diagonal()
        self.items = ItemCounts(diagonal, self._weight.diagonal(), self._recent, self._order_count)

    def _add(self, days: Sequence[tuple[date, int, bytes | memoryview]], *, recent_days: int) -> None:
        """Add some days at once: fewer, larger sums."""
        size, parts = len(self._keys), []
        for day, order_count, packed in days:
            cells = self._inside(unpack_cells(bytes(packed)))
            age = (self._now.date() - day).days
            if age <= recent_days:
                own = cells[0] == cells[1]
                np.add.at(self._recent, cells[0][own], cells[2][own])
            parts.append((cells[0], cells[1], cells[2], cells[3] * 0.5 ** (age / self._half_life)))
            self._order_count += order_count
        a, b, orders, weight = (np.concatenate(column) for column in zip(*parts, strict=True))
        self._orders = self._orders + sparse.csr_array((orders, (a, b)), shape=(size, size))
        self._weight = self._weight + sparse.csr_array((weight / WEIGHT_UNIT, (a, b)), shape=(size, size))

    def _inside(self, cells: Cells) -> tuple[Any, Any, Any, Any]:
        """The cells as positions in `keys`, without products that are not among them."""
        if not len(self._keys):
            return (np.zeros(0, dtype=np.int64),) * 2 + (np.zeros(0),) * 2
        a, b = (
            np.minimum(np.searchsorted(self._keys, side), len(self._keys) - 1) for side in (cells.a, cells.b)
        )
        known = (self._keys[a] == cells.a) & (self._keys[b] == cells.b)
        return (
            a[known],
            b[known],
            cells.orders[known].astype(np.float64),
            cells.weight[known].astype(np.float64),
        )

    def blocks(self, *, min_support: int) -> Iterator[PairBlock]:
        """Every ordered pair held together by at least `min_support` orders, each exactly once."""
        orders, weight = (sparse.csr_array(matrix + matrix.T) for matrix in (self._orders, self._weight))
        orders.sort_indices()
        weight.sort_indices()
        a = np.repeat(np.arange(len(self._keys)), np.diff(orders.indptr))
        kept = np.flatnonzero((a != orders.indices) & (orders.data >= min_support))
        yield PairBlock(a[kept], orders.indices[kept].astype(np.int64), orders.data[kept], weight.data[kept])


def count_pairs_kept(now: datetime, baskets: Baskets, policy: Policy) -> PairCounts:
    """The pair counts of a build: of the kept days, brought up to date."""
    refresh_partitions(now, days=policy.history_days, max_basket=policy.max_basket)
    return KeptPairCounts(
        now, baskets.product_ids, half_life_days=policy.half_life_days, recent_days=policy.recent_days
    )
