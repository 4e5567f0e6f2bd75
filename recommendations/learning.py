"""From counts to tables: count once, then any blend of scorers is a table in a moment."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from scipy import sparse

from recommendations.baskets import MAX_BASKET, Baskets, Flags, Floats, Ints
from recommendations.ease import Ease
from recommendations.pairs import ItemCounts, PairBlock, PairCounts, SparsePairCounts
from recommendations.scorers import Blend, Counts, passes_lift, score_blend
from recommendations.shortlists import MIN_SUPPORT, Shortlist, make_shortlist
from recommendations.spreading import Holdings, Pairs, number_within, spread_scores
from recommendations.threads import map_ahead

HALF_LIFE_DAYS = 90.0
KEPT = 50
POPULAR_KEPT = 150


@dataclass(frozen=True)
class Learnt:
    """All that scorers need of a history: a shortlist of pairs with counts, EASE's weight of each, and for
    blends that spread the orders themselves; without orders these rank like the others."""

    shortlist: Shortlist
    ease: Floats
    orders: Baskets | None = None

    @property
    def product_count(self) -> int:
        return self.shortlist.product_count

    @cached_property
    def counts(self) -> Counts:
        """What scorers may look at, one entry a pair of the shortlist."""
        return self.shortlist.counts()

    @cached_property
    def holdings(self) -> Holdings | None:
        """The orders as tables that spread read them; None without orders."""
        return Holdings(self.orders) if self.orders is not None else None


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


def learn(
    pairs: PairCounts,
    orders: Baskets | None = None,
    *,
    min_support: int = MIN_SUPPORT,
    with_ease: bool = True,
) -> Learnt:
    """Read every pair once; memory is that of the shortlist, of EASE's head and of one block.

    Where no chosen blend asks for EASE it is left out: solving it takes longer than counting.
    """
    if not with_ease:
        shortlist = make_shortlist(pairs, min_support=min_support)
        return Learnt(shortlist, np.zeros(len(shortlist.a)), orders)
    ease = Ease(pairs)
    shortlist = make_shortlist(_Watched(pairs, ease), min_support=min_support)
    ease.solve()
    return Learnt(shortlist, ease.weights(shortlist.a, shortlist.b), orders)


def make_table(learnt: Learnt, blend: Blend, *, support_floor: int = 0, kept: int = KEPT) -> Table:
    """At most `kept` neighbours a product by the blend. Those under the floor rank behind all above it.

    Pairs that chance explains are left out (`passes_lift`) by a gated blend; the others are for shops whose
    pairs say little more than sales. Best-sellers of the shop have an empty table.
    """
    pairs = learnt.shortlist
    counts = learnt.counts
    scores = np.zeros(len(pairs.a)) if blend.is_popularity else score_blend(counts, learnt.ease, blend)
    rows = np.flatnonzero(passes_lift(counts) & (scores > 0) if blend.gated else scores > 0)
    below = pairs.orders[rows] < support_floor
    rows = rows[_sort(pairs.a[rows], scores[rows], below)]
    rows = rows[number_within(pairs.a[rows]) < kept]
    scores = scores[rows]
    if blend.spread and learnt.holdings is not None:
        scores = _spread(pairs, learnt.holdings, rows, scores, floor=support_floor, share=blend.spread)
        sequence = _sort(pairs.a[rows], scores, pairs.orders[rows] < support_floor)
        rows, scores = rows[sequence], scores[sequence]
    product, support = pairs.a[rows], pairs.orders[rows].astype(np.int64)
    return Table(product, pairs.b[rows], number_within(product), scores, support, learnt.product_count)


def make_tables(
    learnt: Learnt, blends: Iterable[Blend], *, support_floor: int = 0, kept: int = KEPT
) -> Iterator[tuple[Blend, Table]]:
    """The table of each blend, each once, one made while another is used."""
    make = partial(make_table, learnt, support_floor=support_floor, kept=kept)
    different = list(dict.fromkeys(blends))
    _ = (
        learnt.counts,
        learnt.holdings if any(blend.spread for blend in different) else None,
    )  # before the threads
    if any(blend.spread for blend in different):
        _ = learnt.holdings
    _ = learnt.counts  # both made once, before the threads ask for them
    return zip(different, map_ahead(make, different), strict=True)


def _sort(product: Ints, scores: Floats, below: Flags) -> Ints:
    """Each product's own best first, those below the floor behind all others."""
    place = (scores - 2.0 * below) / (scores.max(initial=0.0) + 2.0)  # above -1, under 1
    sequence: Ints = np.argsort(2.0 * product - place, kind="stable")
    return sequence


def _spread(
    pairs: Shortlist, holdings: Holdings, rows: Ints, scores: Floats, *, floor: int, share: float
) -> Floats:
    """The scores of these rows of the shortlist, lowered where they are above the floor."""
    above = np.flatnonzero(pairs.orders[rows] >= floor)
    chosen = rows[above]
    spread = Pairs(pairs.a[chosen], pairs.b[chosen], pairs.orders[chosen])
    lowered = scores.copy()
    lowered[above] = spread_scores(spread, scores[above], holdings, share=share)
    return lowered


def find_popular(items: ItemCounts, *, kept: int = POPULAR_KEPT) -> Ints:
    """Best-sellers of the last days, then of all time, as positions."""
    order = np.lexsort((-items.orders, -items.recent))
    return order[:kept].astype(np.int64)
