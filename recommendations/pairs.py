"""How often two products were in one order. `PairCounts` is what a scorer's caller needs and no more,
so that a shop of 100 million lines can count in its warehouse instead."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from scipy import sparse

from recommendations.baskets import Baskets, Floats, Ints, cap_baskets
from recommendations.threads import map_ahead

WORK_A_BLOCK = 1_000_000  # additions; a block then holds tens of megabytes at most


@dataclass(frozen=True)
class ItemCounts:
    """One entry a product: orders that held it, the same weighted, and orders of the last days."""

    orders: Floats
    weight: Floats
    recent: Floats
    order_count: int


@dataclass(frozen=True)
class PairBlock:
    """Ordered pairs (a, b), a ≠ b, as positions, with the orders that held both and their weight.

    All pairs of one `a` are in one block and lie side by side.
    """

    a: Ints
    b: Ints
    orders: Floats
    weight: Floats


class PairCounts(Protocol):
    """Counts of one history. Another engine (ClickHouse, Spark) needs only these two."""

    items: ItemCounts

    def blocks(self, *, min_support: int) -> Iterator[PairBlock]:
        """Every ordered pair held together by at least `min_support` orders, each exactly once."""
        ...


class SparsePairCounts:
    """Pair counts as blocks of the sparse product BᵀB: about a second for 400,000 lines.

    An order weighs `0.5 ** (age / half_life) / sqrt(n - 1)` in a pair, n being its products after the cap:
    two things bought alone say more about each other than two of a hundred.
    """

    def __init__(
        self, baskets: Baskets, *, half_life_days: float, max_basket: int, recent_days: int = 30
    ) -> None:
        capped = cap_baskets(baskets, most=max_basket)
        self._held = order_matrix(capped)
        sizes = np.asarray(self._held.sum(axis=1), dtype=np.float64).ravel()
        votes = 0.5 ** (baskets.age_days / half_life_days) / np.sqrt(np.maximum(sizes - 1.0, 1.0))
        self._packing = _Packing(baskets.order_count)
        self._packed = sparse.csr_array(sparse.diags_array(self._packing.pack(votes)) @ self._held)
        recent = (baskets.age_days <= recent_days).astype(np.float64)
        self.items = ItemCounts(
            orders=np.asarray(self._held.sum(axis=0), dtype=np.float64).ravel(),
            weight=np.asarray(self._held.T @ votes, dtype=np.float64).ravel(),
            recent=np.asarray(self._held.T @ recent, dtype=np.float64).ravel(),
            order_count=baskets.order_count,
        )

    def blocks(self, *, min_support: int) -> Iterator[PairBlock]:
        by_product = sparse.csr_array(self._held.T)
        work = np.asarray(by_product @ np.diff(self._held.indptr), dtype=np.float64)

        def multiply(rows: slice) -> PairBlock:
            pairs = (by_product[rows] @ self._packed).tocoo()
            return _to_block(pairs, self._packing, first_row=rows.start, floor=min_support)

        return map_ahead(multiply, split_work(work))


def split_work(work: Floats) -> list[slice]:
    """Rows that lie side by side, in parts of about one block's work each."""
    block = (np.cumsum(work) // WORK_A_BLOCK).astype(np.int64)
    edges = [*np.flatnonzero(np.diff(block, prepend=-1)).tolist(), len(work)]
    return [slice(start, end) for start, end in pairwise(edges)]


class _Packing:
    """Counts and weights in one number, so that one product of matrices adds up both.

    A double holds whole numbers up to 2^53 exactly: the count lies in the high bits, the weight (at most 1
    an order) as a fraction of 2^bits in the low ones. Up to 100,000 orders a weight has 19 bits or more.
    """

    def __init__(self, order_count: int) -> None:
        count_bits = max(order_count, 1).bit_length()
        self._fraction = 2.0 ** max(52 - 2 * count_bits, 6)
        self._count = 2.0**count_bits * self._fraction

    def pack(self, votes: Floats) -> Floats:
        packed: Floats = self._count + np.rint(votes * self._fraction)
        return packed

    def least_of(self, count: int) -> float:
        """What a packed sum of at least so many orders comes to."""
        return count * self._count

    def unpack(self, sums: Floats) -> tuple[Floats, Floats]:
        counts: Floats = np.floor(sums / self._count)
        return counts, (sums - counts * self._count) / self._fraction


def order_matrix(baskets: Baskets) -> "sparse.csr_array[np.float64]":
    """Orders by products, 1 where the order held the product; places in 32 bits, which multiply faster."""
    shape = (baskets.order_count, baskets.product_count)
    places = baskets.order.astype(np.int32), baskets.product.astype(np.int32)
    return sparse.csr_array((np.ones(len(baskets.order)), places), shape=shape)


def _to_block(
    pairs: "sparse.coo_array[np.float64]", packing: _Packing, *, first_row: int, floor: int
) -> PairBlock:
    a, b = pairs.coords
    kept = np.flatnonzero((pairs.data >= packing.least_of(floor)) & (a + a.dtype.type(first_row) != b))
    orders, weight = packing.unpack(pairs.data[kept])
    return PairBlock(a[kept].astype(np.int64) + first_row, b[kept].astype(np.int64), orders, weight)
