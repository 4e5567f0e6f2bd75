"""Neighbours that reach different orders: the second place goes to what the first has missed.

An email with three products helps where one of them is wanted. Of two that lie in the same orders, showing
both helps once; so each place is given to what most orders hold that the places before it do not reach.
Taking the best each time reaches at least 63 % of what any three could (Nemhauser, Wolsey, Fisher, 1978).
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recommendations.baskets import MAX_BASKET, Baskets, Floats, Ints, cap_baskets
from recommendations.pairs import order_matrix, split_work

PLACES = 3
LOOKED_AT = 12  # neighbours of a product; those behind them count as reached


@dataclass(frozen=True)
class Pairs:
    """Products and neighbours as positions, each product's own together and best first; orders with both."""

    product: Ints
    neighbour: Ints
    support: Floats


class Holdings:
    """Orders by products and back, made once for all tables that spread. A count in 32 bits is exact."""

    def __init__(self, orders: Baskets) -> None:
        self.of_order = order_matrix(cap_baskets(orders, most=MAX_BASKET)).astype(np.float32)
        self.of_product = sparse.csr_array(self.of_order.T)
        self.sizes = np.diff(self.of_order.indptr).astype(np.float64)


def spread_scores(pairs: Pairs, scores: Floats, holdings: Holdings, *, share: float) -> Floats:
    """The scores, each lowered by up to `share` for the part of its orders that better places reach already.

    The best of each product keeps its score, and the order of the new scores is the order of the places.
    """
    near = np.flatnonzero(number_within(pairs.product) < LOOKED_AT)
    lowered: Floats = scores * (1.0 - share)
    if len(near):
        looked_at = Pairs(pairs.product[near], pairs.neighbour[near], pairs.support[near])
        lowered[near] = _fill_places(looked_at, scores[near], holdings, share=share)
    return lowered


def number_within(product: Ints) -> Ints:
    """The place of each row, from 0, among those of its product, which lie side by side."""
    starts = np.flatnonzero(np.diff(product, prepend=-1))
    sizes = np.diff(starts, append=len(product))
    return np.arange(len(product)) - np.repeat(starts, sizes)


def _fill_places(pairs: Pairs, scores: Floats, holdings: Holdings, *, share: float) -> Floats:
    lowered, placed = scores.copy(), np.zeros(len(scores), dtype=np.bool_)
    reach = _Reach(pairs, holdings)
    for _place in range(PLACES - 1):
        best = _find_best(pairs.product, np.where(placed, -1.0, lowered))
        placed[best] = True
        reach.add(best)
        overlap = np.clip(reach.orders / np.maximum(pairs.support, 1.0), 0.0, 1.0)
        lowered = np.where(placed, lowered, scores * (1.0 - share * overlap))
    return lowered


def _find_best(product: Ints, scores: Floats) -> Ints:
    """The place of each product's best pair; of equals the first."""
    starts = np.flatnonzero(np.diff(product, prepend=-1))
    highest = np.repeat(np.maximum.reduceat(scores, starts), np.diff(starts, append=len(product)))
    found = np.flatnonzero(scores == highest)
    first: Ints = found[np.diff(product[found], prepend=-1) > 0]
    return first


class _Reach:
    """Of each pair the orders with both products that also hold a neighbour that has a place."""

    def __init__(self, pairs: Pairs, holdings: Holdings) -> None:
        self._pairs, self._holdings = pairs, holdings
        products, self._row = np.unique(pairs.product, return_inverse=True)
        self._reached = sparse.csr_array((len(products), len(holdings.sizes)), dtype=np.float32)
        self.orders = np.zeros(len(pairs.product))

    def add(self, best: Ints) -> None:
        """One pair of each product takes a place."""
        both = self._intersect(self._pairs.product[best], self._pairs.neighbour[best])
        new = sparse.csr_array(both - both.multiply(self._reached))
        new.eliminate_zeros()
        self._reached = self._reached + new
        self.orders += self._count(new)

    def _intersect(self, own: Ints, other: Ints) -> "sparse.csr_array[np.float32]":
        """The orders with both of each two; in parts, for a best-seller may be the best of thousands."""
        by_product = self._holdings.of_product
        orders = np.diff(by_product.indptr)
        parts = split_work((orders[own] + orders[other]).astype(np.float64))
        both = [by_product[own[rows]].multiply(by_product[other[rows]]) for rows in parts]
        return sparse.csr_array(sparse.vstack(both, format="csr"))

    def _count(self, new: "sparse.csr_array[np.float32]") -> Floats:
        """Of each pair the orders of `new`, a row a product, that hold its neighbour."""
        holdings = self._holdings
        lines = np.asarray(new @ holdings.sizes, dtype=np.float64)
        parts = split_work(lines + holdings.of_order.shape[1])
        return np.concatenate([self._count_block(new, rows) for rows in parts])

    def _count_block(self, new: "sparse.csr_array[np.float32]", rows: slice) -> Floats:
        both = (new[rows] @ self._holdings.of_order).toarray()  # looked up faster than a sparse one
        pairs = slice(*np.searchsorted(self._row, [rows.start, rows.stop]).tolist())
        found: Floats = both[self._row[pairs] - rows.start, self._pairs.neighbour[pairs]].astype(np.float64)
        return found
