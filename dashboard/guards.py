"""The guardrails as a table: what a variant must not do, its limits, and whether an alarm was raised."""

from collections.abc import Mapping
from dataclasses import dataclass

from dashboard.words import find_word
from experiments.comparisons import GUARDING, Metric
from experiments.guardrails import LIMITS, Limit, Severity
from experiments.report import ArmLine, Report
from experiments.statistics import Rate

_CODES = {
    Metric.UNSUBSCRIBE: "unsubscribed",
    Metric.COMPLAINT: "complained",
    Metric.BOUNCE: "bounced",
}


@dataclass(frozen=True, slots=True)
class Guard:
    """One variant and one thing that nobody wants; everybody counts, also whose window is open.

    `severity` is "" while all is well, else "warn" or "stop".
    """

    arm: str
    name: str
    rate: Rate
    limit: Limit
    severity: str


def list_guards(report: Report, names: Mapping[str, str]) -> list[Guard]:
    """Every variant by every guardrail; the held-out people get nothing that could do harm."""
    return [
        _make_guard(report, line, metric, names[line.key])
        for line in report.arms
        if not line.is_holdout
        for metric in GUARDING
    ]


def _make_guard(report: Report, line: ArmLine, metric: Metric, name: str) -> Guard:
    raised = {a.severity for a in report.alarms if (a.arm, a.metric) == (line.key, metric)}
    worst = next((s for s in (Severity.STOP, Severity.WARN) if s in raised), "")
    word = find_word("reaction", _CODES[metric])
    return Guard(name, word, line.everybody.rate(metric), LIMITS[metric], worst)
