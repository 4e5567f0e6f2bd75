"""What a customer will buy next: their own decayed purchases, what goes with the last order and with all the
earlier ones, and what sells lately."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recommendations.answering import Matrix
from recommendations.baskets import Floats


@dataclass(frozen=True)
class Habit:
    """Weights of what speaks for a product; each part is relative to the best of the customer's own.

    `own` is purchases with a half-life of 30 days, `own_long` of 180 days; `related` the votes of the last
    order, `history` those of all earlier purchases; `popular` late sales.
    """

    name: str
    own: float = 1.0
    own_long: float = 0.0
    related: float = 0.0
    history: float = 0.0
    popular: float = 0.0

    @property
    def reads_neighbours(self) -> bool:
        return self.related > 0 or self.history > 0


# For products that the customer does not have: their own purchases can only speak for others.
TASTES: tuple[Habit, ...] = (
    Habit("history_popular", own=0.0, history=1.0, popular=0.3),
    Habit("history", own=0.0, history=1.0),
    Habit("last_order", own=0.0, related=1.0),
)
HABITS: tuple[Habit, ...] = (
    Habit("own_popular", own_long=0.5, popular=0.3),
    Habit("own_purchases"),
    Habit("own_long", own_long=1.0),
    Habit("own_long_related", own_long=1.0, related=0.3),
    Habit("own_most_popular", own_long=0.5, popular=1.0),
    Habit("mostly_own_long", own=0.1, own_long=1.0, related=0.15, popular=0.1),
)


def score_habits(
    own: Matrix, own_long: Matrix, votes: Matrix, *, squares: Matrix, sold: Floats, habit: Habit
) -> Matrix:
    """Customers by products: the blend, over products the customer bought or their orders call for.

    `votes` are those of the last order, `squares` the table they came from, `sold` late sales a product.
    """
    total = sparse.csr_array(own.shape)
    for weight, purchases in ((habit.own, own), (habit.own_long, own_long)):
        if weight:
            total = total + weight * _relative(purchases)
    if habit.related:  # a customer's own purchases stand beside roots, others' beside sums of votes
        total = total + habit.related * _relative(votes if habit.own == 0 else votes.sqrt())
    if habit.history:
        total = total + habit.history * _relative(sparse.csr_array(own_long @ squares))
    total = sparse.csr_array(total)
    if habit.popular:
        lately = np.log1p(sold) / max(float(np.log1p(sold).max(initial=0.0)), 1e-9)
        total.data = total.data + habit.popular * lately[total.indices]
    return total


def _relative(matrix: Matrix) -> Matrix:
    """Each row over its greatest entry."""
    best = np.asarray(matrix.max(axis=1).toarray(), dtype=np.float64).ravel()
    scale = np.divide(1.0, best, out=np.zeros_like(best), where=best > 0)
    return sparse.csr_array(sparse.diags_array(scale) @ matrix)
