"""The table of arms, and words that promise no more than the numbers do."""

import pytest

from experiments.results import ArmCounts, ArmResult, Reading, Results, build_results


def arm(name: str, converted: int = 50, assigned: int = 1000, **fields: int) -> ArmCounts:
    counts = {"mailed": assigned, "clicked": 100, "revenue_sum": 5000, "revenue_sumsq": 400_000, **fields}
    return ArmCounts(arm=name, assigned=assigned, converted=converted, **counts)


def table(*arms: ArmCounts, control: str | None = "a", holdout: str | None = "holdout") -> Results:
    shares = {counts.arm: 1.0 for counts in arms}
    return build_results(arms, control=control, holdout=holdout, shares=shares)


def result_of(results: Results, name: str) -> ArmResult:
    return next(result for result in results.arms if result.counts.arm == name)


def test_every_arm_is_compared_with_the_control_and_the_holdout() -> None:
    results = table(arm("a"), arm("b", 80), arm("holdout", 30, mailed=0, clicked=0))
    b, a, holdout = (result_of(results, name) for name in ("b", "a", "holdout"))
    assert b.vs_control
    assert b.vs_holdout
    assert a.vs_holdout
    assert (a.vs_control, holdout.vs_control, holdout.vs_holdout) == (None, None, None)


def test_rates_are_per_person_assigned_not_per_person_mailed() -> None:
    (result,) = table(arm("a", 50, mailed=400), holdout=None).arms
    assert (result.click_rate, result.conversion_rate, result.revenue_per_person) == (0.1, 0.05, 5)


def test_differences_are_the_arm_minus_what_it_is_compared_with() -> None:
    comparison = result_of(table(arm("a", 50), arm("b", 80, clicked=150), holdout=None), "b").vs_control
    assert comparison
    assert comparison.conversions
    assert comparison.clicks
    assert comparison.conversion_lift
    assert comparison.conversions.estimate == pytest.approx(0.03)
    assert comparison.clicks.estimate == pytest.approx(0.05)
    assert comparison.conversion_lift[0] == pytest.approx(0.6)


def test_clicks_are_not_compared_with_people_who_got_no_mail() -> None:
    comparison = result_of(table(arm("a"), arm("holdout", mailed=0, clicked=0)), "a").vs_holdout
    assert comparison
    assert comparison.clicks is None
    assert comparison.conversions


@pytest.mark.parametrize(
    ("control", "variant", "reading"),
    [
        (9, 60, Reading.COLLECTING),
        (60, 9, Reading.COLLECTING),
        (50, 55, Reading.UNCLEAR),
        (50, 90, Reading.HIGHER),
        (90, 50, Reading.LOWER),
    ],
)
def test_the_words_follow_the_interval(control: int, variant: int, reading: Reading) -> None:
    assert result_of(table(arm("a", control), arm("b", variant), holdout=None), "b").reading == reading


def test_no_word_names_a_winner() -> None:
    assert not any("win" in reading or "best" in reading for reading in Reading)


def test_a_table_without_anyone_collects_data() -> None:
    empty = {"clicked": 0, "revenue_sum": 0, "revenue_sumsq": 0}
    results = table(arm("a", 0, 0, **empty), arm("b", 0, 0, **empty), holdout=None)
    assert [result.reading for result in results.arms] == [Reading.COLLECTING] * 2
    assert [result.conversion_rate for result in results.arms] == [None, None]
    assert (results.mismatch_p, results.has_mismatch) == (None, False)


def test_shares_that_are_not_as_planned_raise_an_alarm() -> None:
    assert table(arm("a", assigned=1000), arm("b", assigned=1300), holdout=None).has_mismatch
    assert not table(arm("a", assigned=1000), arm("b", assigned=1030), holdout=None).has_mismatch


def test_one_variant_against_a_holdout_needs_no_control() -> None:
    results = table(arm("a", 90), arm("holdout", 50, mailed=0, clicked=0), control=None)
    assert result_of(results, "a").reading == Reading.HIGHER


def test_an_arm_that_was_not_counted_is_named() -> None:
    with pytest.raises(ValueError, match="The control z was not counted; counted were a"):
        table(arm("a"), control="z", holdout=None)
    with pytest.raises(ValueError, match="No planned share for b"):
        build_results([arm("a"), arm("b")], shares={"a": 1})
