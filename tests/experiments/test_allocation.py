"""A bandit gives more people to what leads, keeps a floor for each arm, and is judged by explorers alone."""

from datetime import timedelta

import pytest

from experiments.allocation import share_out, update_allocation
from experiments.decided import judge
from experiments.looks import take_looks
from experiments.models import AuditEntry, DayTotals, Variant
from experiments.report import read_report
from experiments.running import restart, stop
from experiments.statistics import Rate
from experiments.verdicts import Status
from tests.experiments.people import NOW, make_experiment
from tests.experiments.totals import fill_days


def test_what_leads_gets_most_and_nobody_less_than_the_floor() -> None:
    shares = share_out({"a": Rate(30, 1000), "b": Rate(90, 1000), "c": Rate(30, 1000)}, seed="x")
    assert shares["b"] > 0.65
    assert min(shares.values()) >= 1 / 6 - 1e-9
    assert sum(shares.values()) == pytest.approx(1)


def test_nobody_knows_anything_on_the_first_day() -> None:
    shares = share_out(dict.fromkeys("abcde", Rate(0, 0)), seed="x")
    assert all(share == pytest.approx(0.2, abs=0.02) for share in shares.values())
    assert shares == share_out(dict.fromkeys("abcde", Rate(0, 0)), seed="x")


@pytest.mark.django_db
def test_the_weights_follow_and_only_explorers_are_compared() -> None:
    experiment = make_experiment((1, 1, 1), mode="bandit")
    counts = {"a": {"people": 100, "converted": 3}, "b": {"people": 100, "converted": 30}}
    fill_days(experiment, 5, counts | {"c": {"people": 100, "converted": 3}})
    DayTotals.objects.filter(day__gt=DayTotals.objects.earliest("day").day).update(is_evidence=False)
    update_allocation(experiment, NOW)
    weights = dict(Variant.objects.values_list("key", "weight"))
    assert weights["b"] > weights["a"] + weights["c"]
    assert AuditEntry.objects.get().actor == "allocation, not evidence"
    assert [arm.assigned for arm in read_report(experiment).arms] == [100, 100, 100]


@pytest.mark.django_db
def test_the_weights_move_once_a_day_however_often_the_people_are_counted() -> None:
    experiment = make_experiment((1, 1, 1), mode="bandit")
    counts = {arm: {"people": 100, "converted": 3} for arm in "abc"}
    fill_days(experiment, 3, counts)
    assert update_allocation(experiment, NOW)
    fill_days(experiment, 3, counts | {"b": {"people": 100, "converted": 40}}, start=3)
    assert [update_allocation(experiment, NOW + timedelta(hours=hours)) for hours in (6, 11)] == [{}, {}]
    assert AuditEntry.objects.count() == 1
    assert update_allocation(experiment, NOW + timedelta(days=1))["b"] > 0.6
    assert AuditEntry.objects.count() == 2


@pytest.mark.django_db
def test_a_bandit_that_starts_again_forgets_the_weights_of_that_day() -> None:
    experiment = make_experiment((1, 1, 1), mode="bandit")
    fill_days(experiment, 3, {arm: {"people": 100, "converted": 40 if arm == "b" else 3} for arm in "abc"})
    assert update_allocation(experiment, NOW)["b"] > 0.6
    restarted = restart(stop(experiment, NOW), NOW, why="a wrong link")
    assert update_allocation(restarted, NOW)["b"] < 0.4


@pytest.mark.django_db
def test_a_fixed_split_stays_fixed() -> None:
    assert update_allocation(make_experiment((1, 1, 1)), NOW) == {}


@pytest.mark.django_db
def test_explorers_of_all_days_are_compared_together_however_often_the_allocation_moves() -> None:
    """A few conversions a day would never be enough; dealt evenly all along, they are."""
    experiment = make_experiment((1, 1, 1), mode="bandit", planned_people=4_000)
    counts = {"a": {"people": 50, "converted": 1}, "b": {"people": 50, "converted": 5}}
    for day in range(20):
        fill_days(experiment, 1, counts | {"c": {"people": 50, "converted": 1}}, start=day)
        experiment.variants.filter(key="b").update(weight=2 + day)
    assert experiment.epochs.count() == 20
    take_looks(experiment, NOW)
    assert (judge(experiment).status, judge(experiment).variant) == (Status.BETTER, "b")
