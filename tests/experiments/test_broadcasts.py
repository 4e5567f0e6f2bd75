"""A trial on a part of the list is as large as pays, and its leader as uncertain as it says."""

import numpy as np
import pytest

from experiments.broadcasts import chance_leader_is_right, pick_leader, size_trial
from experiments.statistics import Rate


def test_the_size_is_that_of_the_published_formula() -> None:
    assert size_trial(20_000, rate=0.03, spread=0.003).per_version == 2270


def test_no_other_size_brings_clearly_more_clicks() -> None:
    rng = np.random.default_rng(16)
    truth = rng.normal(0.03, 0.003, (40_000, 2))

    def clicks(people: int) -> float:
        seen = rng.binomial(people, truth)
        best = np.take_along_axis(truth, (seen[:, 1:] > seen[:, :1]).astype(int), axis=1)[:, 0]
        return float((people * truth.sum(axis=1) + (20_000 - 2 * people) * best).mean())

    ours = clicks(size_trial(20_000, rate=0.03, spread=0.003).per_version)
    assert all(clicks(people) < ours + 0.5 for people in (200, 800, 5000, 9000))


def test_the_chance_that_the_leader_is_right_is_that_of_a_simulation() -> None:
    rng = np.random.default_rng(17)
    truth = rng.normal(0.03, 0.003, (40_000, 2))
    seen = truth + rng.normal(0, np.sqrt(0.03 * 0.97 / 2000), truth.shape)
    right = np.mean((seen[:, 1] > seen[:, 0]) == (truth[:, 1] > truth[:, 0]))
    assert chance_leader_is_right(2000, rate=0.03, spread=0.003) == pytest.approx(right, abs=0.01)


def test_a_trial_never_takes_more_than_the_list() -> None:
    for people in (2, 3, 10, 1000):
        assert 1 <= size_trial(people, rate=0.03, spread=0.0001).per_version <= people // 2


def test_the_leader_has_the_highest_share() -> None:
    assert pick_leader({"a": Rate(30, 1000), "b": Rate(20, 400), "c": Rate(5, 100)}) == "b"


@pytest.mark.parametrize("rates", [{}, {"a": Rate(1, 2), "b": Rate(0, 0)}])
def test_nobody_leads_before_every_version_was_sent(rates: dict[str, Rate]) -> None:
    with pytest.raises(ValueError, match="at least one person"):
        pick_leader(rates)


@pytest.mark.parametrize(("people", "rate", "spread"), [(1, 0.03, 0.01), (100, 0.0, 0.01), (100, 0.03, 0.0)])
def test_a_trial_that_makes_no_sense_is_refused(people: int, rate: float, spread: float) -> None:
    with pytest.raises(ValueError, match="2 or more"):
        size_trial(people, rate=rate, spread=spread)
