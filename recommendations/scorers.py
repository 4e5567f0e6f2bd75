"""How strongly one product calls for another: pure functions of counts, no Django and no models.

Scorers take arrays that broadcast and return scores of 0 and up, the higher the better, where 0 means
"do not show". Lift is a gate and never an order: ranked by lift a shop recommends its rarest accidents
(HR@3 .024 on UCI Online Retail, where confidence has .58).

A score is a vote: products are ranked by the root of the sum of squares of what each anchor says for them,
so that one strong voice beats many faint ones.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

MIN_SUPPORT = 5
SHRINKAGE = 5.0
ASYMMETRY = 0.85
MIN_LIFT = 1.5


@dataclass(frozen=True)
class Counts:
    """What a scorer may look at, one entry a pair (a, b).

    `n_ab`, `n_a`, `n_b` count orders; `w_ab`, `w_a`, `w_b` are the same with every order weighted by
    its age and size; `recent_b` counts the orders of the last 30 days that hold b; `total` counts all.
    """

    n_ab: Floats
    n_a: Floats
    n_b: Floats
    w_ab: Floats
    w_a: Floats
    w_b: Floats
    recent_b: Floats
    total: float


@dataclass(frozen=True)
class Blend:
    """A scorer as a shop can choose it: the squares of these parts, weighted and added.

    `cosine` weighs the asymmetric cosine, `ease` the weights of EASE, `popular` late sales, each in [0, 1] a
    pair. `trend` raises what sells better lately than over all, by that power. `spread` lowers, by up to that
    share, what better places reach already (`spreading`). One that is not `gated` keeps pairs that chance
    explains too. A blend without any part is best-sellers.
    """

    name: str
    cosine: float = 0.0
    asymmetry: float = ASYMMETRY
    shrinkage: float = SHRINKAGE
    ease: float = 0.0
    trend: float = 0.0
    popular: float = 0.0
    spread: float = 0.0
    gated: bool = True

    @property
    def is_popularity(self) -> bool:
        return self.cosine == self.ease == self.popular == 0.0


POPULARITY = Blend("popularity_30d")
COSINE = Blend("asymmetric_cosine", cosine=1.0)
COSINE_AND_EASE = Blend("cosine_and_ease", cosine=1.0, ease=0.5)
TRENDING = Blend("trending", cosine=1.0, asymmetry=0.5, ease=0.5, trend=1.5)
TRENDING_COSINE = Blend("trending_cosine", cosine=1.0, asymmetry=0.5, trend=1.5)
SPREAD_COSINE = Blend("spread_cosine", cosine=1.0, spread=0.3)
SPREAD_CONFIDENCE = Blend("spread_confidence", cosine=1.0, asymmetry=0.95, spread=0.7)
# Where little is known pairs are noise as often as news: confidence, with late sales to lean on.
CAUTIOUS = Blend("cautious", cosine=1.0, asymmetry=1.0, popular=0.05, gated=False)
RISING_COSINE = Blend("rising_cosine", cosine=1.0, trend=0.5)
BLENDS: tuple[Blend, ...] = (
    COSINE_AND_EASE,
    COSINE,
    Blend("even_cosine", cosine=1.0, asymmetry=0.7),
    Blend("confidence", cosine=1.0, asymmetry=1.0),
    Blend("ease_with_cosine", cosine=0.3, ease=1.0),
    RISING_COSINE,
    Blend("bought_together", cosine=1.0, asymmetry=1.0, gated=False),
    Blend("popular_together", popular=1.0, gated=False),
    CAUTIOUS,
)


def score_blend(counts: Counts, ease: Floats, blend: Blend) -> Floats:
    """The vote of a for b. `ease` holds EASE's weight of each pair, 0 outside its head."""
    squares = blend.ease * np.maximum(ease, 0.0)
    if blend.cosine:
        cosine = score_asymmetric_cosine(counts, asymmetry=blend.asymmetry, shrinkage=blend.shrinkage)
        squares += blend.cosine * cosine**2
    if blend.popular:
        squares += blend.popular * counts.recent_b / max(float(counts.recent_b.max(initial=0.0)), 1.0)
    if blend.trend:
        squares *= score_trend(counts) ** blend.trend
    scores: Floats = np.sqrt(squares)
    return scores


def score_trend(counts: Counts) -> Floats:
    """b's share of late orders among all of b's, from 0 to 1, smoothed by ten orders."""
    return (counts.recent_b + 1.0) / (counts.n_b + 10.0)


def score_popularity(counts: Counts) -> Floats:
    """The share of all orders that held b lately. The floor that every other scorer has to beat."""
    return np.broadcast_to(counts.recent_b / max(counts.total, 1.0), counts.n_ab.shape).astype(np.float64)


def score_confidence(counts: Counts, *, min_support: int = MIN_SUPPORT) -> Floats:
    """P(b in the order | a in the order), 0 below the support: Agrawal and others (1993)."""
    return np.where(counts.n_ab >= min_support, _divide(counts.n_ab, counts.n_a), 0.0)


def score_asymmetric_cosine(
    counts: Counts, *, asymmetry: float = ASYMMETRY, shrinkage: float = SHRINKAGE
) -> Floats:
    """w_ab / (w_a^s · w_b^(1-s)), pulled towards 0 by n_ab / (n_ab + shrinkage).

    `asymmetry` 1 is confidence, 0.5 the cosine (Aiolli, 2013). Without shrinkage pairs that were seen
    once win: HR@3 falls under popularity on a long catalogue.
    """
    expected = counts.w_a**asymmetry * counts.w_b ** (1.0 - asymmetry)
    return weigh_pairs(counts.n_ab, counts.w_ab, expected, shrinkage=shrinkage)


def weigh_pairs(n_ab: Floats, w_ab: Floats, expected: Floats, *, shrinkage: float = SHRINKAGE) -> Floats:
    """The part of the expected weight that a pair has, from 0 to 1, trusted by its orders."""
    return np.clip(_divide(w_ab, expected), 0.0, 1.0) * (n_ab / (n_ab + shrinkage))


def passes_lift(counts: Counts, *, min_lift: float = MIN_LIFT) -> NDArray[np.bool_]:
    """Whether b is in a's orders clearly more often than in all, or in at least half of them anyway.

    "Clearly" takes one standard error (the root of the count) off what was seen, so that five orders with
    a best-seller prove nothing. The second half is for small shops, where one product is in nearly every
    order.
    """
    seen = counts.n_ab - np.sqrt(counts.n_ab)
    lifted: NDArray[np.bool_] = seen * counts.total >= min_lift * counts.n_a * counts.n_b
    passed: NDArray[np.bool_] = lifted | (2.0 * counts.n_ab >= counts.n_a)
    return passed


def _divide(numerator: Floats, denominator: Floats) -> Floats:
    whole = np.broadcast_to(denominator, np.broadcast_shapes(numerator.shape, denominator.shape))
    quotient: Floats = np.divide(numerator, whole, out=np.zeros(whole.shape), where=whole > 0)
    return quotient


Scorer: TypeAlias = Callable[[Counts], Floats]

SCORERS: dict[str, Scorer] = {
    "asymmetric_cosine": score_asymmetric_cosine,
    "confidence": score_confidence,
    "popularity": score_popularity,
}
