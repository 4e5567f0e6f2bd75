"""The boundaries agree with the published table, and all looks together cost what was planned."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from experiments.boundaries import (
    HYBRID,
    Design,
    chances_to_decide,
    combined_reaches,
    plan_reaches,
    reach_of_sequence,
    spend_obrien_fleming,
)

DAILY = tuple(day / 28 for day in range(1, 29))
PLAN_ALONE = Design(plan_alpha=0.05, sequence_alpha=0.0)
few = settings(max_examples=15, derandomize=True, deadline=None)
fractions = st.lists(st.integers(1, 99), min_size=1, max_size=12, unique=True).map(
    lambda days: (*(day / 100 for day in sorted(days)), 1.0)
)


def errors_over_time(reaches: tuple[float, ...], at: tuple[float, ...], *, runs: int = 20_000) -> float:
    steps = np.random.default_rng(11).normal(size=(runs, len(at))) * np.sqrt(np.diff(at, prepend=0))
    z = np.abs(np.cumsum(steps, axis=1)) / np.sqrt(at)
    return float((z >= reaches).any(axis=1).mean())


def test_five_looks_agree_with_the_published_obrien_fleming_table() -> None:
    published = (4.8769, 3.3569, 2.6803, 2.2898, 2.0310)  # sfLDOF at one-sided 0.025
    assert plan_reaches((0.2, 0.4, 0.6, 0.8, 1.0), 0.05) == pytest.approx(published, abs=1e-3)


def test_a_single_look_is_the_ordinary_test() -> None:
    assert plan_reaches((1.0,), 0.05) == pytest.approx((stats.norm.isf(0.025),), abs=1e-6)


@few
@given(fractions, st.sampled_from([0.01, 0.04, 0.1]))
def test_a_plan_spends_its_alpha_wherever_the_looks_are(at: tuple[float, ...], alpha: float) -> None:
    spent = chances_to_decide(at, plan_reaches(at, alpha), 0.0)
    assert spent[-1] == pytest.approx(alpha, rel=1e-4)
    assert spent[0] == pytest.approx(spend_obrien_fleming(at[0], alpha), rel=1e-4, abs=1e-12)


@few
@given(fractions)
def test_no_boundary_is_above_that_of_plan_and_sequence_side_by_side(at: tuple[float, ...]) -> None:
    plan = plan_reaches(at, HYBRID.plan_alpha)
    beside = [min(a, reach_of_sequence(b, HYBRID)) for a, b in zip(plan, at, strict=True)]
    combined = combined_reaches(at, HYBRID, ended=True)
    assert combined[:-1] == tuple(beside[:-1])
    assert combined[-1] < beside[-1]


def test_a_boundary_depends_on_no_later_look() -> None:
    assert (
        combined_reaches(DAILY[:10], HYBRID, ended=False) == combined_reaches(DAILY, HYBRID, ended=True)[:10]
    )


def test_looking_for_ever_costs_five_per_cent_at_most() -> None:
    later = tuple(np.geomspace(1.03, 1000, 400))
    reaches = combined_reaches(DAILY, HYBRID, ended=True) + tuple(reach_of_sequence(t, HYBRID) for t in later)
    within = chances_to_decide(DAILY, reaches[:28], 0.0)[-1]
    assert within == pytest.approx(0.0457, abs=2e-4)  # the rest of the 5 % is the sequence's, for ever
    assert 0.042 < errors_over_time(reaches, DAILY + later) < 0.053


def test_keeping_the_plans_last_boundary_after_the_plan_would_cost_twice_as_much() -> None:
    later = tuple(day / 28 for day in range(29, 57))
    reaches = plan_reaches(DAILY, 0.05)
    assert errors_over_time(reaches + reaches[-1:] * 28, DAILY + later) > 0.1


def test_a_plan_that_ends_with_fewer_people_spends_what_is_left() -> None:
    short = tuple(0.7 * t for t in DAILY)
    going_on, ended = (combined_reaches(short, HYBRID, ended=ended) for ended in (False, True))
    assert ended[:-1] == going_on[:-1]
    assert ended[-1] < going_on[-1] - 0.3
    assert 0.04 < errors_over_time(ended, short) < 0.053


def test_looks_that_bring_next_to_nothing_are_no_error_and_never_cheaper() -> None:
    crowded = (0.3, 0.3, 0.2999, 0.30001, 0.6, 1.0)
    calm = combined_reaches((0.3, 0.6, 1.0), HYBRID, ended=True)
    assert combined_reaches(crowded, HYBRID, ended=True)[-1] >= calm[-1] - 1e-6


def test_a_design_shared_by_more_asks_for_more() -> None:
    alone, shared = (combined_reaches(DAILY, HYBRID.shared_by(n), ended=True) for n in (1, 4))
    assert all(a < b for a, b in zip(alone, shared, strict=True))
    assert chances_to_decide(DAILY, shared, 0.0)[-1] < HYBRID.alpha / 4


def test_with_the_sequence_left_out_the_plan_alone_remains() -> None:
    assert combined_reaches(DAILY, PLAN_ALONE, ended=True) == pytest.approx(
        plan_reaches(DAILY, 0.05), abs=1e-6
    )


def test_the_chance_to_decide_is_that_of_a_simulation() -> None:
    reaches = combined_reaches(DAILY, HYBRID, ended=True)
    steps = np.random.default_rng(3).normal(2.8 / 28, 28**-0.5, size=(20_000, 28))
    z = np.abs(np.cumsum(steps, axis=1)) / np.sqrt(DAILY)
    found = (z >= reaches).any(axis=1).mean()
    assert chances_to_decide(DAILY, reaches, 2.8)[-1] == pytest.approx(found, abs=0.012)


def test_no_look_yet_means_no_boundary() -> None:
    assert combined_reaches((), HYBRID, ended=False) == ()


def test_a_look_before_anybody_counts_is_refused() -> None:
    with pytest.raises(ValueError, match="once somebody counts"):
        combined_reaches((0.0, 0.5), HYBRID, ended=False)


@pytest.mark.parametrize("rates", [(-0.01, 0.05), (0.0, 0.0), (0.6, 0.4)])
def test_a_design_that_makes_no_sense_is_refused(rates: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="below 1 together"):
        Design(*rates)
