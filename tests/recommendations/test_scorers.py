"""Scorers are pure: what must hold for any counts that a history can have."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommendations.scorers import (
    MIN_SUPPORT,
    SCORERS,
    Counts,
    passes_lift,
    score_asymmetric_cosine,
    score_confidence,
    score_popularity,
)


def counts_of(n_ab: float, n_a: float, n_b: float, *, total: float = 1000, recent_b: float = 0) -> Counts:
    both, left, right, late = (np.array([value], dtype=np.float64) for value in (n_ab, n_a, n_b, recent_b))
    return Counts(both, left, right, both, left, right, late, total)


@st.composite
def possible_counts(draw: st.DrawFn) -> Counts:
    n_ab = draw(st.integers(0, 50))
    n_a, n_b = n_ab + draw(st.integers(0, 200)), n_ab + draw(st.integers(0, 200))
    total = n_a + n_b - n_ab + draw(st.integers(0, 1000))
    return counts_of(n_ab, n_a, n_b, total=total, recent_b=draw(st.integers(0, n_b)))


@pytest.mark.parametrize("name", sorted(SCORERS))
@settings(max_examples=50, derandomize=True)
@given(counts=possible_counts())
def test_every_score_is_a_number_from_0_to_1(name: str, counts: Counts) -> None:
    score = SCORERS[name](counts)
    assert score.shape == counts.n_ab.shape
    assert np.all((score >= 0) & (score <= 1))


@settings(max_examples=50, derandomize=True)
@given(counts=possible_counts())
def test_more_orders_that_hold_both_never_lower_the_score(counts: Counts) -> None:
    more = Counts(
        counts.n_ab + 1,
        counts.n_a + 1,
        counts.n_b + 1,
        counts.w_ab + 1,
        counts.w_a + 1,
        counts.w_b + 1,
        counts.recent_b,
        counts.total + 1,
    )
    for score in (score_confidence, score_asymmetric_cosine):
        assert score(more)[0] >= score(counts)[0] - 1e-12


@settings(max_examples=50, derandomize=True)
@given(counts=possible_counts())
def test_products_never_bought_together_have_no_score(counts: Counts) -> None:
    apart = Counts(
        0 * counts.n_ab,
        counts.n_a,
        counts.n_b,
        0 * counts.w_ab,
        counts.w_a,
        counts.w_b,
        counts.n_b,
        counts.total,
    )
    assert score_confidence(apart)[0] == 0
    assert score_asymmetric_cosine(apart)[0] == 0


def test_confidence_is_the_share_of_orders_that_hold_the_other_too() -> None:
    assert score_confidence(counts_of(30, 60, 200))[0] == 0.5


def test_confidence_says_nothing_below_the_minimum_support() -> None:
    assert score_confidence(counts_of(MIN_SUPPORT - 1, MIN_SUPPORT - 1, 10))[0] == 0
    assert score_confidence(counts_of(MIN_SUPPORT, MIN_SUPPORT, 10))[0] == 1


def test_an_accident_of_two_orders_ranks_behind_a_habit_of_forty() -> None:
    accident, habit = counts_of(2, 2, 2), counts_of(40, 100, 100)
    assert score_asymmetric_cosine(accident)[0] < score_asymmetric_cosine(habit)[0]


def test_a_charger_goes_with_a_phone_more_than_a_phone_with_a_charger() -> None:
    from_phone, from_charger = counts_of(40, 50, 400), counts_of(40, 400, 50)
    assert score_asymmetric_cosine(from_phone)[0] > score_asymmetric_cosine(from_charger)[0]


def test_popularity_counts_late_orders_only() -> None:
    assert score_popularity(counts_of(0, 10, 500, recent_b=20))[0] == 0.02


@pytest.mark.parametrize(
    ("n_ab", "n_a", "n_b", "passes"),
    [
        (5, 50, 100, False),  # exactly chance: a best-seller that is in every tenth order
        (6, 54, 45, False),  # twice of it, but six orders are too few to say so
        (20, 54, 45, True),
        (45, 50, 950, True),  # in nearly every order, and with this product too
    ],
)
def test_a_pair_must_be_more_than_chance(n_ab: int, n_a: int, n_b: int, passes: bool) -> None:
    assert bool(passes_lift(counts_of(n_ab, n_a, n_b))[0]) is passes
