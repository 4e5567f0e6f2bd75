"""All that a result page shows of an experiment, read from day totals and looks alone.

The number of queries and rows does not depend on how many people were assigned: a page about a million
people reads as many rows as there are days, arms and markets.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from experiments.boundaries import reach_of_sequence
from experiments.comparisons import HOLDOUT, Metric, Pair, Totals, estimate, list_metrics, totals_of
from experiments.counting import Counts, DayCount, by_arm, by_epoch, read_counts
from experiments.courses import Plan
from experiments.decided import judge_series, read_alarms, splits_of
from experiments.decisions import block_finding, find_differences
from experiments.estimates import Estimate
from experiments.guardrails import Split, mismatch_evidence
from experiments.looks import pairs_of, plan_of, read_estimate, read_looks, series_of
from experiments.models import Alarm, AuditEntry, Decision, Experiment, Look, Variant
from experiments.statistics import Interval, mismatch_p_value
from experiments.verdicts import Finding, Status, Verdict


@dataclass(frozen=True, slots=True)
class ArmLine:
    """One arm. `everybody` has entered, `totals` are those whose window is over; `share` was planned."""

    key: str
    variant: Variant | None  # None: the people who get nothing
    share: float
    everybody: Totals
    totals: Totals

    @property
    def assigned(self) -> int:
        return self.everybody.people

    @property
    def is_holdout(self) -> bool:
        return self.key == HOLDOUT

    @property
    def revenue_per_person(self) -> float | None:
        return self.totals.revenue_uncapped / self.totals.people if self.totals.people else None


@dataclass(frozen=True, slots=True)
class Point:
    """One look on the way: the difference with its always-valid band; `skipped` says why it has none.

    `fraction` is of the planned people. `needed` is the z that `reached` had to equal for a claim, and
    `interval` what was known by it then; None where nothing would have been enough.
    """

    day: date
    people: int
    difference: float | None
    band: Interval | None
    skipped: str
    fraction: float = 0.0
    information: float | None = None
    reached: float | None = None
    needed: float | None = None
    interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One arm against another by one metric: what may be said, and how it came about."""

    pair: Pair
    metric: Metric
    finding: Finding
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class MarketCell:
    """One market's part of a comparison by the deciding metric. Small cells show chance, not markets."""

    market: str
    pair: Pair
    reference: Totals
    arm: Totals
    estimate: Estimate | None
    interval: Interval | None
    is_small: bool


@dataclass(frozen=True, slots=True)
class Report:
    """`incremental` is what writing brings against the held-out people. The arms' `attributed` money is
    another answer to another question; nothing adds the two."""

    experiment: Experiment
    verdict: Verdict
    arms: tuple[ArmLine, ...]
    comparisons: tuple[Comparison, ...]
    incremental: tuple[Comparison, ...]
    markets: tuple[MarketCell, ...]
    alarms: tuple[Alarm, ...]
    mismatch_log_evidence: float
    mismatch_p: float | None
    epochs: int
    first_day: date | None
    last_day: date | None
    counted_at: datetime | None
    decisions: tuple[Decision, ...]
    audit: tuple[AuditEntry, ...]


def read_report(experiment: Experiment) -> Report:
    """The report of the experiment as it was last counted. Nine queries, whatever its size."""
    counts, looks = read_counts(experiment), read_looks(experiment)
    variants = list(experiment.variants.all())
    pairs, alarms = pairs_of(experiment, variants), read_alarms(experiment)
    series = {pair: series_of(experiment, pair, looks) for pair in pairs}
    splits = splits_of(counts)
    verdict = judge_series(experiment, series, alarms)
    comparisons = [comparison for pair in pairs for comparison in _compare(experiment, pair, looks, verdict)]
    matured = [day.day for day in counts.matured()]
    return Report(
        experiment=experiment,
        verdict=verdict,
        arms=tuple(_list_arms(variants, counts)),
        comparisons=tuple(c for c in comparisons if c.pair.is_primary),
        incremental=tuple(c for c in comparisons if c.pair.reference == HOLDOUT),
        markets=tuple(_list_markets(Metric(experiment.metric), pairs, counts)),
        alarms=tuple(alarms),
        mismatch_log_evidence=mismatch_evidence(splits),
        mismatch_p=_find_mismatch_p(splits),
        epochs=len(counts.shares),
        first_day=min(matured, default=None),
        last_day=max(matured, default=None),
        counted_at=experiment.counted_at,
        decisions=tuple(experiment.decisions.filter(version=experiment.version)[:60]),
        audit=tuple(experiment.audit_entries.all()[:60]),
    )


def _compare(experiment: Experiment, pair: Pair, looks: Sequence[Look], verdict: Verdict) -> list[Comparison]:
    """A primary pair's findings are the verdict's own; where the split is broken no pair has any."""
    found = {(f.variant, f.metric): f for f in verdict.findings} if pair.is_primary else {}
    if not found:
        series = series_of(experiment, pair, looks)
        others = find_differences(series, plan_of(experiment, pair))
        if verdict.status is Status.BLOCKED:
            others = [block_finding(finding) for finding in others]
        found = {(f.variant, f.metric): f for f in others}
    return [
        Comparison(
            pair, metric, found[pair.arm, metric], tuple(_plot(pair, metric, looks, found[pair.arm, metric]))
        )
        for metric in list_metrics(pair)
    ]


def _plot(pair: Pair, metric: Metric, looks: Sequence[Look], finding: Finding) -> list[Point]:
    """Every look of the pair; those that were skipped had nothing to reach."""
    mine = [k for k in looks if (k.reference, k.arm, k.metric) == (pair.reference, pair.arm, metric)]
    reaches = iter(finding.reaches)
    return [_place(look, math.inf if look.skipped else next(reaches, math.inf)) for look in mine]


def _place(look: Look, reach: float) -> Point:
    found = read_estimate(look.estimate) if look.estimate else None
    is_reachable = found is not None and math.isfinite(reach)
    return Point(
        day=look.day,
        people=look.people,
        difference=found.difference if found else None,
        band=_band_of(look),
        skipped=look.skipped,
        fraction=look.fraction,
        information=found.information if found else None,
        reached=look.reached,
        needed=reach if is_reachable else None,
        interval=found.interval(reach) if found and is_reachable else None,
    )


def _band_of(look: Look) -> Interval | None:
    if look.skipped or look.sequence_low is None or look.sequence_high is None:
        return None
    return Interval(look.sequence_low, look.sequence_high)


def _list_arms(variants: Sequence[Variant], counts: Counts) -> list[ArmLine]:
    """The variants in their order, the held-out people last, with the newest epoch's shares."""
    everybody, matured = by_arm(counts.days), by_arm(counts.matured())
    shares = counts.shares[max(counts.shares)] if counts.shares else {}
    by_key: dict[str, Variant | None] = {variant.key: variant for variant in variants}
    if shares.get(HOLDOUT) or HOLDOUT in everybody:
        by_key[HOLDOUT] = None
    return [
        ArmLine(
            key=key,
            variant=variant,
            share=shares.get(key, 0.0),
            everybody=everybody.get(key, Totals()),
            totals=matured.get(key, Totals()),
        )
        for key, variant in by_key.items()
    ]


def _list_markets(metric: Metric, pairs: Sequence[Pair], counts: Counts) -> list[MarketCell]:
    matured = counts.matured()
    markets = sorted({day.market for day in matured})
    return [
        _cut_market(metric, pair, market, [day for day in matured if day.market == market])
        for market in markets
        for pair in pairs
        if metric in list_metrics(pair)
    ]


def _cut_market(metric: Metric, pair: Pair, market: str, days: Sequence[DayCount]) -> MarketCell:
    totals, plan = by_arm(days), Plan.without_end()
    found = estimate(metric, pair, list(by_epoch(days).values()))
    reach = reach_of_sequence(plan.fraction(found.people), plan.design) if found else math.inf
    is_enough = found is not None and found.is_enough
    return MarketCell(
        market=market,
        pair=pair,
        reference=totals_of(pair.reference, totals),
        arm=totals_of(pair.arm, totals),
        estimate=found,
        interval=found.interval(reach) if found and is_enough and math.isfinite(reach) else None,
        is_small=not is_enough,
    )


def _find_mismatch_p(splits: Sequence[Split]) -> float | None:
    """Pearson's chi-square over the newest epoch, for showing; what blocks is the evidence at all looks."""
    return mismatch_p_value(splits[-1].counts, splits[-1].weights) if splits else None
