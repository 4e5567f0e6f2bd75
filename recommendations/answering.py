"""Rank products for a whole batch of requests at once, in arrays: what the tables say, without any rule."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

from recommendations.baskets import Floats, Ints

Matrix: TypeAlias = "sparse.csr_array[np.float64]"
NOBODY = -1


@dataclass(frozen=True)
class Answers:
    """Requests by places: positions of products, the best first; NOBODY where nothing was left to say."""

    products: Ints


def add_votes(anchors: Matrix, squares: Matrix) -> Matrix:
    """Requests by products: the sum of squared scores over each request's anchors (`Table.squares`)."""
    return sparse.csr_array(anchors @ squares)


def rank_batch(votes: Matrix, excluded: Matrix, *, popular: Ints, places: int = 10) -> Answers:
    """The best `places` products of each request, without those of `excluded`; ties go to the lower position.

    Where the votes name too few, best-sellers fill the places.
    """
    kept = _without(votes, excluded)
    found = np.full((votes.shape[0], places), NOBODY, dtype=np.int64)
    for row in range(votes.shape[0]):
        columns, values = _row(kept, row)
        best = columns[_first(values, places)]
        found[row, : len(best)] = best
        if len(best) < places:
            _fill(found[row], len(best), popular, set(_row(excluded, row)[0].tolist()))
    return Answers(found)


def _first(values: Floats, places: int) -> Ints:
    if len(values) > 4 * places:
        least = np.partition(values, len(values) - places)[len(values) - places]
        near = np.flatnonzero(values >= least)
        order: Ints = near[np.argsort(-values[near], kind="stable")][:places]
        return order
    return np.argsort(-values, kind="stable")[:places]


def _fill(places: Ints, start: int, popular: Ints, excluded: set[int]) -> None:
    taken = excluded | set(places[:start].tolist())
    free = (product for product in popular.tolist() if product not in taken)
    for place, product in zip(range(start, len(places)), free, strict=False):
        places[place] = product


def _without(votes: Matrix, excluded: Matrix) -> Matrix:
    """The votes without the excluded ones, each row's products in order of position.

    An entry less itself is 0, and a difference of sparse matrices holds no zeros."""
    gone = votes * excluded.astype(np.bool_)
    kept = sparse.csr_array(votes - gone)
    kept.sort_indices()
    return kept


def _row(matrix: Matrix, row: int) -> tuple[Any, Floats]:
    part = slice(matrix.indptr[row], matrix.indptr[row + 1])
    return matrix.indices[part], matrix.data[part]
