"""What customers will buy next, new or again: the habits of the back-test over each customer's own orders.

The same functions answer the back-test and the emails (`answering`, `habits`), for a whole batch at once.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse

from recommendations.answering import NOBODY, Matrix, add_votes, rank_batch
from recommendations.baskets import Floats, Ints
from recommendations.habits import Habit, score_habits
from recommendations.histories import History

PLACES = 60


class NeighbourRow(NamedTuple):
    product_id: int
    score: float
    support: int


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


Neighbours = Mapping[int, Sequence[NeighbourRow]]


def sources_of(journeys: Collection[Journey], habit: Habit) -> set[int]:
    """The products whose neighbours have a say."""
    given = {key for journey in journeys for key in journey.given}
    if not habit.history:
        return given
    return given | {key for journey in journeys for key in journey.history.remembered}


def rank_journeys(
    journeys: Sequence[Journey], neighbours: Neighbours, sold: Mapping[int, int], *, habit: Habit
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


def _lay_out(journeys: Sequence[Journey], neighbours: Neighbours, sold: Mapping[int, int]) -> _Grid:
    named = {key for journey in journeys for key in (*journey.given, *journey.history.remembered)}
    spoken = {row.product_id for rows in neighbours.values() for row in rows}
    keys = np.array(sorted(named | spoken | set(sold) | set(neighbours)), dtype=np.int64)
    place = {key: position for position, key in enumerate(keys.tolist())}

    def spread(rows: Sequence[Mapping[int, float]]) -> Matrix:
        cells = [(row, place[key], value) for row, found in enumerate(rows) for key, value in found.items()
                 if key in place]  # fmt: skip
        return _to_matrix(cells, (len(rows), len(keys)))

    pairs = [
        (place[key], place[row.product_id], row.score**2) for key, rows in neighbours.items() for row in rows
    ]
    return _Grid(
        keys=keys,
        given=spread([dict.fromkeys(journey.given, 1.0) for journey in journeys]),
        own=spread([{key: own.own for key, own in j.history.remembered.items()} for j in journeys]),
        own_long=spread([{key: own.own_long for key, own in j.history.remembered.items()} for j in journeys]),
        excluded=spread([dict.fromkeys(journey.excluded, 1.0) for journey in journeys]),
        squares=_to_matrix(pairs, (len(keys), len(keys))),
        sold=np.array([sold.get(key, 0) for key in keys.tolist()], dtype=np.float64),
    )


def _to_matrix(cells: Sequence[tuple[int, int, float]], shape: tuple[int, int]) -> Matrix:
    rows, columns, values = zip(*cells, strict=True) if cells else ((), (), ())
    return sparse.csr_array((np.array(values, dtype=np.float64), (rows, columns)), shape=shape)


def _describe(
    grid: _Grid, neighbours: Neighbours, found: Ints, *, scores: Matrix, spoken: Matrix, row: int
) -> list[Ranked]:
    part = slice(spoken.indptr[row], spoken.indptr[row + 1])
    sources, weights = spoken.indices[part], spoken.data[part]
    said = (
        grid.squares[sources][:, found].toarray() * weights[:, None]
        if len(sources)
        else np.zeros((1, len(found)))
    )
    loudest, total = said.argmax(axis=0), np.sqrt(said.sum(axis=0))
    values = scores[[row]].toarray().ravel()[found]
    ranked = []
    for place, (key, score) in enumerate(zip(grid.keys[found].tolist(), values.tolist(), strict=True)):
        anchor = int(grid.keys[sources[loudest[place]]]) if total[place] > 0 else 0
        support = next((pair.support for pair in neighbours.get(anchor, ()) if pair.product_id == key), 0)
        ranked.append(Ranked(key, score, float(total[place]), anchor, support))
    return ranked
