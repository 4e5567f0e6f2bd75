"""What a result page shows, for a spreadsheet or a program: keys instead of names, plain numbers."""

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from experiments.report import Comparison, Report

LOOK_FIELDS = (
    "day", "reference", "arm", "metric", "people", "fraction", "information", "difference", "reached",
    "needed", "interval_low", "interval_high", "band_low", "band_high", "skipped",
)  # fmt: skip


def write_csv(report: Report) -> str:
    """Every look of every comparison, a line each; an empty cell where nothing was known."""
    text = io.StringIO()
    writer = csv.DictWriter(text, LOOK_FIELDS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(row for c in (*report.comparisons, *report.incremental) for row in _list_looks(c))
    return text.getvalue()


def describe(report: Report) -> dict[str, Any]:
    """The whole report as JSON takes it. Differences are per person, in shares or the shop's currency."""
    experiment, verdict = report.experiment, report.verdict
    return {
        "experiment": experiment.key,
        "version": experiment.version,
        "status": experiment.status,
        "metric": experiment.metric,
        "window_days": experiment.window_days,
        "planned_people": experiment.planned_people,
        "counted_at": report.counted_at,
        "verdict": {"status": verdict.status, "arm": verdict.variant, "rule": verdict.rule},
        "arms": [
            {
                "arm": line.key,
                "planned_share": line.share,
                "everybody": asdict(line.everybody),
                "matured": asdict(line.totals),
            }
            for line in report.arms
        ],
        "comparisons": [_describe_comparison(c) for c in report.comparisons],
        "incremental": [_describe_comparison(c) for c in report.incremental],
        "alarms": [
            {"arm": a.arm, "metric": a.metric, "severity": a.severity, "cause": a.cause, "day": a.day}
            for a in report.alarms
        ],
        "mismatch_p": report.mismatch_p,
        "epochs": report.epochs,
    }


def _describe_comparison(comparison: Comparison) -> dict[str, Any]:
    found = comparison.finding
    return {
        "reference": comparison.pair.reference,
        "arm": comparison.pair.arm,
        "metric": comparison.metric,
        "status": found.status,
        "rule": found.rule,
        "difference": found.estimate.difference if found.estimate else None,
        "interval": [found.interval.low, found.interval.high] if found.interval else None,
        "looks": list(_list_looks(comparison)),
    }


def _list_looks(comparison: Comparison) -> Iterator[dict[str, Any]]:
    for point in comparison.points:
        yield {
            "day": point.day.isoformat(),
            "reference": comparison.pair.reference,
            "arm": comparison.pair.arm,
            "metric": comparison.metric.value,
            "people": point.people,
            "fraction": point.fraction,
            "information": point.information,
            "difference": point.difference,
            "reached": point.reached,
            "needed": point.needed,
            "interval_low": point.interval.low if point.interval else None,
            "interval_high": point.interval.high if point.interval else None,
            "band_low": point.band.low if point.band else None,
            "band_high": point.band.high if point.band else None,
            "skipped": point.skipped,
        }
