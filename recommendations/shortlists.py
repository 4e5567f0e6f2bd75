"""The hundred neighbours of each product that are worth scoring, with their counts: small enough to try a
dozen blends on, and counted once."""

from dataclasses import dataclass

import numpy as np

from recommendations.baskets import Floats, Ints
from recommendations.pairs import ItemCounts, PairBlock, PairCounts
from recommendations.scorers import ASYMMETRY, Counts, weigh_pairs

KEPT = 100
MIN_SUPPORT = 2  # pairs seen once are noise by any score


@dataclass(frozen=True)
class Shortlist:
    """Pairs (a, b) as positions, each a's own side by side, with the orders that held both, and weights."""

    a: Ints
    b: Ints
    orders: Floats
    weight: Floats
    items: ItemCounts

    @property
    def product_count(self) -> int:
        return len(self.items.orders)

    def counts(self) -> Counts:
        """What a scorer may look at, one entry a pair."""
        items = self.items
        return Counts(
            n_ab=self.orders,
            n_a=items.orders[self.a],
            n_b=items.orders[self.b],
            w_ab=self.weight,
            w_a=items.weight[self.a],
            w_b=items.weight[self.b],
            recent_b=items.recent[self.b],
            total=float(items.order_count),
        )


def make_shortlist(pairs: PairCounts, *, min_support: int = MIN_SUPPORT, kept: int = KEPT) -> Shortlist:
    """At most `kept` pairs a product, the best by asymmetric cosine; memory grows with products only."""
    parts = [
        _best_of(block, pairs.items, kept=kept)
        for block in pairs.blocks(min_support=min_support)
        if len(block.a)
    ]
    if not parts:
        return Shortlist(*(np.zeros(0, dtype=np.int64),) * 2, *(np.zeros(0),) * 2, pairs.items)
    a, b = (np.concatenate([getattr(part, name) for part in parts]) for name in ("a", "b"))
    orders, weight = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("orders", "weight")
    )
    return Shortlist(a, b, orders, weight, pairs.items)


def _best_of(block: PairBlock, items: ItemCounts, *, kept: int) -> PairBlock:
    starts = np.flatnonzero(np.diff(block.a, prepend=-1))
    ends = np.append(starts[1:], len(block.a))
    long = ends - starts > kept
    if not long.any():
        return block
    scores = _score(block, items)
    rows = [
        np.arange(start, end) if end - start <= kept else start + _largest(scores[start:end], kept)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    ]
    found = np.concatenate(rows)
    return PairBlock(block.a[found], block.b[found], block.orders[found], block.weight[found])


def _largest(scores: Floats, kept: int) -> Ints:
    return np.sort(np.argpartition(-scores, kept)[:kept]).astype(np.int64)


def _score(block: PairBlock, items: ItemCounts) -> Floats:
    """The asymmetric cosine, its roots taken once a product instead of once a pair."""
    calling, called = items.weight**ASYMMETRY, items.weight ** (1.0 - ASYMMETRY)
    return weigh_pairs(block.orders, block.weight, calling[block.a] * called[block.b])
