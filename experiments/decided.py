"""The verdict of each day: decided from the looks, stored with its reasons, acted on only where asked."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from experiments.changes import is_about_the_flow
from experiments.comparisons import GUARDING, HOLDOUT, WRITTEN, Metric, Pair, totals_of
from experiments.counting import Counts, DayCount, by_arm, by_epoch, read_counts
from experiments.decisions import decide
from experiments.guardrails import (
    LIMITS,
    Alarm,
    Cause,
    Events,
    Guardrail,
    Severity,
    Split,
    check_guardrail,
    is_mismatched,
)
from experiments.looks import pairs_of, plan_of, read_looks, series_of
from experiments.models import Alarm as AlarmRow
from experiments.models import Decision, Experiment
from experiments.running import roll_out
from experiments.verdicts import Series, Status, Verdict
from experiments.wording import describe_finding

SPLIT = "split"
AUTOMATIC = "automatic roll-out"


def decide_day(experiment: Experiment, now: datetime) -> Verdict:
    """The verdict of today, stored once a day by `one_decision_a_day`; the day's last one stays.

    Rolls the better variant out if the experiment asks for that and nothing speaks against it.
    """
    counts = read_counts(experiment)
    raise_alarms(experiment, counts, now.date())
    verdict = judge(experiment)
    Decision.objects.update_or_create(
        experiment=experiment,
        version=experiment.version,
        day=now.date(),
        defaults={
            "status": verdict.status,
            "arm": verdict.variant or "",
            "rule": verdict.rule or "",
            "words": verdict.words,
            "reasons": [describe_finding(f) for f in verdict.findings if f.is_primary],
            "decided_at": now,
        },
    )
    if experiment.auto_roll_out and verdict.status is Status.BETTER and not verdict.alarms:
        _roll_out(experiment, verdict, now)
    return verdict


def judge(experiment: Experiment) -> Verdict:
    """What may be said now, from stored looks and alarms. Writes nothing."""
    looks = read_looks(experiment)
    series = {pair: series_of(experiment, pair, looks) for pair in pairs_of(experiment)}
    return judge_series(experiment, series, read_alarms(experiment))


def judge_series(
    experiment: Experiment, series: Mapping[Pair, Sequence[Series]], alarms: Sequence[AlarmRow]
) -> Verdict:
    """The verdict on the comparisons that the experiment was made for."""
    primary = [pair for pair in series if pair.is_primary]
    if not primary:
        return Verdict(Status.COLLECTING, None, None, "There is nothing to compare.", (), ())
    return decide(
        [each for pair in primary for each in series[pair]],
        plan=plan_of(experiment, primary[0]),
        alarms=[_read_alarm(row) for row in alarms if row.metric != SPLIT],
        is_broken=any(row.metric == SPLIT for row in alarms),
    )


def read_alarms(experiment: Experiment) -> list[AlarmRow]:
    """Every alarm since the last start, the oldest first. One query."""
    rows = AlarmRow.objects.filter(experiment=experiment, version=experiment.version)
    return list(rows.order_by("day", "pk"))


def raise_alarms(experiment: Experiment, counts: Counts, day: date) -> None:
    """Stores every alarm that the counts so far raise; one that was raised before stays as it was."""
    rows = [_make_alarm_row(experiment, alarm, day) for alarm in check_harm(experiment, counts)]
    if is_mismatched(splits_of(counts)):
        row = AlarmRow(metric=SPLIT, severity=Severity.STOP, cause="the split is broken")
        row.experiment, row.version, row.day = experiment, experiment.version, day
        rows.append(row)
    AlarmRow.objects.bulk_create(rows, ignore_conflicts=True)


def splits_of(counts: Counts) -> list[Split]:
    """How many people each arm got in each epoch, beside the planned shares."""
    splits = []
    for epoch, arms in by_epoch(counts.days).items():
        shares = counts.shares[epoch]
        people = tuple(arms[arm].people if arm in arms else 0 for arm in shares)
        splits.append(Split(people, tuple(shares.values())))
    return splits


def check_harm(experiment: Experiment, counts: Counts) -> list[Alarm]:
    """The alarms of the guardrails, each variant against the control.

    People whose window is still open count: harm must not wait for the window to end. Only where an arm
    writes at another time do they count for the limits alone, as whoever writes sooner hears sooner.
    Who gets nothing can't unsubscribe, so against a holdout only the absolute limits count.
    """
    totals, variants = by_arm(counts.days), list(experiment.variants.all())
    shifted = {variant.key for variant in variants if is_about_the_flow(variant.changes)}
    guards = [
        Guardrail(
            variant=pair.arm,
            metric=metric,
            control=totals_of(pair.reference, totals).rate(metric),
            treated=totals_of(pair.arm, totals).rate(metric),
            compared=_count_events(pair, metric, counts, is_shifted=not shifted.isdisjoint(_arms_of(pair))),
            limit=LIMITS[metric],
        )
        for pair in pairs_of(experiment, variants)
        for metric in GUARDING
    ]
    return [alarm for guard in guards if (alarm := check_guardrail(guard))]


def _arms_of(pair: Pair) -> tuple[str, str]:
    return pair.reference, pair.arm


def _count_events(pair: Pair, metric: Metric, counts: Counts, *, is_shifted: bool) -> tuple[Events, ...]:
    """What both arms did under each split that both had a share of; none against people who get nothing."""
    if pair.reference == HOLDOUT:
        return ()
    days: Iterable[DayCount] = counts.matured() if is_shifted else counts.days
    found = []
    for epoch, arms in by_epoch(days).items():
        shares = counts.shares[epoch]
        theirs, ours = (shares.get(arm, 0.0) for arm in _arms_of(pair))
        if theirs and ours:
            control, treated = (totals_of(arm, arms).rate(metric).successes for arm in _arms_of(pair))
            found.append(Events(control, treated, ours / (ours + theirs)))
    return tuple(found)


def _make_alarm_row(experiment: Experiment, alarm: Alarm, day: date) -> AlarmRow:
    return AlarmRow(
        experiment=experiment,
        version=experiment.version,
        arm=alarm.variant,
        metric=alarm.metric,
        severity=alarm.severity,
        cause=alarm.cause,
        control=alarm.control,
        treated=alarm.treated,
        day=day,
    )


def _read_alarm(row: AlarmRow) -> Alarm:
    return Alarm(
        row.arm, row.metric, Severity(row.severity), Cause(row.cause), row.control or 0.0, row.treated or 0.0
    )


def _roll_out(experiment: Experiment, verdict: Verdict, now: datetime) -> None:
    """Only what is still running; a single variant that beats its holdout goes to the held-out people too.

    That ends what is known of the money it brings, so it takes somebody who switched it on for this flow.
    """
    variants = experiment.variants.all()
    if verdict.variant != WRITTEN:
        variants = variants.filter(key=verdict.variant or "")
    variant = variants.first()
    if variant and experiment.status == Experiment.Status.RUNNING:
        roll_out(experiment, variant, now, actor=AUTOMATIC)
