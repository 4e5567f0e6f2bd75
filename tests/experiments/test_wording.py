"""A finding reads as a sentence that needs no statistics."""

from dataclasses import replace

import pytest

from experiments.estimates import Estimate, Kind
from experiments.guardrails import Alarm, Cause, Severity
from experiments.statistics import Interval
from experiments.verdicts import Finding, Rule, Status
from experiments.wording import describe_alarm, describe_finding

MORE = Estimate(Kind.RATE, 28_000, 7000.0, difference=0.0075, error=0.002, null_error=0.002, is_enough=True)
BETTER = Finding(
    "B", "conversion", "orders", True, Status.BETTER, Rule.PLAN, 28, MORE, Interval(0.004, 0.011)
)


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        (Interval(0.004, 0.011), "0.4 to 1.1"),
        (Interval(0.0002, 0.0118), "0.02 to 1.18"),
        (Interval(0.02, 0.14), "2 to 14"),
        (Interval(0.00031, 0.00074), "0.03 to 0.07"),
    ],
)
def test_numbers_have_as_many_digits_as_they_deserve(interval: Interval, words: str) -> None:
    sentence = describe_finding(replace(BETTER, interval=interval))
    assert sentence == f"B brings {words} more orders per 100 people; likely to be true."


def test_less_money_and_fewer_orders() -> None:
    rate = replace(MORE, difference=-0.0075)
    fewer = replace(BETTER, status=Status.WORSE, estimate=rate, interval=Interval(-0.011, -0.004))
    less = replace(
        fewer, noun="revenue", estimate=replace(rate, kind=Kind.MEAN), interval=Interval(-0.9, -0.2)
    )
    assert "0.4 to 1.1 fewer orders" in describe_finding(fewer)
    assert "20 to 90 less revenue per 100 people" in describe_finding(less)


def test_a_ratio_is_told_in_per_cent() -> None:
    ratio = replace(
        BETTER, noun="clicks an email", estimate=replace(MORE, kind=Kind.RATIO), lift=Interval(0.02, 0.09)
    )
    assert describe_finding(ratio) == "B has 2 to 9 % more clicks an email; likely to be true."


def test_what_the_sequence_found_is_very_likely() -> None:
    assert describe_finding(replace(BETTER, rule=Rule.SEQUENCE)).endswith("very likely to be true.")


def test_one_day_is_no_days() -> None:
    waiting = replace(BETTER, status=Status.COLLECTING, days_left=1)
    assert describe_finding(waiting) == "Still collecting: about 1 day."


def test_an_alarm_says_what_to_do_and_why() -> None:
    alarm = Alarm("B", "complaint", Severity.WARN, Cause.ABOVE_LIMIT, 0.0008, 0.0012)
    assert describe_alarm(alarm) == "Watch B: complaint 0.12%, the control 0.08%; above the limit."
