"""Looks are taken once a day, caught up truthfully, and decide; alarms stay; a page reads totals only."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest

from experiments.decided import decide_day, judge
from experiments.looks import read_estimate, take_looks
from experiments.models import Alarm, AuditEntry, DayTotals, Decision, Experiment, Look
from experiments.report import read_report
from experiments.verdicts import Status
from tests.experiments.people import NOW, make_experiment
from tests.experiments.totals import FIRST, fill_days
from tests.queries import count_statements

pytestmark = pytest.mark.django_db

SAME = {"a": {"people": 500, "converted": 15}, "b": {"people": 500, "converted": 15}}
BETTER = {"a": {"people": 500, "converted": 15}, "b": {"people": 500, "converted": 30}}


def make_test(**fields: Any) -> Experiment:
    return make_experiment(planned_people=28_000, **fields)


def stripped(looks: list[Look]) -> list[dict[str, Any]]:
    dropped = ("_state", "id", "taken_at", "experiment_id")
    return [{k: v for k, v in vars(look).items() if k not in dropped} for look in looks]


def test_a_look_is_taken_once_however_often_somebody_asks() -> None:
    experiment = make_test()
    fill_days(experiment, 3, SAME)
    first = take_looks(experiment, NOW)
    assert first == Look.objects.count() > 0
    assert take_looks(experiment, NOW + timedelta(hours=3)) == 0
    read_report(experiment)
    assert Look.objects.count() == first


def test_a_look_taken_late_is_the_one_that_would_have_been_taken_in_time() -> None:
    daily, late = make_test(), make_test(key="late", salt="late")
    for day in range(6):
        fill_days(daily, 1, BETTER, start=day)
        take_looks(daily, NOW + timedelta(days=day))
    fill_days(late, 6, BETTER)
    take_looks(late, NOW + timedelta(days=40))
    rows = [list(Look.objects.filter(experiment=e).order_by("day", "pk")) for e in (daily, late)]
    assert stripped(rows[0]) == stripped(rows[1])


def test_days_on_which_somebody_is_still_within_the_window_wait() -> None:
    experiment = make_test()
    fill_days(experiment, 3, SAME)
    fill_days(experiment, 2, SAME, start=3, is_matured=False)
    take_looks(experiment, NOW)
    last = Look.objects.filter(metric="conversion").latest("day")
    assert (last.day, last.people, last.number) == (FIRST + timedelta(days=2), 3000, 3)


def test_a_look_with_too_few_conversions_is_skipped_and_says_so() -> None:
    experiment = make_test()
    fill_days(experiment, 1, {"a": {"people": 50, "converted": 9}, "b": {"people": 50, "converted": 12}})
    take_looks(experiment, NOW)
    assert Look.objects.get(metric="conversion").skipped == "few_conversions"
    assert judge(experiment).findings[1].day is None


def test_a_clear_difference_is_called_with_its_reason_and_kept() -> None:
    experiment = make_test()
    fill_days(experiment, 8, BETTER)
    take_looks(experiment, NOW)
    verdict = decide_day(experiment, NOW)
    assert (verdict.status, verdict.variant) == (Status.BETTER, "b")
    stored = Decision.objects.get()
    assert (stored.status, stored.arm, stored.words) == ("better", "b", verdict.words)
    assert "more orders per 100 people" in verdict.words


def test_the_plans_last_day_ends_it_also_with_fewer_people() -> None:
    experiment = make_test(ends_on=FIRST + timedelta(days=4))
    fill_days(experiment, 5, SAME)
    take_looks(experiment, NOW)
    assert judge(experiment).status is Status.UNDECIDED


def test_arms_are_compared_within_an_epoch_only() -> None:
    """A good month with most people in b, a bad one with most in a: pooled, b looks twice as good."""
    experiment = make_test()
    fill_days(experiment, 4, {"a": {"people": 100, "converted": 20}, "b": {"people": 900, "converted": 180}})
    experiment.variants.filter(key="a").update(weight=0.9)
    experiment.variants.filter(key="b").update(weight=0.1)
    later = {"a": {"people": 900, "converted": 9}, "b": {"people": 100, "converted": 1}}
    fill_days(experiment, 4, later, start=4)
    take_looks(experiment, NOW)
    look = Look.objects.filter(metric="conversion").latest("day")
    assert look.estimate
    assert abs(look.estimate["difference"]) < 1e-12
    assert experiment.epochs.count() == 2


def test_a_broken_split_blocks_the_verdict_and_stays() -> None:
    experiment = make_test()
    fill_days(experiment, 8, {"a": {"people": 700, "converted": 15}, "b": {"people": 300, "converted": 30}})
    take_looks(experiment, NOW)
    assert decide_day(experiment, NOW).status is Status.BLOCKED
    evened = {"a": {"people": 1000, "converted": 15}, "b": {"people": 1400, "converted": 30}}
    fill_days(experiment, 8, evened, start=8)
    take_looks(experiment, NOW + timedelta(days=8))
    assert decide_day(experiment, NOW + timedelta(days=8)).status is Status.BLOCKED
    assert Alarm.objects.get().metric == "split"


def test_harm_is_found_before_any_window_is_over() -> None:
    experiment = make_test()
    counts = {
        "a": {"people": 500, "converted": 15, "unsubscribed": 1},
        "b": {"people": 500, "converted": 15, "unsubscribed": 9},
    }
    fill_days(experiment, 5, counts, is_matured=False)
    verdict = decide_day(experiment, NOW)
    assert (verdict.status, verdict.variant) == (Status.HARMFUL, "b")


def test_people_who_get_nothing_cannot_unsubscribe_and_that_is_no_alarm() -> None:
    experiment = make_experiment((1,), holdout_share=0.05)
    counts = {"a": {"people": 950, "unsubscribed": 5}, "": {"people": 50}}
    fill_days(experiment, 20, counts)
    assert decide_day(experiment, NOW).alarms == ()


def test_what_writing_brings_is_told_beside_what_the_variant_brings() -> None:
    experiment = make_test(holdout_share=0.2)
    counts = {
        "a": {"people": 400, "converted": 40},
        "b": {"people": 400, "converted": 40},
        "": {"people": 200, "converted": 8},
    }
    fill_days(experiment, 10, counts)
    take_looks(experiment, NOW)
    report = read_report(experiment)
    assert {c.pair.arm for c in report.incremental} == {"written"}
    incremental = next(c for c in report.incremental if c.metric == "conversion")
    assert incremental.finding.status is Status.BETTER
    assert report.verdict.status is Status.COLLECTING


def test_several_variants_share_the_errors() -> None:
    close = {"people": 500, "converted": 21}
    two, five = make_test(), make_test(weights=(0.2,) * 5, key="five")
    arms = {"a": {"people": 500, "converted": 15}}
    fill_days(two, 13, arms | {"b": close})
    fill_days(five, 13, arms | {"b": close} | dict.fromkeys("cde", arms["a"]))
    for experiment in (two, five):
        take_looks(experiment, NOW)
    assert judge(two).status is Status.BETTER
    assert judge(five).status is Status.COLLECTING


def test_the_wait_ends_with_the_plans_last_day_where_that_comes_first() -> None:
    experiment = make_test(ends_on=FIRST + timedelta(days=9))
    fill_days(experiment, 5, SAME)
    take_looks(experiment, NOW)
    sooner = "about 5 days. The plan ends on its last day, before all planned people have come."
    assert judge(experiment).words == f"Still collecting: {sooner}"


def test_only_who_asked_for_it_rolls_out_by_itself() -> None:
    asked, other = make_test(auto_roll_out=True), make_test(key="other")
    for experiment in (asked, other):
        fill_days(experiment, 8, BETTER)
        take_looks(experiment, NOW)
        decide_day(experiment, NOW)
        experiment.refresh_from_db()
    assert (asked.status, asked.rolled_out and asked.rolled_out.key) == ("stopped", "b")
    assert (other.status, other.rolled_out) == ("running", None)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor) == ("rolled_out", "automatic roll-out")


@pytest.mark.parametrize("asked", [True, False])
def test_a_flow_that_beats_its_holdout_goes_to_everybody_where_that_was_asked_for(asked: bool) -> None:
    experiment = make_test(weights=(1,), holdout_share=0.5, auto_roll_out=asked)
    fill_days(experiment, 8, {"": BETTER["a"], "a": BETTER["b"]})
    take_looks(experiment, NOW)
    assert decide_day(experiment, NOW).status is Status.BETTER
    experiment.refresh_from_db()
    assert (experiment.status, experiment.rolled_out and experiment.rolled_out.key) == (
        ("stopped", "a") if asked else ("running", None)
    )


def test_a_flow_that_does_worse_than_its_holdout_is_not_sent_to_more_people() -> None:
    experiment = make_test(weights=(1,), holdout_share=0.5, auto_roll_out=True)
    fill_days(experiment, 8, {"": BETTER["b"], "a": BETTER["a"]})
    take_looks(experiment, NOW)
    assert decide_day(experiment, NOW).status is Status.WORSE
    experiment.refresh_from_db()
    assert (experiment.status, experiment.rolled_out) == ("running", None)


def test_a_market_with_few_orders_is_marked_small_and_bounded_by_nothing() -> None:
    experiment = make_test()
    fill_days(experiment, 8, BETTER, markets=["GB"])
    few = {"a": {"people": 20, "converted": 1}, "b": {"people": 20, "converted": 0}}
    fill_days(experiment, 8, few, markets=["IR"], start=0)
    take_looks(experiment, NOW)
    cells = {cell.market: cell for cell in read_report(experiment).markets}
    assert (cells["GB"].is_small, cells["IR"].is_small) == (False, True)
    assert cells["GB"].interval
    assert cells["IR"].interval is None


def test_a_page_reads_as_much_for_a_year_of_a_million_as_for_a_day() -> None:
    small, large = make_test(), make_test(key="large")
    fill_days(small, 1, SAME)
    fill_days(large, 60, {arm: {"people": 10_000, "converted": 300} for arm in "ab"}, markets=["GB", "IR"])
    for experiment in (small, large):
        take_looks(experiment, NOW)
    asked = []
    for experiment in (small, large):
        with count_statements() as statements:
            report = read_report(experiment)
        asked.append(len(statements))
    assert asked[0] == asked[1] <= 9
    assert sum(arm.assigned for arm in report.arms) == 2_400_000
    assert not any("message" in statement or "assignment" in statement for statement in statements)


def test_an_estimate_comes_back_as_it_was_stored() -> None:
    experiment = make_test()
    fill_days(experiment, 2, BETTER)
    take_looks(experiment, NOW)
    stored = [look.estimate for look in Look.objects.exclude(estimate=None) if look.estimate]
    for estimate in stored:
        back = asdict(read_estimate(estimate))
        assert back | {"rates": None} == estimate | {"rates": None}
        assert list(back["rates"] or ()) == (estimate["rates"] or [])
    assert len(stored) > 3


def test_an_arm_that_writes_sooner_does_no_harm_by_hearing_sooner() -> None:
    """As many leave in the end; of the people of these days the later arm has not been written to yet."""
    experiment = make_test()
    experiment.variants.filter(key="a").update(changes={"timing": {"delay_hours": 72}})
    counts = {"a": {"people": 3000, "unsubscribed": 0}, "b": {"people": 3000, "unsubscribed": 20}}
    fill_days(experiment, 3, counts, is_matured=False)
    assert decide_day(experiment, NOW).alarms == ()
    DayTotals.objects.update(is_matured=True)
    assert decide_day(experiment, NOW + timedelta(days=7)).status is Status.HARMFUL


def test_a_month_in_which_more_people_leave_is_not_taken_for_harm() -> None:
    experiment = make_test(weights=(0.1, 0.9))
    bad_month = {"a": {"people": 100, "unsubscribed": 1}, "b": {"people": 900, "unsubscribed": 9}}
    fill_days(experiment, 10, bad_month)
    experiment.variants.update(weight=0.5)
    good_month = {arm: {"people": 1000, "unsubscribed": 1} for arm in "ab"}
    fill_days(experiment, 20, good_month, start=10)
    assert decide_day(experiment, NOW).alarms == ()


def test_of_a_broken_split_no_comparison_is_left_not_even_with_the_held_out() -> None:
    experiment = make_test(holdout_share=0.2)
    arms = {"a": {"people": 700, "converted": 70}, "b": {"people": 100, "converted": 10}}
    fill_days(experiment, 10, arms | {"": {"people": 200, "converted": 8}})
    take_looks(experiment, NOW)
    decide_day(experiment, NOW)
    report = read_report(experiment)
    findings = [c.finding for c in (*report.comparisons, *report.incremental)]
    assert {finding.status for finding in findings} == {Status.BLOCKED}
    assert all(finding.interval is None and finding.band is None for finding in findings)


def test_looks_go_on_where_the_first_day_is_counted_away() -> None:
    experiment = make_test()
    fill_days(experiment, 3, SAME)
    take_looks(experiment, NOW)
    DayTotals.objects.filter(day__lt=FIRST + timedelta(days=2)).delete()
    fill_days(experiment, 1, SAME, start=3)
    take_looks(experiment, NOW + timedelta(days=1))
    assert Look.objects.latest("day").number == 4
    assert judge(experiment).status is Status.COLLECTING
