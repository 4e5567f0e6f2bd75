"""Alarms are exact: if all is well, the evidence is 1 on average, whatever the size or split."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from experiments.guardrails import (
    LIMITS,
    Cause,
    Events,
    Guardrail,
    Limit,
    Severity,
    Split,
    check_guardrail,
    harm_evidence,
    is_mismatched,
    mismatch_evidence,
)
from experiments.statistics import Rate

NO_LIMIT = Limit()
quickly = settings(max_examples=50, derandomize=True, deadline=None)


def guardrail(control: int, treated: int, *, people: int = 10_000, limit: Limit = NO_LIMIT) -> Guardrail:
    rates = Rate(control, people), Rate(treated, people)
    return Guardrail("B", "unsubscribe", *rates, (Events(control, treated),), limit)


@quickly
@given(st.integers(0, 80), st.floats(0.02, 0.98))
def test_evidence_of_harm_is_one_on_average_if_there_is_none(events: int, share: float) -> None:
    chances = stats.binom.pmf(np.arange(events + 1), events, share)
    evidence = [math.exp(harm_evidence(events - b, b, share=share)) for b in range(events + 1)]
    assert float(chances @ evidence) == pytest.approx(1, rel=1e-6)


@quickly
@given(st.integers(1, 80), st.floats(0.1, 0.9), st.floats(0.1, 1.0))
def test_a_variant_that_does_good_gives_less_evidence_still(events: int, share: float, part: float) -> None:
    chances = stats.binom.pmf(np.arange(events + 1), events, share * part)
    evidence = [math.exp(harm_evidence(events - b, b, share=share)) for b in range(events + 1)]
    assert float(chances @ evidence) <= 1 + 1e-9


@quickly
@given(st.integers(0, 300), st.integers(0, 300))
def test_each_event_of_the_variant_adds_evidence_and_each_of_the_control_takes_some(a: int, b: int) -> None:
    here = harm_evidence(a, b)
    assert harm_evidence(a + 1, b) < here < harm_evidence(a, b + 1)


@quickly
@given(st.integers(0, 200), st.floats(0.05, 0.95))
def test_evidence_of_a_broken_split_is_one_on_average_if_it_is_whole(people: int, share: float) -> None:
    chances = stats.binom.pmf(np.arange(people + 1), people, share)
    weights = 1 - share, share
    evidence = [math.exp(mismatch_evidence([Split((people - b, b), weights)])) for b in range(people + 1)]
    assert float(chances @ evidence) == pytest.approx(1, rel=1e-6)


def test_daily_looks_find_doubled_unsubscribes_and_seldom_cry_wolf() -> None:
    rng = np.random.default_rng(8)

    def alarms(rate: float) -> float:
        counts = np.cumsum(rng.binomial(500, (0.002, rate), (300, 28, 2)), axis=1)
        evidence = [[harm_evidence(int(a), int(b)) for a, b in run] for run in counts]
        return float((np.max(evidence, axis=1) >= math.log(20)).mean())

    assert alarms(0.002) < 0.05
    assert alarms(0.004) > 0.6


def test_daily_looks_find_48_to_52_and_leave_a_whole_split_alone() -> None:
    rng = np.random.default_rng(9)

    def blocked(share: float) -> float:
        treated = np.cumsum(rng.binomial(1000, share, (300, 28)), axis=1)
        people = 1000 * np.arange(1, 29)
        found = [
            any(
                is_mismatched([Split((int(n - b), int(b)), (1, 1))]) for n, b in zip(people, run, strict=True)
            )
            for run in treated
        ]
        return float(np.mean(found))

    assert blocked(0.5) < 0.02
    assert blocked(0.52) > 0.97


def test_a_published_split_is_whole() -> None:
    assert not is_mismatched([Split((21_306, 21_307, 21_387), (1, 1, 1))])  # Hillstrom's email experiment


def test_two_halves_of_a_mismatch_add_up_over_epochs() -> None:
    first, second = Split((5000, 5230), (0.5, 0.5)), Split((9000, 1180), (0.9, 0.1))
    assert mismatch_evidence([first, second]) == pytest.approx(
        mismatch_evidence([first]) + mismatch_evidence([second])
    )
    assert is_mismatched([first, second])
    assert not is_mismatched([first])


def test_arms_without_weight_and_empty_epochs_change_nothing() -> None:
    assert mismatch_evidence([Split((50, 7, 60), (1, 0, 1))]) == mismatch_evidence([Split((50, 60), (1, 1))])
    assert mismatch_evidence([Split((0, 0), (1, 1))]) == pytest.approx(0)


def test_a_variant_worse_than_the_control_is_stopped() -> None:
    alarm = check_guardrail(guardrail(20, 60))
    assert alarm is not None
    assert (alarm.severity, alarm.cause) == (Severity.STOP, Cause.WORSE_THAN_CONTROL)


@pytest.mark.parametrize(("complaints", "severity"), [(9, None), (11, Severity.WARN), (31, Severity.STOP)])
def test_an_absolute_limit_holds_even_if_the_control_is_as_bad(
    complaints: int, severity: Severity | None
) -> None:
    alarm = check_guardrail(guardrail(complaints, complaints, limit=LIMITS["complaint"]))
    assert (alarm and alarm.severity) == severity
    assert alarm is None or alarm.cause is Cause.ABOVE_LIMIT


def test_a_few_events_among_the_first_people_raise_no_limit() -> None:
    assert check_guardrail(guardrail(0, 3, people=100, limit=LIMITS["complaint"])) is None


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1])
def test_a_share_that_makes_no_sense_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        harm_evidence(1, 1, share=share)


def test_harm_under_two_splits_adds_up_and_their_months_are_not_mixed() -> None:
    """Nine of ten events on nine of ten people, then half of them on half of the people: all is well."""
    rates = Rate(60, 10_000), Rate(140, 19_000)
    splits = Events(10, 90, share=0.9), Events(50, 50, share=0.5)
    assert check_guardrail(Guardrail("B", "unsubscribe", *rates, splits)) is None
    twice = Events(20, 38), Events(20, 38)
    assert check_guardrail(Guardrail("B", "unsubscribe", *rates, twice)) is not None
    assert check_guardrail(Guardrail("B", "unsubscribe", *rates, twice[:1])) is None
