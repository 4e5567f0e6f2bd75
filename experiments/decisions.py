"""What may be said of an experiment today, after all the days on which somebody looked. Pure.

`decide` claims a difference where there is none in at most 5 % of experiments, however often it is asked;
`experiments.boundaries` holds the rule. What the caller owes it: looks at matured people only (assigned at
least the metric's window ago, in every arm), one look a day, no look changed later, plan, variants and
primary metric fixed before the first look, forced and preview people left out, alarms kept once raised.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from experiments.courses import Course, Plan, step_down
from experiments.guardrails import Alarm, Guardrail, Severity, Split, check_guardrail, is_mismatched
from experiments.statistics import Interval
from experiments.verdicts import Finding, Look, Series, Status, Verdict
from experiments.wording import describe_alarm, describe_finding


def decide(
    series: Sequence[Series],
    *,
    plan: Plan,
    splits: Sequence[Split] = (),
    guardrails: Sequence[Guardrail] = (),
    alarms: Sequence[Alarm] = (),
    is_broken: bool = False,
) -> Verdict:
    """The verdict on all variants, each compared with the same control by the primary metric.

    `alarms` and `is_broken` are what earlier looks raised, which stays.
    A broken split blocks every finding. A variant that does harm is not called better. Among the variants
    of one metric the errors are shared after Holm (1979, Scandinavian Journal of Statistics 6:65-70; for
    looks over time Maurer and Bretz 2013, Statistics in Biopharmaceutical Research 5:311-320), and more
    looks never change what was found of a variant: its day, its range, its rule. Secondary metrics are
    found the same way, but metrics are not corrected for each other and never decide.
    Raises ValueError for looks not in the order of their days.
    """
    findings = tuple(find_differences(series, plan))
    raised = (alarm for guard in guardrails if (alarm := check_guardrail(guard)))
    alarms = tuple(dict.fromkeys([*alarms, *raised]))
    if is_broken or is_mismatched(splits):
        findings = tuple(map(block_finding, findings))
        words = "Stopped: the split is broken. Find out why before believing any comparison."
        return Verdict(Status.BLOCKED, None, None, words, findings, alarms)
    return _summarise(findings, alarms)


def find_differences(series: Sequence[Series], plan: Plan) -> list[Finding]:
    """The finding of each series, in their order; the series of one metric share their errors."""
    for each in series:
        if any(a.day >= b.day for a, b in zip(each.looks, each.looks[1:], strict=False)):
            raise ValueError(
                f"The looks at {each.variant} by {each.metric} are not one a day in their order."
            )
    found: dict[tuple[str, str], Finding] = {}
    for metric in dict.fromkeys(each.metric for each in series):
        for course in step_down([each for each in series if each.metric == metric], plan):
            found[course.series.variant, metric] = _find(course, plan)
    return [found[each.variant, each.metric] for each in series]


def _find(course: Course, plan: Plan) -> Finding:
    series = course.series
    finding = Finding(
        series.variant,
        series.metric,
        series.noun,
        series.is_primary,
        _read(course),
        rule=course.rule,
        reaches=course.reaches,
    )
    if not series.looks:
        return finding
    at = len(series.looks) - 1 if course.claim is None else course.claim
    look, reach = series.looks[at], course.reaches[at]
    is_open = finding.status is Status.COLLECTING
    days_left, ends_short = _wait(series.looks[-1], plan) if is_open else (None, False)
    return replace(
        finding,
        day=None if course.claim is None else look.day,
        estimate=look.estimate,
        interval=_bound(look, reach),
        lift=look.estimate.lift_interval(reach) if math.isfinite(reach) else None,
        band=_bound(look, course.band_reach(at)),
        days_left=days_left,
        ends_short=ends_short,
    )


def _read(course: Course) -> Status:
    if course.claim is not None:
        is_higher = course.series.looks[course.claim].estimate.difference > 0
        return Status.BETTER if is_higher == course.series.higher_is_better else Status.WORSE
    has_ended = course.is_over and bool(course.designs) and bool(course.designs[-1].plan_alpha)
    return Status.UNDECIDED if has_ended else Status.COLLECTING


def _bound(look: Look, reach: float) -> Interval | None:
    return look.estimate.interval(reach) if math.isfinite(reach) else None


def _wait(look: Look, plan: Plan) -> tuple[int | None, bool]:
    """Days until the plan ends, and whether its last day comes before the planned size at this pace.

    None without a plan or anybody counted.
    """
    if plan.people is None or not look.estimate.people:
        return None, False
    days = max(math.ceil((plan.people - look.estimate.people) * look.day / look.estimate.people), 1)
    if look.days_to_end is None or look.days_to_end >= days:
        return days, False
    return max(look.days_to_end, 1), True


def _summarise(findings: tuple[Finding, ...], alarms: tuple[Alarm, ...]) -> Verdict:
    """The best harmless variant if there is one, else harm, else whatever keeps the question open."""
    harmful = {alarm.variant for alarm in alarms if alarm.severity is Severity.STOP}
    primary = [finding for finding in findings if finding.is_primary]
    main = _choose(finding for finding in primary if finding.variant not in harmful)
    said = [describe_alarm(alarm) for alarm in alarms]
    if harmful and (main is None or main.status is not Status.BETTER):
        variant = next(alarm.variant for alarm in alarms if alarm.variant in harmful)
        return Verdict(Status.HARMFUL, variant, None, " ".join(said), findings, alarms)
    if main is None:
        return Verdict(
            Status.COLLECTING, None, None, " ".join(["Still collecting.", *said]), findings, alarms
        )
    words = " ".join([describe_finding(main), *said])
    return Verdict(main.status, main.variant, main.rule, words, findings, alarms)


_ORDER = (Status.BETTER, Status.COLLECTING, Status.UNDECIDED, Status.WORSE)


def _choose(findings: Iterable[Finding]) -> Finding | None:
    """The finding that speaks for all: better before open before worse, and the largest z among equals."""
    return min(findings, key=lambda f: (_ORDER.index(f.status), -_strength(f)), default=None)


def _strength(finding: Finding) -> float:
    return abs(finding.estimate.z) if finding.estimate else 0.0


def block_finding(finding: Finding) -> Finding:
    """The finding without anything that could be believed: what a broken split leaves of it."""
    return replace(
        finding,
        status=Status.BLOCKED,
        rule=None,
        day=None,
        interval=None,
        lift=None,
        band=None,
        days_left=None,
        ends_short=False,
    )
