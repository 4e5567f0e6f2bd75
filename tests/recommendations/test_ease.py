"""EASE: the weights of Steck's formula, whether or not the counts that are left make a definite matrix."""

from collections.abc import Iterator

import numpy as np
import pytest

from recommendations.baskets import Floats
from recommendations.ease import RIDGE, Ease
from recommendations.pairs import ItemCounts, PairBlock

WEIGHT = 100.0
# What the ridge makes of each product's own weight.
OWN = WEIGHT * (1 + RIDGE)


class Counts:
    """Three products with the same weight."""

    def __init__(self) -> None:
        self.items = ItemCounts(np.full(3, 50.0), np.full(3, WEIGHT), np.zeros(3), 100)

    def blocks(self, *, min_support: int) -> Iterator[PairBlock]:
        raise NotImplementedError


def solve(together: Floats) -> Floats:
    """The weights of all pairs of the three, with these weights of orders that held both."""
    ease, (a, b) = Ease(Counts()), np.nonzero(together)
    ease.add(a, b, together[a, b])
    ease.solve()
    rows, columns = np.indices((3, 3)).reshape(2, -1)
    return ease.weights(rows, columns).reshape(3, 3)


def pair_up(first: float, second: float) -> Floats:
    """Product 0 was bought with 1 and with 2, so often; 1 and 2 never together as far as support goes."""
    return np.array([[0.0, first, second], [first, 0.0, 0.0], [second, 0.0, 0.0]])


@pytest.mark.parametrize("second", [20.0, 0.9 * OWN], ids=["definite", "indefinite"])
def test_weights_follow_the_formula(second: float) -> None:
    together = pair_up(0.9 * OWN, second)
    inverse = np.linalg.inv(together + OWN * np.eye(3))
    expected = np.clip(-inverse / np.diag(inverse), 0.0, 1.0)
    np.fill_diagonal(expected, 0.0)
    assert np.allclose(solve(together), expected, atol=1e-4)
    assert expected.max() > 0


def test_two_products_that_are_one_in_the_counts_still_have_finite_weights() -> None:
    weights = solve(pair_up(OWN, 0.0))
    assert np.isfinite(weights).all()
    assert weights.min() >= 0
