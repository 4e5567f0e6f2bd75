"""From counts to tables: count once, then any blend of scorers is a table in a moment."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recommendations.baskets import MAX_BASKET, Baskets, Floats, Ints
from recommendations.ease import Ease
from recommendations.pairs import ItemCounts, PairBlock, PairCounts, SparsePairCounts
from recommendations.scorers import Blend, passes_lift, score_blend
from recommendations.shortlists import MIN_SUPPORT, Shortlist, make_shortlist

HALF_LIFE_DAYS = 90.0
KEPT = 50
POPULAR_KEPT = 150


@dataclass(frozen=True)
class Learnt:
    """All that the scorers need of a history: a shortlist of pairs with counts, and EASE's weight of each."""

    shortlist: Shortlist
    ease: Floats

    @property
    def product_count(self) -> int:
        return self.shortlist.product_count


@dataclass(frozen=True)
class Table:
    """Neighbours as columns, each product's own side by side and best first; positions, not keys."""

    product: Ints
    neighbour: Ints
    rank: Ints
    score: Floats
    support: Ints
    product_count: int

    def squares(self) -> "sparse.csr_array[np.float64]":
        """Products by products, the squares of the scores: anchors @ squares is the sum of their votes."""
        shape = (self.product_count, self.product_count)
        return sparse.csr_array((self.score**2, (self.product, self.neighbour)), shape=shape)


class _Watched:
    """Pair counts that also fill EASE's matrix while they are read, so that nothing is counted twice."""

    def __init__(self, pairs: PairCounts, ease: Ease) -> None:
        self._pairs, self._ease, self.items = pairs, ease, pairs.items

    def blocks(self, *, min_support: int) -> Iterator[PairBlock]:
        for block in self._pairs.blocks(min_support=min_support):
            self._ease.add(block.a, block.b, block.weight)
            yield block


def count_pairs(baskets: Baskets, *, recent_days: int = 30) -> SparsePairCounts:
    """Pair counts of baskets with the defaults of the engine."""
    return SparsePairCounts(
        baskets, half_life_days=HALF_LIFE_DAYS, max_basket=MAX_BASKET, recent_days=recent_days
    )


def learn(pairs: PairCounts, *, min_support: int = MIN_SUPPORT, with_ease: bool = True) -> Learnt:
    """Read every pair once; memory is that of the shortlist, of EASE's head and of one block.

    Where no chosen blend asks for EASE it is left out: solving it takes longer than counting.
    """
    if not with_ease:
        shortlist = make_shortlist(pairs, min_support=min_support)
        return Learnt(shortlist, np.zeros(len(shortlist.a)))
    ease = Ease(pairs)
    shortlist = make_shortlist(_Watched(pairs, ease), min_support=min_support)
    ease.solve()
    return Learnt(shortlist, ease.weights(shortlist.a, shortlist.b))


def make_table(learnt: Learnt, blend: Blend, *, support_floor: int = 0, kept: int = KEPT) -> Table:
    """At most `kept` neighbours a product by the blend. Those under the floor rank behind all above it.

    Pairs that chance explains are left out (`passes_lift`) by a gated blend; the others are for shops whose
    pairs say little more than sales. Best-sellers of the shop have an empty table.
    """
    pairs = learnt.shortlist
    counts = pairs.counts()
    scores = np.zeros(len(pairs.a)) if blend.is_popularity else score_blend(counts, learnt.ease, blend)
    rows = np.flatnonzero(passes_lift(counts) & (scores > 0) if blend.gated else scores > 0)
    below = pairs.orders[rows] < support_floor
    place = (scores[rows] - 2.0 * below) / (scores.max(initial=0.0) + 2.0)  # above -1, under 1
    rows = rows[np.argsort(2.0 * pairs.a[rows] - place, kind="stable")]
    product = pairs.a[rows]
    rank = np.arange(len(rows)) - np.searchsorted(product, product)
    best, rank = rows[rank < kept], rank[rank < kept]
    support = pairs.orders[best].astype(np.int64)
    return Table(pairs.a[best], pairs.b[best], rank, scores[best], support, learnt.product_count)


def find_popular(items: ItemCounts, *, kept: int = POPULAR_KEPT) -> Ints:
    """Best-sellers of the last days, then of all time, as positions."""
    order = np.lexsort((-items.orders, -items.recent))
    return order[:kept].astype(np.int64)
