"""What the emails earned, told twice: by the last click, and against those who got nothing. Never added."""

from dataclasses import dataclass

from experiments.comparisons import WRITTEN, Metric
from experiments.report import Report
from experiments.statistics import Interval
from experiments.verdicts import Status


@dataclass(frozen=True, slots=True)
class Earned:
    """Over the people whose window is over. `incremental` is None where nobody is held out or too little
    is known; then nobody can say what they would have spent without an email."""

    people: int
    attributed: float
    estimate: float | None
    incremental: Interval | None
    has_holdout: bool
    is_broken: bool  # the split: then what the held-out people say can't be believed


def count_money(report: Report) -> Earned:
    """In the shop's currency."""
    written = [line.totals for line in report.arms if not line.is_holdout]
    people = sum(totals.people for totals in written)
    found = next(
        (c.finding for c in report.incremental if c.pair.arm == WRITTEN and c.metric is Metric.REVENUE), None
    )
    range_ = (found.interval or found.band) if found else None
    estimate = found.estimate.difference * people if found and found.estimate and range_ else None
    return Earned(
        people=people,
        attributed=sum(totals.attributed for totals in written),
        estimate=estimate,
        incremental=Interval(range_.low * people, range_.high * people) if range_ else None,
        has_holdout=bool(report.incremental),
        is_broken=report.verdict.status is Status.BLOCKED,
    )
