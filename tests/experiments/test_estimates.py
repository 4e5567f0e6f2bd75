"""The estimates agree with closed forms, are symmetric, and don't take emails for people."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from experiments.estimates import (
    Estimate,
    JointMoments,
    Kind,
    combine_epochs,
    estimate_adjusted,
    estimate_means,
    estimate_rates,
    estimate_ratios,
)
from experiments.statistics import Moments, Rate, compare_means, compare_rates, find_cap, summarise

Floats = NDArray[np.float64]
quickly = settings(max_examples=100, derandomize=True, deadline=None)
rates = st.integers(2, 5000).flatmap(
    lambda trials: st.builds(Rate, successes=st.integers(0, trials), trials=st.just(trials))
)
few_people = st.lists(st.tuples(st.floats(0, 100), st.floats(1, 10)), min_size=3, max_size=30)


def joint(number: Floats, other: Floats) -> JointMoments:
    sums = number.sum(), (number**2).sum(), other.sum(), (other**2).sum(), (number * other).sum()
    return JointMoments(len(number), *map(float, sums))


def known(estimate: Estimate | None) -> Estimate:
    assert estimate is not None
    return estimate


@quickly
@given(rates, rates)
def test_rates_are_tested_as_by_the_chi_square_of_the_table(a: Rate, b: Rate) -> None:
    comparison = compare_rates(a, b)
    assert comparison is not None
    assert 2 * stats.norm.sf(abs(known(estimate_rates(a, b)).z)) == pytest.approx(
        comparison.p_value, abs=1e-9
    )


@quickly
@given(rates, rates, st.floats(0.1, 6))
def test_swapping_the_arms_turns_the_interval_round(a: Rate, b: Rate, reach: float) -> None:
    there, back = known(estimate_rates(a, b)), known(estimate_rates(b, a))
    assert there.z == pytest.approx(-back.z)
    assert there.interval(reach).low == pytest.approx(-back.interval(reach).high, abs=1e-12)
    assert there.interval(reach).low <= there.difference + 1e-12


def test_the_published_comparison_of_rates() -> None:
    estimate = known(estimate_rates(Rate(420, 14_000), Rate(504, 14_000)))
    interval = estimate.interval(float(stats.norm.isf(0.025)))
    assert (interval.low, interval.high) == pytest.approx((0.0018154, 0.0101982), abs=1e-7)  # statsmodels
    assert estimate.lift == pytest.approx(0.2)


def test_the_lifts_interval_covers_as_often_as_it_says_at_a_low_rate() -> None:
    rng, reach = np.random.default_rng(4), float(stats.norm.isf(0.025))
    counts = rng.binomial(1500, (0.03, 0.036), (2000, 2))
    lifts = [
        known(estimate_rates(Rate(int(a), 1500), Rate(int(b), 1500))).lift_interval(reach) for a, b in counts
    ]
    covered = np.mean([lift is not None and lift.holds(0.2) for lift in lifts])
    assert 0.935 < covered < 0.975


def test_an_unequal_split_errs_no_more_often_than_an_equal_one() -> None:
    rng = np.random.default_rng(5)
    few, many = rng.binomial(1400, 0.03, 3000), rng.binomial(12_600, 0.03, 3000)
    z = [
        known(estimate_rates(Rate(int(a), 12_600), Rate(int(b), 1400))).z
        for a, b in zip(many, few, strict=True)
    ]
    assert 0.035 < np.mean(np.abs(z) > 1.96) < 0.062


@quickly
@given(few_people, few_people)
def test_means_have_welchs_error(xs: list[tuple[float, float]], ys: list[tuple[float, float]]) -> None:
    a, b = (summarise([x for x, _ in people], people=len(people)) for people in (xs, ys))
    estimate, comparison = estimate_means(a, b), compare_means(a, b)
    if comparison is not None:
        assert known(estimate).difference == pytest.approx(comparison.estimate)
        reach = known(estimate).interval(1.0).high - comparison.estimate
        assert reach == pytest.approx(math.sqrt(a.variance / a.count + b.variance / b.count), rel=1e-6)


@quickly
@given(few_people)
def test_a_ratio_over_a_constant_is_the_mean(people: list[tuple[float, float]]) -> None:
    number = np.array([x for x, _ in people])
    arm, other = joint(number, np.ones(len(number))), joint(number + 1, np.ones(len(number)))
    ratio, mean = known(estimate_ratios(arm, other)), known(estimate_means(arm.number, other.number))
    assert (ratio.difference, ratio.error) == pytest.approx((mean.difference, mean.error), rel=1e-6, abs=1e-6)
    assert ratio.kind is Kind.RATIO


def test_a_ratio_counts_people_where_counting_emails_errs() -> None:
    rng, people = np.random.default_rng(6), 300
    by_person, by_email = [], []
    for _ in range(600):
        arms = []
        for _ in range(2):
            emails = 1 + rng.poisson(3, people)
            arms.append(
                joint(rng.binomial(emails, rng.beta(0.3, 2.7, people)).astype(float), emails.astype(float))
            )
        by_person.append(known(estimate_ratios(*arms)).z)
        by_email.append(known(estimate_rates(*(Rate(int(a.total), int(a.other_total)) for a in arms))).z)
    assert np.mean(np.abs(by_person) > 1.96) < 0.08
    assert np.mean(np.abs(by_email) > 1.96) > 0.1


def test_adjusting_by_the_past_takes_away_what_the_past_explains() -> None:
    rng = np.random.default_rng(7)
    past = rng.gamma(2, 20, (2, 4000))
    now = 0.5 * past + rng.normal(5, 10, past.shape) + np.array([[0.0], [1.0]])
    arms = [joint(y, x) for y, x in zip(now, past, strict=True)]
    plain, adjusted = known(estimate_means(*(arm.number for arm in arms))), known(estimate_adjusted(*arms))
    correlation = np.corrcoef(
        (now - now.mean(axis=1, keepdims=True)).ravel(), (past - past.mean(axis=1, keepdims=True)).ravel()
    )[0, 1]
    assert adjusted.error / plain.error == pytest.approx(math.sqrt(1 - correlation**2), rel=1e-3)
    assert adjusted.interval(3.3).holds(1.0)


def test_a_past_that_nobody_has_adjusts_nothing() -> None:
    arms = [joint(np.array([1.0, 2.0, 4.0]), np.zeros(3)), joint(np.array([2.0, 2.0, 9.0]), np.zeros(3))]
    assert estimate_adjusted(*arms) == estimate_means(arms[0].number, arms[1].number)


def test_ten_conversions_an_arm_are_enough_and_nine_are_not() -> None:
    assert known(estimate_rates(Rate(10, 500), Rate(10, 500))).is_enough
    assert not known(estimate_rates(Rate(9, 500), Rate(30, 500))).is_enough


def test_one_huge_order_is_not_ten_peoples_worth() -> None:
    steady, whale = summarise([50.0] * 12, people=900), summarise([50.0] * 11 + [9000.0], people=900)
    assert known(estimate_means(steady, steady)).is_enough
    assert not known(estimate_means(steady, whale)).is_enough
    capped = summarise([50.0] * 11 + [9000.0], people=900, cap=find_cap([50.0] * 99 + [80.0]))
    assert known(estimate_means(steady, capped)).is_enough


def test_where_there_is_nothing_to_compare_there_is_no_estimate() -> None:
    nobody, somebody = joint(np.zeros(0), np.zeros(0)), joint(np.ones(3), np.zeros(3))
    assert estimate_rates(Rate(0, 0), Rate(1, 2)) is None
    assert estimate_means(Moments(1, 1.0, 1.0), Moments(9, 1.0, 1.0)) is None
    assert estimate_ratios(nobody, somebody) is None
    assert estimate_ratios(somebody, somebody) is None
    assert estimate_adjusted(nobody, somebody) is None


def test_without_any_variation_there_is_no_difference_and_no_lift() -> None:
    estimate = known(estimate_rates(Rate(0, 50), Rate(0, 50)))
    assert (estimate.z, estimate.lift, estimate.lift_interval(2.0)) == (0.0, None, None)


def test_a_better_month_with_other_weights_does_not_look_like_a_better_arm() -> None:
    quiet = Rate(100, 5000), Rate(100, 5000)
    busy = Rate(60, 1000), Rate(540, 9000)
    pooled = known(
        estimate_rates(
            *(Rate(a.successes + b.successes, a.trials + b.trials) for a, b in zip(quiet, busy, strict=True))
        )
    )
    combined = known(combine_epochs([known(estimate_rates(*quiet)), known(estimate_rates(*busy))]))
    assert pooled.z > 5
    assert combined.z == pytest.approx(0, abs=1e-12)
    assert combined.lift == pytest.approx(0, abs=1e-12)
    assert combined.people == pooled.people


def test_an_epoch_cut_in_two_says_the_same() -> None:
    whole = known(estimate_rates(Rate(400, 10_000), Rate(480, 10_000)))
    half = known(estimate_rates(Rate(200, 5000), Rate(240, 5000)))
    combined = known(combine_epochs([half, half]))
    assert combined.z == pytest.approx(whole.z)
    ends = [(i.low, i.high) for i in (combined.lift_interval(2.0), whole.lift_interval(2.0)) if i]
    assert ends[0] == pytest.approx(ends[1], rel=1e-9)


def test_no_epoch_is_no_estimate_and_one_is_itself() -> None:
    one = known(estimate_rates(Rate(20, 500), Rate(30, 500)))
    assert combine_epochs([]) is None
    assert combine_epochs([one]) is one
