"""The arithmetic agrees with closed forms, is symmetric, and its intervals cover as often as they say."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from experiments.statistics import (
    Moments,
    Rate,
    compare_means,
    compare_rates,
    find_cap,
    mismatch_p_value,
    relative_lift,
    summarise,
    wilson_interval,
)

quickly = settings(max_examples=100, derandomize=True, deadline=None)
rates = st.integers(1, 5000).flatmap(
    lambda trials: st.builds(Rate, successes=st.integers(0, trials), trials=st.just(trials))
)
amounts = st.lists(st.floats(0, 1000), min_size=3, max_size=40).filter(lambda xs: np.std(xs) > 0.01)


def moments(values: list[float]) -> Moments:
    return summarise(values, people=len(values))


@quickly
@given(rates)
def test_one_rates_interval_is_wilsons(rate: Rate) -> None:
    ours = wilson_interval(rate)
    theirs = stats.binomtest(rate.successes, rate.trials).proportion_ci(method="wilson")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_the_difference_of_rates_is_newcombes_published_example() -> None:
    difference = compare_rates(Rate(48, 80), Rate(56, 70))
    assert difference is not None
    assert difference.estimate == pytest.approx(0.2)
    assert (difference.interval.low, difference.interval.high) == pytest.approx((0.0524, 0.3339), abs=1e-4)


@quickly
@given(rates, rates)
def test_the_p_value_is_that_of_the_chi_square_of_the_table(a: Rate, b: Rate) -> None:
    difference = compare_rates(a, b)
    assert difference is not None
    table = [[r.successes, r.trials - r.successes] for r in (a, b)]
    if 0 in np.sum(table, axis=0):
        assert difference.p_value == 1
    else:
        expected = stats.chi2_contingency(table, correction=False).pvalue
        assert difference.p_value == pytest.approx(expected, rel=1e-6, abs=1e-12)


@quickly
@given(rates, rates)
def test_swapping_the_arms_turns_the_difference_round(a: Rate, b: Rate) -> None:
    there, back = compare_rates(a, b), compare_rates(b, a)
    assert there is not None
    assert back is not None
    assert there.estimate == pytest.approx(-back.estimate)
    assert there.interval.low == pytest.approx(-back.interval.high)
    assert there.p_value == pytest.approx(back.p_value)
    assert -1 - 1e-9 <= there.interval.low <= there.estimate + 1e-9 <= there.interval.high + 2e-9 <= 1 + 3e-9


@quickly
@given(rates, rates)
def test_swapping_the_arms_inverts_the_lift(a: Rate, b: Rate) -> None:
    there, back = relative_lift(a, b), relative_lift(b, a)
    if there is None or back is None:
        assert 0 in (a.successes, b.successes)
    else:
        assert (1 + there[0]) * (1 + back[0]) == pytest.approx(1)
        assert (1 + there[1].low) * (1 + back[1].high) == pytest.approx(1)


def test_a_lift_is_the_one_computed_by_hand() -> None:
    lift = relative_lift(Rate(420, 14_000), Rate(504, 14_000))
    assert lift is not None
    reach = math.exp(1.959964 * math.sqrt(1 / 420 + 1 / 504 - 2 / 14_000))
    assert lift[0] == pytest.approx(0.2)
    assert (lift[1].low, lift[1].high) == pytest.approx((1.2 / reach - 1, 1.2 * reach - 1))


@quickly
@given(amounts, amounts)
def test_the_difference_of_means_is_welchs(a: list[float], b: list[float]) -> None:
    ours, theirs = compare_means(moments(a), moments(b)), stats.ttest_ind(b, a, equal_var=False)
    assert ours is not None
    interval = theirs.confidence_interval()
    assert (ours.interval.low, ours.interval.high) == pytest.approx(
        (interval.low, interval.high), rel=1e-6, abs=1e-3
    )
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-3, abs=1e-9)


@pytest.mark.parametrize("rate", [0.002, 0.03, 0.3])
def test_the_interval_of_rates_covers_as_often_as_it_says(rate: float) -> None:
    draws = np.random.default_rng(1).binomial([4000, 1000], [rate, rate * 1.2], size=(2000, 2))
    results = [compare_rates(Rate(int(x), 4000), Rate(int(y), 1000)) for x, y in draws]
    covered = np.mean([result.interval.holds(rate * 0.2) for result in results if result])
    assert 0.935 <= covered <= 0.985


@pytest.mark.parametrize("rate", [0.03, 0.1])
def test_the_interval_of_the_lift_covers_as_often_as_it_says(rate: float) -> None:
    draws = np.random.default_rng(2).binomial(1500, [rate, rate * 1.2], size=(2000, 2))
    lifts = [relative_lift(Rate(int(x), 1500), Rate(int(y), 1500)) for x, y in draws]
    covered = np.mean([lift[1].holds(0.2) for lift in lifts if lift])
    assert 0.935 <= covered <= 0.975


def test_two_equal_arms_differ_in_one_look_of_twenty() -> None:
    draws = np.random.default_rng(3).binomial([9000, 1000], 0.03, size=(3000, 2))
    results = [compare_rates(Rate(int(x), 9000), Rate(int(y), 1000)) for x, y in draws]
    assert 0.038 <= np.mean([result.p_value < 0.05 for result in results if result]) <= 0.062


def test_revenue_of_two_equal_arms_differs_in_at_most_one_look_of_twenty() -> None:
    generator = np.random.default_rng(4)
    spend = generator.lognormal(4, 1.2, (600, 2, 2000)) * (generator.random((600, 2, 2000)) < 0.03)
    results = [
        compare_means(*(summarise(arm, people=2000, cap=500) for arm in experiment)) for experiment in spend
    ]
    assert np.mean([result.p_value < 0.05 for result in results if result]) <= 0.07


def test_an_empty_arm_compares_with_nothing() -> None:
    assert compare_rates(Rate(0, 0), Rate(1, 2)) is None
    assert relative_lift(Rate(0, 10), Rate(1, 10)) is None
    assert compare_means(Moments(1, 5, 25), moments([1.0, 2.0])) is None
    assert compare_means(moments([0.0, 0.0]), moments([0.0, 0.0])) is None


def test_more_successes_than_people_are_refused() -> None:
    with pytest.raises(ValueError, match="3 of 2 is no rate"):
        Rate(3, 2)


def test_amounts_are_cut_at_the_cap_and_silent_people_count_as_nothing() -> None:
    assert summarise([10, 5000], people=4, cap=100) == Moments(4, 110, 10_100)
    with pytest.raises(ValueError, match="3 amounts for 2 people"):
        summarise([1, 2, 3], people=2)


def test_the_cap_is_the_99th_percentile_of_the_past() -> None:
    assert find_cap(range(101)) == 99
    assert find_cap([]) == math.inf


@quickly
@given(st.lists(st.integers(1, 5000), min_size=2, max_size=5))
def test_the_mismatch_is_pearsons_chi_square(counts: list[int]) -> None:
    weights = [1 + n for n in range(len(counts))]
    expected = [sum(counts) * weight / sum(weights) for weight in weights]
    assert mismatch_p_value(counts, weights) == pytest.approx(stats.chisquare(counts, expected).pvalue)


def test_shares_as_planned_raise_no_alarm_and_lopsided_ones_do() -> None:
    fair, lopsided = (
        mismatch_p_value([21_307, 21_387, 21_306], [1, 1, 1]),
        mismatch_p_value([540, 460], [1, 1]),
    )
    assert fair == pytest.approx(0.904, abs=1e-3)
    assert lopsided is not None
    assert lopsided < 0.02
    assert mismatch_p_value([0, 0], [1, 1]) is None
    assert mismatch_p_value([5], [1]) is None
