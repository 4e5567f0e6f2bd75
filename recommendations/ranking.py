"""From pair counts to the table of neighbours: score every pair, keep the best of each product."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from recommendations.baskets import Flags, Floats, Ints
from recommendations.pairs import PairBlock, PairCounts
from recommendations.scorers import Counts, Scorer, passes_lift, score_asymmetric_cosine

# Pairs seen once are noise by any score; those between this and the floor are kept so that `explain`
# can say "only 3 orders hold both".
MIN_KEPT_SUPPORT = 2


@dataclass(frozen=True)
class Ranked:
    """Neighbours as columns, each product's own side by side and best first; positions, not keys."""

    product: Ints
    neighbour: Ints
    rank: Ints
    score: Floats
    support: Ints


def rank_neighbours(
    pairs: PairCounts, *, support_floor: int, kept: int, scorer: Scorer = score_asymmetric_cosine
) -> Iterator[Ranked]:
    """At most `kept` neighbours a product, block by block. Those under the floor rank behind all above it."""
    for block in pairs.blocks(min_support=min(MIN_KEPT_SUPPORT, support_floor)):
        counts = _counts_of(block, pairs)
        scores = scorer(counts)
        sensible = passes_lift(counts) & (scores > 0)
        yield _best_of(block, scores, sensible, support_floor=support_floor, kept=kept)


def _counts_of(block: PairBlock, pairs: PairCounts) -> Counts:
    items = pairs.items
    return Counts(
        n_ab=block.orders,
        n_a=items.orders[block.a],
        n_b=items.orders[block.b],
        w_ab=block.weight,
        w_a=items.weight[block.a],
        w_b=items.weight[block.b],
        recent_b=items.recent[block.b],
        total=float(items.order_count),
    )


def _best_of(block: PairBlock, scores: Floats, sensible: Flags, *, support_floor: int, kept: int) -> Ranked:
    rows = np.flatnonzero(sensible)
    below = block.orders[rows] < support_floor
    rows = rows[np.lexsort((block.b[rows], -scores[rows], below, block.a[rows]))]
    product = block.a[rows]
    rank = np.arange(len(rows)) - np.searchsorted(product, product)
    best, rank = rows[rank < kept], rank[rank < kept]
    return Ranked(block.a[best], block.b[best], rank, scores[best], block.orders[best].astype(np.int64))
