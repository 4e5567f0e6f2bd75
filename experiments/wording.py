"""A verdict in plain words, without a p-value. Pure."""

import math

from experiments.estimates import Kind
from experiments.guardrails import Alarm, Cause, Severity
from experiments.statistics import Interval
from experiments.verdicts import Finding, Rule, Status


def describe_finding(finding: Finding) -> str:
    """One sentence on one variant and metric: "B brings 0.4 to 1.1 more orders per 100 people; …"."""
    match finding.status:
        case Status.BLOCKED:
            return "Stopped: the split is broken. Find out why before believing any comparison."
        case Status.COLLECTING:
            return _describe_wait(finding)
        case Status.BETTER | Status.WORSE:
            return f"{_describe_difference(finding)}; {_describe_certainty(finding.rule)}."
        case _:
            return f"No difference found by the planned end{_describe_range(finding)}."


def describe_alarm(alarm: Alarm) -> str:
    """What a guardrail found and what to do: "Stop B: unsubscribe 0.9 %, the control 0.4 %; …"."""
    verb = "Stop" if alarm.severity is Severity.STOP else "Watch"
    return (
        f"{verb} {alarm.variant}: {alarm.metric} {alarm.treated:.2%}, the control {alarm.control:.2%}; "
        + ("more than chance allows." if alarm.cause is Cause.WORSE_THAN_CONTROL else "above the limit.")
    )


def _describe_wait(finding: Finding) -> str:
    days = finding.days_left
    if days is None:
        return "Still collecting."
    words = f"Still collecting: about {days} {'day' if days == 1 else 'days'}."
    if finding.ends_short:
        words += " The plan ends on its last day, before all planned people have come."
    return words


def _describe_difference(finding: Finding) -> str:
    interval, estimate = finding.interval, finding.estimate
    if interval is None or estimate is None:
        return f"{finding.variant} differs"
    is_more = estimate.difference > 0
    if estimate.kind is Kind.RATIO:
        low, high = _format_range(_from_zero(finding.lift or interval), 100)
        return f"{finding.variant} has {low} to {high} % {'more' if is_more else 'fewer'} {finding.noun}"
    low, high = _format_range(_from_zero(interval), 100)
    less = "fewer" if estimate.kind is Kind.RATE else "less"
    how = "more" if is_more else less
    return f"{finding.variant} brings {low} to {high} {how} {finding.noun} per 100 people"


def _describe_certainty(rule: Rule | None) -> str:
    return "very likely to be true" if rule is Rule.SEQUENCE else "likely to be true"


def _describe_range(finding: Finding) -> str:
    interval, estimate = finding.interval, finding.estimate
    if interval is None or estimate is None or estimate.kind is Kind.RATIO:
        return ""
    low, high = _format_range(interval, 100)
    difference = f"between {low} and {high} {finding.noun} per 100 people"
    return f"; {finding.variant} brings {difference} more than the control"


def _from_zero(interval: Interval) -> Interval:
    """The interval without its sign, the end nearer to zero first."""
    ends = sorted((abs(interval.low), abs(interval.high)))
    return Interval(*ends)


def _format_range(interval: Interval, unit: int) -> tuple[str, str]:
    """Both ends with as many decimals as the width deserves, more if the lower would read as zero."""
    low, high = interval.low * unit, interval.high * unit
    width = high - low
    decimals = max(0, math.ceil(-math.log10(width / 2))) if width > 0 else 1
    while decimals < 6 and low and not float(f"{low:.{decimals}f}"):
        decimals += 1
    return f"{low:.{decimals}f}".replace("-", "−"), f"{high:.{decimals}f}".replace("-", "−")
