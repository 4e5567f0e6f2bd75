"""The sequence agrees with an outside implementation and misses the truth as seldom as it says, for ever."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.estimates import estimate_rates
from experiments.sequences import always_valid_p, sequence_evidence, sequence_reach, tune_spread
from experiments.statistics import Rate

quickly = settings(max_examples=100, derandomize=True, deadline=None)


def test_the_band_is_that_of_gbstats() -> None:
    estimate = estimate_rates(Rate(420, 14_000), Rate(504, 14_000))
    assert estimate is not None
    reach = sequence_reach(estimate.people, tuned_for=14_000, alpha=0.05)
    ends = estimate.difference - reach * estimate.error, estimate.difference + reach * estimate.error
    assert ends == pytest.approx((-0.0005356828, 0.0125356828), abs=1e-10)
    p_value = always_valid_p(estimate.difference / estimate.error, 28_000, tuned_for=14_000, alpha=0.05)
    assert p_value == pytest.approx(0.0999914, abs=1e-7)


@quickly
@given(st.integers(1, 10**7), st.integers(1, 10**6), st.floats(0.001, 0.2))
def test_at_the_edge_of_the_band_the_evidence_is_one_over_alpha(people: int, size: int, alpha: float) -> None:
    reach = sequence_reach(people, tuned_for=size, alpha=alpha)
    information = people * tune_spread(size, alpha=alpha)
    assert sequence_evidence(reach, information) == pytest.approx(1 / alpha, rel=1e-9)
    assert always_valid_p(reach, people, tuned_for=size, alpha=alpha) == pytest.approx(alpha, rel=1e-9)


def test_the_band_is_about_narrowest_at_the_size_it_is_tuned_for() -> None:
    def reach(size: int) -> float:
        return sequence_reach(10_000, tuned_for=size, alpha=0.05)

    assert reach(10_000) < min(reach(1_000), reach(100_000))
    assert reach(10_000) < 1.002 * min(reach(size) for size in range(5_000, 20_000, 500))


def test_nobody_counted_means_an_endless_band() -> None:
    assert sequence_reach(0, tuned_for=100, alpha=0.05) == math.inf


def test_a_sequence_looked_at_a_thousand_times_errs_less_than_it_may() -> None:
    people = np.unique(np.geomspace(100, 1_000_000, 1000).astype(int))
    steps = np.random.default_rng(1).normal(size=(2000, people.size)) * np.sqrt(np.diff(people, prepend=0))
    z = np.abs(np.cumsum(steps, axis=1)) / np.sqrt(people)
    reaches = [sequence_reach(int(n), tuned_for=10_000, alpha=0.05) for n in people]
    missed = (z > reaches).any(axis=1).mean()
    assert 0.015 < missed < 0.055  # a fixed 1.96 would miss in three of four


@pytest.mark.parametrize(("size", "alpha"), [(0, 0.05), (10, 0.0), (10, 1.0)])
def test_a_sequence_that_makes_no_sense_is_refused(size: int, alpha: float) -> None:
    with pytest.raises(ValueError, match="at least 1 person"):
        sequence_reach(10, tuned_for=size, alpha=alpha)
