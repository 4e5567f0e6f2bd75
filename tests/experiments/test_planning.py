"""A plan takes as many people as the verdict then needs, and says what speaks against it."""

import numpy as np
import pytest

from experiments.boundaries import HYBRID, combined_reaches
from experiments.planning import Caution, Traffic, plan_means, plan_rates, required_drift, spread_over_people


def test_daily_looks_cost_a_few_per_cent_more_people_than_one_look() -> None:
    needs = plan_rates(0.03, 0.2, Traffic(1000))
    once = 2 * 13_914  # Fleiss, section 4.2: one look at 5 %, power 80 %
    assert once < needs.people < 1.1 * once
    assert (needs.compared, needs.days) == (needs.people, 30 + 7)
    assert needs.cautions == ()


def test_with_that_many_people_four_of_five_experiments_find_the_effect() -> None:
    needs, rng = plan_rates(0.05, 0.15, Traffic(2000)), np.random.default_rng(15)
    daily = needs.people // 2 // 20
    counts = np.cumsum(rng.binomial(daily, (0.05, 0.0575), (4000, 20, 2)), axis=1)
    people = daily * np.arange(1, 21)
    pooled = counts.sum(axis=2) / (2 * people)
    z = (counts[..., 1] - counts[..., 0]) / people / np.sqrt(pooled * (1 - pooled) * 2 / people)
    reaches = combined_reaches(tuple(n / 20 for n in range(1, 21)), HYBRID, ended=True)
    assert 0.77 < (np.abs(z) >= reaches).any(axis=1).mean() < 0.83


def test_a_plan_for_means_agrees_with_one_for_rates_of_the_same_spread() -> None:
    rate, mean = plan_rates(0.5, 0.02, Traffic(5000)), plan_means(0.5, 0.5, 0.02, Traffic(5000))
    assert mean.people == pytest.approx(rate.people, rel=0.001)


def test_more_variants_and_smaller_shares_take_more_people() -> None:
    two, four = plan_rates(0.03, 0.2, Traffic(1000)), plan_rates(0.03, 0.2, Traffic(1000, (1, 1, 1, 1)))
    assert four.compared > 1.2 * two.compared
    assert four.people == pytest.approx(2 * four.compared, abs=2)
    assert plan_rates(0.03, 0.2, Traffic(1000, (0.9, 0.1))).people > 2.5 * two.people


def test_the_effect_of_four_weeks_is_what_four_weeks_would_find() -> None:
    needs = plan_rates(0.03, 0.1, Traffic(1000))
    again = plan_rates(0.03, needs.effect_in_four_weeks, Traffic(1000))
    assert again.people == pytest.approx(28_000, rel=0.07)


def test_a_week_that_is_longer_than_needed_does_not_hide_what_four_weeks_would_find() -> None:
    hasty = plan_rates(0.2, 0.1, Traffic(20_000))
    assert Caution.TOO_SHORT in hasty.cautions
    again = plan_rates(0.2, hasty.effect_in_four_weeks, Traffic(20_000))
    assert again.people == pytest.approx(28 * 20_000, rel=0.07)


@pytest.mark.parametrize(
    ("baseline", "effect", "traffic", "caution"),
    [
        (0.01, 0.05, Traffic(200), Caution.TOO_LONG),
        (0.2, 0.2, Traffic(20_000), Caution.TOO_SHORT),
        (0.02, 1.0, Traffic(300), Caution.FEW_CONVERSIONS),
        (0.02, 0.5, Traffic(500), Caution.LARGE_EFFECT),
        (0.05, 0.2, Traffic(5000, (0.95, 0.05)), Caution.SMALL_ARM),
    ],
)
def test_what_speaks_against_a_plan_is_said(
    baseline: float, effect: float, traffic: Traffic, caution: Caution
) -> None:
    assert caution in plan_rates(baseline, effect, traffic).cautions


def test_a_plan_lasts_a_week_at_least() -> None:
    needs = plan_rates(0.2, 0.2, Traffic(20_000, window_days=3))
    assert (needs.days, needs.people) == (10, 140_000)


@pytest.mark.parametrize(("baseline", "effect"), [(0.0, 0.2), (0.6, 0.7), (0.03, 0.0), (0.03, -1.0)])
def test_rates_that_can_not_be_are_refused(baseline: float, effect: float) -> None:
    with pytest.raises(ValueError, match="can't be planned"):
        plan_rates(baseline, effect, Traffic(1000))


def test_other_things_that_can_not_be_are_refused() -> None:
    with pytest.raises(ValueError, match="deviation above 0"):
        plan_means(10, 0, 0.1, Traffic(10))
    with pytest.raises(ValueError, match="two shares"):
        Traffic(10, (1.0,))
    with pytest.raises(ValueError, match="power of 1"):
        required_drift(HYBRID, 1)


def test_what_people_spend_has_the_mean_and_spread_of_the_orders_and_the_zeros() -> None:
    rng = np.random.default_rng(4)
    orders = rng.lognormal(4, 0.8, 400_000)
    spent = np.where(rng.random(400_000) < 0.03, orders, 0.0)
    expected = spread_over_people(0.03, orders.mean(), orders.std())
    assert (spent.mean(), spent.std()) == pytest.approx(expected, rel=0.03)
    with pytest.raises(ValueError, match="between 0 and 1"):
        spread_over_people(0, 10, 1)
