"""How often two products were in one order. `PairCounts` is what a scorer's caller needs and no more,
so that a shop of 100 million lines can count in its warehouse instead."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import sparse

from recommendations.baskets import Baskets, Floats, Ints, cap_baskets

ROWS_A_BLOCK = 512


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
        self._weighted = sparse.csr_array(sparse.diags_array(votes) @ self._held)
        recent = (baskets.age_days <= recent_days).astype(np.float64)
        self.items = ItemCounts(
            orders=np.asarray(self._held.sum(axis=0), dtype=np.float64).ravel(),
            weight=np.asarray(self._weighted.sum(axis=0), dtype=np.float64).ravel(),
            recent=np.asarray(self._held.T @ recent, dtype=np.float64).ravel(),
            order_count=baskets.order_count,
        )

    def blocks(self, *, min_support: int) -> Iterator[PairBlock]:
        by_product = sparse.csr_array(self._held.T)
        for start in range(0, by_product.shape[0], ROWS_A_BLOCK):
            rows = by_product[start : start + ROWS_A_BLOCK]
            yield _to_block(rows @ self._held, rows @ self._weighted, first_row=start, floor=min_support)


def order_matrix(baskets: Baskets) -> "sparse.csr_array[np.float64]":
    """Orders by products, 1 where the order held the product."""
    shape = (baskets.order_count, baskets.product_count)
    return sparse.csr_array((np.ones(len(baskets.order)), (baskets.order, baskets.product)), shape=shape)


def _to_block(
    counts: "sparse.csr_array[np.float64]",
    weights: "sparse.csr_array[np.float64]",
    *,
    first_row: int,
    floor: int,
) -> PairBlock:
    counts.sort_indices()  # both have the same pattern: sorted, their entries lie in step
    weights.sort_indices()
    pairs = counts.tocoo()
    a, b = pairs.coords[0].astype(np.int64) + first_row, pairs.coords[1].astype(np.int64)
    kept = (a != b) & (pairs.data >= floor)
    return PairBlock(a[kept], b[kept], pairs.data[kept], weights.data[kept])
