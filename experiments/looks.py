"""Looks: what was known on each day, written once and never changed.

A look is made of the people who entered up to its day and have had their whole window since. So a day
on which nobody looked is caught up truthfully: the look taken later holds what it would have held then.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet

from experiments.boundaries import Design, reach_of_sequence
from experiments.comparisons import (
    NOUNS,
    ByArm,
    Metric,
    Pair,
    estimate,
    list_metrics,
    list_pairs,
)
from experiments.counting import accumulate, final_days, read_counts
from experiments.courses import Plan
from experiments.estimates import Estimate, Kind
from experiments.models import Experiment, Variant
from experiments.models import Look as LookRow
from experiments.statistics import Rate
from experiments.verdicts import Look, Series

FEW = "few_conversions"
EMPTY = "empty_arm"
_WITHOUT_END = Plan.without_end()


def take_looks(experiment: Experiment, now: datetime) -> int:
    """Writes the looks of all days that have matured since the last one; returns how many.

    Idempotent by `one_look_per_day_and_metric`: opening a page, or asking twice, adds none.
    """
    counts = read_counts(experiment)
    days = final_days(counts)
    seen = set(_rows(experiment).values_list("day", flat=True))
    new = [day for day in days if day not in seen and (not seen or day > max(seen))]
    if not new:
        return 0
    # Counting anew may drop the first day; numbers must go on from where they were.
    pairs, first = pairs_of(experiment), min([*seen, days[0]])
    rows = [
        _make_row(experiment, pair, metric, day, (day - first).days + 1, epochs, now)
        for day, epochs in accumulate(counts, new)
        for pair in pairs
        for metric in list_metrics(pair)
    ]
    LookRow.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def pairs_of(experiment: Experiment, variants: Sequence[Variant] | None = None) -> list[Pair]:
    """The comparisons of this experiment; reads its variants unless they are given."""
    known = list(experiment.variants.all()) if variants is None else variants
    control = next((v.key for v in known if v.is_control), None) if len(known) > 1 else None
    return list_pairs([v.key for v in known], control=control, has_holdout=experiment.holdout_share > 0)


def plan_of(experiment: Experiment, pair: Pair) -> Plan:
    """The plan of a primary comparison; what is shown beside it has none, so the sequence judges it."""
    if experiment.planned_people and pair.is_primary:
        return Plan(experiment.planned_people)
    return _WITHOUT_END


def read_looks(experiment: Experiment) -> list[LookRow]:
    """All looks since the last start, in the order of their days. One query."""
    return list(_rows(experiment).order_by("day", "pk"))


def series_of(experiment: Experiment, pair: Pair, looks: Sequence[LookRow]) -> list[Series]:
    """What a pair's looks say by each metric, as `decide` takes it.

    Looks with too few conversions are left out, as if nobody had looked.
    """
    by_metric: dict[str, list[Look]] = {}
    for row in looks:
        if (row.reference, row.arm) == (pair.reference, pair.arm) and not row.skipped:
            to_end = (experiment.ends_on - row.day).days if experiment.ends_on else None
            look = Look(row.number, read_estimate(row.estimate or {}), row.is_last, to_end)
            by_metric.setdefault(row.metric, []).append(look)
    return [
        Series(
            variant=pair.arm,
            metric=metric,
            looks=tuple(by_metric.get(metric, ())),
            is_primary=pair.is_primary and metric == experiment.metric,
            noun=NOUNS[metric],
        )
        for metric in list_metrics(pair)
    ]


def read_estimate(stored: Mapping[str, Any]) -> Estimate:
    """The estimate as `asdict` took it apart."""
    rates = stored.get("rates")
    pair = (Rate(**rates[0]), Rate(**rates[1])) if rates else None
    return Estimate(**{**stored, "kind": Kind(stored["kind"]), "rates": pair})


def _make_row(
    experiment: Experiment,
    pair: Pair,
    metric: Metric,
    day: date,
    number: int,
    epochs: Sequence[ByArm],
    now: datetime,
) -> LookRow:
    plan, found = plan_of(experiment, pair), estimate(metric, pair, epochs)
    row = LookRow(
        experiment=experiment,
        version=experiment.version,
        reference=pair.reference,
        arm=pair.arm,
        metric=metric,
        day=day,
        number=number,
        people=found.people if found else 0,
        fraction=plan.fraction(found.people) if found else 0.0,
        is_last=bool(experiment.ends_on and day >= experiment.ends_on),
        skipped="" if found and found.is_enough else FEW if found else EMPTY,
        taken_at=now,
    )
    if found:
        row.estimate, row.reached = asdict(found), found.z
        _set_sequence(row, found, plan.design)
    return row


def _set_sequence(row: LookRow, found: Estimate, design: Design) -> None:
    """The band that the sequence alone gives, for the page's plot over time."""
    reach = reach_of_sequence(row.fraction, design)
    if math.isfinite(reach):
        band = found.interval(reach)
        row.needed, row.sequence_low, row.sequence_high = reach, band.low, band.high


def _rows(experiment: Experiment) -> QuerySet[LookRow]:
    return LookRow.objects.filter(experiment=experiment, version=experiment.version)
