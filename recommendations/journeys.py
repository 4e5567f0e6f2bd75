"""What customers will buy next, new or again: the habits of the back-test over each customer's own orders.

The same functions answer the back-test and the emails (`answering`, `habits`), for a whole batch at once.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np
from scipy import sparse

from recommendations.answering import NOBODY, Matrix, add_votes, rank_batch
from recommendations.baskets import Floats, Ints
from recommendations.habits import Habit, score_habits
from recommendations.histories import History
from recommendations.neighbours import Neighbours, join

PLACES = 60


class Ranked(NamedTuple):
    """`score` is the habit's, `relevance` the root of the votes behind it, as a table of neighbours has it.

    `because_of` is the product whose vote was the loudest (0: the customer's own purchases alone), `support`
    the orders that hold both.
    """

    product_id: int
    score: float
    relevance: float
    because_of: int
    support: int


@dataclass(frozen=True)
class Journey:
    """A customer's last order, or what lies before them, and all their earlier purchases."""

    given: tuple[int, ...]
    history: History
    excluded: frozenset[int]


def sources_of(journeys: Collection[Journey], habit: Habit) -> set[int]:
    """The products whose neighbours have a say."""
    given = {key for journey in journeys for key in journey.given}
    if not habit.history:
        return given
    return given | {key for journey in journeys for key in journey.history.purchases}


def rank_journeys(
    journeys: Sequence[Journey],
    neighbours: Mapping[int, Neighbours],
    sold: Mapping[int, int],
    *,
    habit: Habit,
) -> list[list[Ranked]]:
    """The best sixty products of each journey by the habit; ties go to the lower key.

    `sold` are the late orders of each product that may come up, and of the shop's best-seller.
    """
    grid = _lay_out(journeys, neighbours, sold)
    votes = add_votes(grid.given, grid.squares)
    scores = score_habits(grid.own, grid.own_long, votes, squares=grid.squares, sold=grid.sold, habit=habit)
    spoken = grid.given if not habit.history else sparse.csr_array(grid.given + habit.history * grid.own_long)
    found = rank_batch(scores, grid.excluded, popular=_NOTHING, places=PLACES).products
    return [
        _describe(grid, neighbours, found[row][found[row] != NOBODY], scores=scores, spoken=spoken, row=row)
        for row in range(len(journeys))
    ]


_NOTHING: Ints = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class _Grid:
    """Journeys by products, all by their place in `keys`."""

    keys: Ints
    given: Matrix
    own: Matrix
    own_long: Matrix
    excluded: Matrix
    squares: Matrix
    sold: Floats


def _lay_out(
    journeys: Sequence[Journey], neighbours: Mapping[int, Neighbours], sold: Mapping[int, int]
) -> _Grid:
    product, pairs = join(neighbours)
    own = _Cells([journey.history.purchases for journey in journeys])
    given = _Cells([journey.given for journey in journeys])
    excluded = _Cells([journey.excluded for journey in journeys])
    late = np.array(list(sold.items()), dtype=np.int64).reshape(-1, 2)
    keys = np.unique(
        np.concatenate([product, pairs.product_id, own.key, given.key, excluded.key, late[:, 0]])
    )
    sales = np.zeros(len(keys))
    sales[np.searchsorted(keys, late[:, 0])] = late[:, 1]
    places = np.searchsorted(keys, product), np.searchsorted(keys, pairs.product_id)
    return _Grid(
        keys=keys,
        given=given.spread(keys),
        own=own.spread(keys, [journey.history.own for journey in journeys]),
        own_long=own.spread(keys, [journey.history.own_long for journey in journeys]),
        excluded=excluded.spread(keys),
        squares=sparse.csr_array((pairs.score**2, places), shape=(len(keys), len(keys))),
        sold=sales,
    )


class _Cells:
    """Product keys in rows."""

    def __init__(self, rows: Sequence[Collection[int]]) -> None:
        lengths = [len(row) for row in rows]
        self.key: Ints = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=sum(lengths))
        self._row = np.repeat(np.arange(len(rows)), lengths)
        self._height = len(rows)

    def spread(self, keys: Ints, values: Sequence[Floats] | None = None) -> Matrix:
        """Rows by `keys`, which are sorted: the values of each row's cells, or 1 in each."""
        data = np.concatenate(values) if values else np.ones(len(self.key))
        cells = data, (self._row, np.searchsorted(keys, self.key))
        return sparse.csr_array(cells, shape=(self._height, len(keys)))


def _describe(
    grid: _Grid,
    neighbours: Mapping[int, Neighbours],
    found: Ints,
    *,
    scores: Matrix,
    spoken: Matrix,
    row: int,
) -> list[Ranked]:
    part = slice(scores.indptr[row], scores.indptr[row + 1])
    value_of = dict(zip(scores.indices[part].tolist(), scores.data[part].tolist(), strict=True))
    values = [value_of[place] for place in found.tolist()]
    keys = grid.keys[found].tolist()
    said = _find_loudest(grid, found, spoken=spoken, row=row) if grid.squares.nnz else None
    if said is None:
        return [Ranked(key, value, 0.0, 0, 0) for key, value in zip(keys, values, strict=True)]
    ranked = []
    for key, value, anchor, total in zip(keys, values, *said, strict=True):
        support = _support_of(neighbours[anchor], key) if total > 0 else 0
        ranked.append(Ranked(key, value, total, anchor if total > 0 else 0, support))
    return ranked


def _find_loudest(
    grid: _Grid, found: Ints, *, spoken: Matrix, row: int
) -> tuple[list[int], list[float]] | None:
    """For each product found, the product whose vote was the loudest, and the root of all votes."""
    part = slice(spoken.indptr[row], spoken.indptr[row + 1])
    sources, weights = spoken.indices[part], spoken.data[part]
    if not len(sources):
        return None
    said = grid.squares[sources][:, found].toarray() * weights[:, None]
    loudest = grid.keys[sources[said.argmax(axis=0)]]
    return loudest.tolist(), np.sqrt(said.sum(axis=0)).tolist()


def _support_of(neighbours: Neighbours, key: int) -> int:
    return int(neighbours.support[neighbours.product_id == key][0])
