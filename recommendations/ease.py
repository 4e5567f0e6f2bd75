"""EASE (Steck, 2019): what each product adds to the others when all of a basket is known.

A ridge regression of every product on all others. It costs the cube of the products, so it runs on the head
of the catalogue: the products that most orders hold.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from threadpoolctl import threadpool_limits

from recommendations.baskets import Floats, Ints
from recommendations.pairs import PairCounts

HEAD = 1_000
MIN_ORDERS = 20
RIDGE = 0.5  # times the mean weight of a product of the head


class Ease:
    """Weights of the head, looked up by pair. 32 bits: 4 MB for 1,000 products."""

    def __init__(self, pairs: PairCounts, *, head: int = HEAD, min_orders: int = MIN_ORDERS) -> None:
        orders = pairs.items.orders
        best = np.argsort(-orders, kind="stable")[:head]
        self._products = np.sort(best[orders[best] >= min_orders])
        self._place = np.full(len(orders), -1, dtype=np.int64)
        self._place[self._products] = np.arange(len(self._products))
        self._gram = np.zeros((len(self._products),) * 2, dtype=np.float32)
        if len(self._products):
            np.fill_diagonal(self._gram, pairs.items.weight[self._products])
        self._scale = np.zeros(len(self._products), dtype=np.float32)

    def add(self, a: Ints, b: Ints, weight: Floats) -> None:
        """Take in the weights of pairs; those outside the head are let go."""
        rows, columns = self._place[a], self._place[b]
        inside = (rows >= 0) & (columns >= 0)
        self._gram[rows[inside], columns[inside]] = weight[inside]

    def solve(self) -> None:
        """Turn what was taken in into weights. Everything is 0 where the head has under two products."""
        size = len(self._products)
        if size < 2:
            return
        self._gram[np.diag_indices(size)] += RIDGE * float(np.mean(np.diag(self._gram))) + 1e-6
        self._gram = _invert(self._gram)
        self._scale = -1.0 / np.diag(self._gram)

    def weights(self, a: Ints, b: Ints) -> Floats:
        """The weight of each pair (a, b), from 0 to 1, 0 outside the head."""
        rows, columns = self._place[a], self._place[b]
        found = np.zeros(len(a))
        inside = (rows >= 0) & (columns >= 0) & (rows != columns)
        rows, columns = rows[inside], columns[inside]
        inverse = self._gram[np.maximum(rows, columns), np.minimum(rows, columns)]
        found[inside] = np.clip(inverse * self._scale[columns], 0.0, 1.0)
        return found


def _invert(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """The lower half of the inverse, by Cholesky where the ridge makes it positive definite.

    LAPACK reads columns first; a symmetric matrix seen so is itself. One thread: two of them spend their time
    waiting for each other where the machine has other work.
    """
    with threadpool_limits(1):
        return _invert_with_cholesky(matrix)


def _invert_with_cholesky(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    factor, failed = linalg.lapack.spotrf(matrix.T, lower=1, clean=0)
    if failed:  # pairs below the support are 0 here, so that the rest need not be positive definite
        return _invert_any(matrix)
    inverse, _ = linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
    return np.asarray(inverse, dtype=np.float32)


def _invert_any(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """The inverse by LU, a tenth of the time of the pseudo-inverse, which is left to singular matrices."""
    try:
        return np.asarray(np.linalg.inv(matrix), dtype=np.float32)
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.pinv(matrix), dtype=np.float32)
