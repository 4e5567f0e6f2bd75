"""What may be said of an experiment today, after all the days on which somebody looked. Pure.

`decide` claims a difference where there is none in at most 5 % of experiments, however often it is asked;
`experiments.boundaries` holds the rule. What the caller owes it: looks at matured people only (assigned at
least the metric's window ago, in every arm), one look a day, no look changed later, plan, variants and
primary metric fixed before the first look, forced and preview people left out, alarms kept once raised.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from experiments.boundaries import HYBRID, Design, combined_reaches, reach_of_sequence
from experiments.guardrails import Alarm, Guardrail, Severity, Split, check_guardrail, is_mismatched
from experiments.sequences import UNPLANNED
from experiments.statistics import Interval
from experiments.verdicts import Finding, Look, Rule, Series, Status, Verdict
from experiments.wording import describe_alarm, describe_finding


@dataclass(frozen=True, slots=True)
class Plan:
    """What is fixed before the first look: how many matured people, in control and variant together, end it.

    None means that nobody planned an end: then the sequence gets the whole error rate.
    Raises ValueError for a size below 1 or a design that doesn't fit.
    """

    people: int | None
    design: Design = HYBRID

    def __post_init__(self) -> None:
        if self.people is not None and self.people < 1:
            raise ValueError(f"A plan of {self.people} people can't be; plan for 1 or more, or for no end.")
        if self.people is None and self.design.plan_alpha:
            raise ValueError(
                "Without an end there is nothing to spend a plan's alpha on; use Plan.without_end()."
            )

    @classmethod
    def without_end(cls, alpha: float = 0.05) -> "Plan":
        return cls(None, Design(plan_alpha=0.0, sequence_alpha=alpha))

    def fraction(self, people: int) -> float:
        """How much of the plan is in; without one, of the size at which the sequence is narrowest."""
        return people / (self.people or UNPLANNED)

    def count_looks(self, looks: Sequence[Look]) -> tuple[int, bool]:
        """How many of these looks belong to the plan, and whether it is over."""
        if self.people is None:
            return 0, True
        for number, look in enumerate(looks, 1):
            if look.is_last or look.estimate.people >= self.people:
                return number, True
        return len(looks), False


@dataclass(frozen=True, slots=True)
class _Course:
    """One series under one design: what each look had to reach and which was the first to do so."""

    series: Series
    design: Design
    fractions: tuple[float, ...]
    reaches: tuple[float, ...]
    is_over: bool
    claim: int | None

    @property
    def rule(self) -> Rule | None:
        if self.claim is None:
            return None
        z = abs(self.series.looks[self.claim].estimate.z)
        by_sequence = z >= reach_of_sequence(self.fractions[self.claim], self.design)
        return Rule.SEQUENCE if by_sequence else Rule.PLAN


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
    looks over time Maurer and Bretz 2013, Statistics in Biopharmaceutical Research 5:311-320). Secondary
    metrics are found the same way, but metrics are not corrected for each other and never decide.
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
        for course in _step_down([each for each in series if each.metric == metric], plan):
            found[course.series.variant, metric] = _find(course, plan)
    return [found[each.variant, each.metric] for each in series]


def _step_down(series: Sequence[Series], plan: Plan) -> list[_Course]:
    """Holm's way: the errors are shared by those not yet claimed, so each claim makes the next easier."""
    claimed: list[_Course] = []
    rest = list(series)
    while rest:
        design = plan.design.shared_by(len(rest))
        courses = [_follow(each, plan, design) for each in rest]
        hits = [course for course in courses if course.claim is not None]
        claimed += hits
        if not hits:
            return claimed + courses
        rest = [course.series for course in courses if course.claim is None]
    return claimed


def _follow(series: Series, plan: Plan, design: Design) -> _Course:
    fractions = tuple(plan.fraction(look.estimate.people) for look in series.looks)
    planned, is_over = plan.count_looks(series.looks)
    reaches = _reaches(fractions, planned, is_over, design)
    claim = next(
        (n for n, pair in enumerate(zip(series.looks, reaches, strict=True)) if _crosses(*pair)), None
    )
    return _Course(series, design, fractions, reaches, is_over, claim)


@lru_cache(maxsize=1024)
def _reaches(fractions: tuple[float, ...], planned: int, is_over: bool, design: Design) -> tuple[float, ...]:
    """What each look must reach: within the plan either rule, after it the sequence alone."""
    within = combined_reaches(fractions[:planned], design, ended=is_over)
    return within + tuple(reach_of_sequence(fraction, design) for fraction in fractions[planned:])


def _crosses(look: Look, reach: float) -> bool:
    """Whether test and interval agree that there is a difference, so that no page contradicts itself."""
    estimate = look.estimate
    return estimate.is_enough and abs(estimate.z) >= reach and not estimate.interval(reach).holds(0)


def _find(course: _Course, plan: Plan) -> Finding:
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
    return replace(
        finding,
        day=None if course.claim is None else look.day,
        estimate=look.estimate,
        interval=_bound(look, reach),
        lift=look.estimate.lift_interval(reach) if math.isfinite(reach) else None,
        band=_bound(look, reach_of_sequence(course.fractions[at], course.design)),
        days_left=_days_left(series.looks[-1], plan) if finding.status is Status.COLLECTING else None,
    )


def _read(course: _Course) -> Status:
    if course.claim is not None:
        is_higher = course.series.looks[course.claim].estimate.difference > 0
        return Status.BETTER if is_higher == course.series.higher_is_better else Status.WORSE
    has_ended = course.is_over and bool(course.series.looks) and bool(course.design.plan_alpha)
    return Status.UNDECIDED if has_ended else Status.COLLECTING


def _bound(look: Look, reach: float) -> Interval | None:
    return look.estimate.interval(reach) if math.isfinite(reach) else None


def _days_left(look: Look, plan: Plan) -> int | None:
    """Days until the planned size at the pace so far; None without a plan or anybody counted."""
    if plan.people is None or not look.estimate.people:
        return None
    return max(math.ceil((plan.people - look.estimate.people) * look.day / look.estimate.people), 1)


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
    )
