"""The verdict keeps its error rate while people look daily, says why, and stops for what is broken."""

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.boundaries import HYBRID, Design
from experiments.courses import Plan
from experiments.decisions import decide
from experiments.estimates import Estimate, estimate_means, estimate_rates
from experiments.guardrails import LIMITS, Events, Guardrail, Split
from experiments.statistics import Rate, summarise
from experiments.verdicts import Finding, Look, Rule, Series, Status, Verdict

DAILY, PLAN = 500, Plan(28_000)


def known(estimate: Estimate | None) -> Estimate:
    assert estimate is not None
    return estimate


def look(day: int, control: int, treated: int, *, daily: int = DAILY, is_last: bool = False) -> Look:
    people = daily * day
    return Look(day, known(estimate_rates(Rate(control, people), Rate(treated, people))), is_last)


def series(
    control: float, treated: float, *, days: Iterable[int] = range(1, 29), variant: str = "B", **options: bool
) -> Series:
    """Daily looks at arms that convert exactly this many people a day."""
    looks = tuple(look(day, round(control * day), round(treated * day)) for day in days)
    return Series(variant, "conversion", looks, noun="orders", **options)


def guard(control: int, treated: int, *, variant: str = "B") -> Guardrail:
    rates = Rate(control, 14_000), Rate(treated, 14_000)
    return Guardrail(variant, "unsubscribe", *rates, (Events(control, treated),), LIMITS["unsubscribe"])


def draw_series(rng: np.random.Generator, control: float, treated: float, *, days: int = 28) -> Series:
    counts = np.cumsum(rng.binomial(DAILY, (control, treated), (days, 2)), axis=0)
    return Series("B", "conversion", tuple(look(day, int(a), int(b)) for day, (a, b) in enumerate(counts, 1)))


def up_to(day: int, *each: Series) -> list[Series]:
    """The same series as they were known on this day."""
    return [
        replace(s, looks=tuple(known_look for known_look in s.looks if known_look.day <= day)) for s in each
    ]


def test_equal_arms_are_told_apart_in_at_most_five_of_a_hundred_experiments_over_56_looks() -> None:
    rng = np.random.default_rng(12)
    verdicts = [decide([draw_series(rng, 0.03, 0.03, days=56)], plan=PLAN) for _ in range(400)]
    claimed = np.mean([verdict.status in (Status.BETTER, Status.WORSE) for verdict in verdicts])
    assert 0.005 < claimed < 0.085  # a test at 5 % on each day would be at 0.3


def test_a_fifth_more_is_found_in_three_of_four_experiments_and_the_interval_holds_it() -> None:
    rng = np.random.default_rng(13)
    findings = [decide([draw_series(rng, 0.03, 0.036)], plan=PLAN).findings[0] for _ in range(200)]
    assert np.mean([finding.status is Status.BETTER for finding in findings]) > 0.68
    assert np.mean([f.interval is not None and f.interval.holds(0.006) for f in findings]) > 0.92


def test_daily_revenue_looks_keep_the_error_rate_with_few_large_orders() -> None:
    rng, claims = np.random.default_rng(14), 0
    for _ in range(200):
        orders = [np.minimum(rng.lognormal(4, 1.2, 28 * 15), 800).reshape(28, 15) for _ in range(2)]
        looks = []
        for day in range(1, 29):
            a, b = (summarise(arm[:day].ravel().tolist(), people=DAILY * day) for arm in orders)
            looks.append(Look(day, known(estimate_means(a, b))))
        claims += decide([Series("B", "revenue", tuple(looks))], plan=PLAN).rule is not None
    assert claims < 20


def test_a_clear_difference_is_said_in_plain_words() -> None:
    verdict = decide([series(15, 18.5, days=(28,))], plan=PLAN)
    assert (verdict.status, verdict.variant) == (Status.BETTER, "B")
    assert verdict.words == "B brings 0.3 to 1.1 more orders per 100 people; likely to be true."


def test_a_large_difference_is_found_early_by_the_sequence() -> None:
    (finding,) = decide([series(15, 30)], plan=PLAN).findings
    assert finding.rule is Rule.SEQUENCE
    assert finding.day is not None
    assert finding.day <= 5


def test_until_then_it_says_how_long_it_takes() -> None:
    verdict = decide([series(15, 16, days=range(1, 20))], plan=PLAN)
    assert (verdict.status, verdict.words) == (Status.COLLECTING, "Still collecting: about 9 days.")


def test_a_last_day_that_comes_before_the_planned_people_is_what_is_waited_for() -> None:
    looks = series(15, 16, days=range(1, 20)).looks

    def wait(days_to_end: int) -> str:
        last = replace(looks[-1], days_to_end=days_to_end)
        return decide([Series("B", "c", (*looks[:-1], last))], plan=PLAN).words

    sooner = "about 4 days. The plan ends on its last day, before all planned people have come."
    assert wait(4) == f"Still collecting: {sooner}"
    assert wait(9) == wait(30) == "Still collecting: about 9 days."


def test_after_the_plan_it_says_what_can_be_excluded() -> None:
    verdict = decide([series(15, 15)], plan=PLAN)
    assert verdict.status is Status.UNDECIDED
    assert verdict.words == (
        "No difference found by the planned end; "
        "B brings between −0.4 and 0.4 orders per 100 people more than the control."
    )


def test_after_the_plan_only_the_sequence_counts() -> None:
    rates = [look(day, 15 * day, round(16.85 * day)) for day in range(1, 29)]
    beyond = look(29, 15 * 29, round(15 * 29 * 1.19))
    z_then, z_now = abs(rates[-1].estimate.z), abs(beyond.estimate.z)
    assert z_then < 2.1 < z_now < 3.5  # would have passed on the plan's last day
    assert decide([Series("B", "c", (*rates, beyond))], plan=PLAN).status is Status.UNDECIDED
    far = [look(day, 15 * day, round(17.2 * day)) for day in range(30, 120, 5)]
    assert decide([Series("B", "c", (*rates, beyond, *far))], plan=PLAN).rule is Rule.SEQUENCE


def test_a_claim_once_made_stays_with_its_day_and_interval() -> None:
    early = series(15, 30, days=range(1, 6))
    later = tuple(look(day, 15 * day + 60, 15 * day + 60) for day in range(6, 29))
    (then,) = decide([early], plan=PLAN).findings
    (now,) = decide([replace(early, looks=(*early.looks, *later))], plan=PLAN).findings
    assert (now.day, now.interval, now.status) == (then.day, then.interval, Status.BETTER)


def test_a_plan_that_ends_on_its_day_with_fewer_people_is_over() -> None:
    looks = tuple(look(day, 10 * day, 10 * day, daily=350, is_last=day == 28) for day in range(1, 29))
    assert decide([Series("B", "c", looks)], plan=PLAN).status is Status.UNDECIDED
    assert decide([Series("B", "c", looks[:-1])], plan=PLAN).status is Status.COLLECTING


def test_without_a_plan_the_sequence_alone_decides_and_there_is_no_end() -> None:
    endless = Plan.without_end()
    assert decide([series(15, 15)], plan=endless).words == "Still collecting."
    assert decide([series(15, 25)], plan=endless).rule is Rule.SEQUENCE


def test_nine_conversions_decide_nothing_however_far_apart() -> None:
    looks = (look(1, 9, 60), look(2, 9, 120))
    assert decide([Series("B", "c", looks)], plan=PLAN).status is Status.COLLECTING


def test_nothing_counted_yet_is_still_collecting() -> None:
    assert decide([Series("B", "c", ())], plan=PLAN).words == "Still collecting."
    assert decide([], plan=PLAN).status is Status.COLLECTING


def test_fewer_is_better_where_lower_is_better() -> None:
    assert decide([series(30, 15, higher_is_better=False)], plan=PLAN).status is Status.BETTER
    worse = decide([series(30, 15)], plan=PLAN)
    assert worse.status is Status.WORSE
    assert "fewer orders per 100 people; very likely to be true." in worse.words


def test_a_secondary_metric_never_decides() -> None:
    clicks = replace(series(15, 30), metric="click", is_primary=False)
    verdict = decide([series(15, 15), clicks], plan=PLAN)
    assert verdict.status is Status.UNDECIDED
    assert [finding.status for finding in verdict.findings] == [Status.UNDECIDED, Status.BETTER]


def test_several_variants_share_the_errors_and_a_claim_makes_the_next_easier() -> None:
    close = series(15, 17.45, variant="C")  # enough alone, not as one of two

    def of_c(*others: Series) -> Status:
        return {f.variant: f.status for f in decide([*others, close], plan=PLAN).findings}["C"]

    assert of_c() is Status.BETTER
    assert of_c(series(15, 15)) is Status.UNDECIDED
    assert of_c(series(15, 30)) is Status.BETTER


def test_the_best_of_several_better_variants_speaks_for_all() -> None:
    verdict = decide([series(15, 22, variant="C"), series(15, 30), series(15, 8, variant="D")], plan=PLAN)
    assert (verdict.status, verdict.variant) == (Status.BETTER, "B")


def test_a_broken_split_blocks_every_finding() -> None:
    verdict = decide([series(15, 30)], plan=PLAN, splits=[Split((14_000, 13_000), (1, 1))])
    assert verdict.status is Status.BLOCKED
    assert verdict.words.startswith("Stopped: the split is broken.")
    assert all(f.status is Status.BLOCKED and f.interval is None and f.rule is None for f in verdict.findings)


def test_a_variant_that_does_harm_is_not_called_better() -> None:
    verdict = decide([series(15, 30)], plan=PLAN, guardrails=[guard(20, 60)])
    assert (verdict.status, verdict.variant) == (Status.HARMFUL, "B")
    assert verdict.words == "Stop B: unsubscribe 0.43%, the control 0.14%; more than chance allows."


def test_a_harmless_better_variant_is_named_beside_the_harmful_one() -> None:
    both = [series(15, 30), series(15, 25, variant="C")]
    verdict = decide(both, plan=PLAN, guardrails=[guard(20, 60), guard(20, 21, variant="C")])
    assert (verdict.status, verdict.variant) == (Status.BETTER, "C")
    assert "Stop B" in verdict.words


def test_a_warning_is_said_but_stops_nothing() -> None:
    verdict = decide([series(15, 30)], plan=PLAN, guardrails=[guard(150, 160)])
    assert verdict.status is Status.BETTER
    assert "Watch B: unsubscribe 1.14%" in verdict.words


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=20))
def test_a_claim_never_contradicts_the_interval_and_later_looks_never_take_it_back(
    days: list[tuple[int, int]],
) -> None:
    counts = np.cumsum(days, axis=0)
    looks = tuple(look(day, int(a), int(b), daily=100) for day, (a, b) in enumerate(counts, 1))
    verdicts = [decide([Series("B", "c", looks[:n])], plan=Plan(3000)) for n in range(1, len(looks) + 1)]
    claimed = [(f.day, f.rule, f.interval) for v in verdicts for f in v.findings if f.rule]
    assert len(set(claimed)) <= 1
    assert all(interval is not None and not interval.holds(0) for _, _, interval in claimed)
    assert len(claimed) == len(days) - (claimed[0][0] or 0) + 1 if claimed else True


def peaked(variant: str, extra: float, *, until: int) -> Series:
    """An arm that is ahead by so many orders a day until this day, and then by none."""
    looks = [look(day, 15 * day, round(15 * day + extra * min(day, until))) for day in range(1, 29)]
    return Series(variant, "conversion", tuple(looks), noun="orders")


def test_a_look_that_was_not_enough_on_its_day_is_not_made_enough_by_another_variants_claim() -> None:
    close = peaked("C", 5, until=14)
    assert decide([close], plan=PLAN).findings[0].day == 14  # were it the only one
    late = peaked("B", 0, until=1)
    late = replace(late, looks=(*late.looks[:19], *series(15, 30, days=range(20, 29)).looks))
    statuses = {f.variant: (f.status, f.day) for f in decide([close, late], plan=PLAN).findings}
    assert statuses == {"C": (Status.BETTER, 20), "B": (Status.BETTER, 20)}


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(2, 14), st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))),
        min_size=2,
        max_size=16,
    )
)
def test_no_later_look_changes_what_any_variant_was_found_to_be_or_what_a_look_had_to_reach(
    days: list[tuple[int, tuple[int, int, int]]],
) -> None:
    control = np.cumsum([count for count, _ in days])
    arms = np.cumsum([counts for _, counts in days], axis=0)
    variants = [
        Series(
            f"V{arm}",
            "c",
            tuple(
                look(d, int(a), int(b), daily=100)
                for d, (a, b) in enumerate(zip(control, rows, strict=True), 1)
            ),
        )
        for arm, rows in enumerate(arms.T)
    ]
    before: dict[str, Finding] = {}
    for day in range(1, len(days) + 1):
        for now in decide(up_to(day, *variants), plan=Plan(2000)).findings:
            then = before.get(now.variant, now)
            assert now.reaches[: len(then.reaches)] == then.reaches
            if then.rule:
                assert (now.day, now.rule, now.interval, now.lift) == (
                    then.day,
                    then.rule,
                    then.interval,
                    then.lift,
                )
            before[now.variant] = now


@settings(max_examples=20, derandomize=True, deadline=None)
@given(st.permutations(["B", "C", "D"]))
def test_the_order_of_the_variants_changes_nothing(order: list[str]) -> None:
    rates = {"B": 17.45, "C": 30.0, "D": 15.0}
    verdict = decide([series(15, rates[name], variant=name) for name in order], plan=PLAN)
    statuses = {finding.variant: finding.status for finding in verdict.findings}
    assert statuses == {"B": Status.UNDECIDED, "C": Status.BETTER, "D": Status.UNDECIDED}


def test_looks_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="B by conversion are not one a day"):
        decide([series(15, 15, days=(1, 3, 2))], plan=PLAN)


def test_plans_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="1 or more"):
        Plan(0)
    with pytest.raises(ValueError, match=r"Plan\.without_end"):
        Plan(None, HYBRID)


def test_a_verdict_is_never_not_a_number() -> None:
    verdict: Verdict = decide([series(15, 15)], plan=Plan(28_000, Design(0.05, 0.0)))
    (finding,) = verdict.findings
    assert finding.interval is not None
    assert math.isfinite(finding.interval.low + finding.interval.high)
    assert finding.band is None
