"""The words in which a decision is handed on: what was looked at, what was found, what follows. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from experiments.estimates import Estimate
from experiments.guardrails import Alarm
from experiments.statistics import Interval


class Status(StrEnum):
    COLLECTING = "still collecting"
    BETTER = "better"
    WORSE = "worse"
    UNDECIDED = "no difference found"  # the plan is over; only the sequence may still find one
    HARMFUL = "does harm"
    BLOCKED = "the split is broken"


class Rule(StrEnum):
    """Which rule claimed the difference. What the sequence claims, the plan would often claim as well."""

    PLAN = "plan"
    SEQUENCE = "sequence"


@dataclass(frozen=True, slots=True)
class Look:
    """What was known on one day, counted from the first on which anybody had matured.

    `is_last` says that the plan ends on this day, also if fewer people came than planned; that is
    allowed where the day was fixed beforehand. `days_to_end` are the days from this one until it.
    """

    day: int
    estimate: Estimate
    is_last: bool = False
    days_to_end: int | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """All looks so far at one variant against the control by one metric, in their order.

    `noun` is what the metric counts, as a reader would call it: "orders", "clicks", "revenue".
    """

    variant: str
    metric: str
    looks: tuple[Look, ...]
    is_primary: bool = True
    higher_is_better: bool = True
    noun: str = "conversions"


@dataclass(frozen=True, slots=True)
class Finding:
    """What may be said of one variant by one metric.

    Estimate and intervals are those of the look that decided on `day`, or else of the latest look.
    `interval` and `lift` hold at all looks together, for ever, with 95 %; more where several variants
    share the errors. `band` is the sequence's alone, wider. A difference found on the way is exaggerated
    on average by a quarter: believe the interval, not the estimate.
    """

    variant: str
    metric: str
    noun: str
    is_primary: bool
    status: Status
    rule: Rule | None = None
    day: int | None = None
    estimate: Estimate | None = None
    interval: Interval | None = None
    lift: Interval | None = None
    band: Interval | None = None
    days_left: int | None = None  # until the plan ends: at the pace so far, or on its last day if sooner
    ends_short: bool = False  # that day comes before all planned people have
    reaches: tuple[float, ...] = ()  # the z that each look had to reach, in their order


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be said of the whole experiment. `words` say it in English; pages in other languages
    build their sentence from the other fields. `variant` is the one that status and words are about."""

    status: Status
    variant: str | None
    rule: Rule | None
    words: str
    findings: tuple[Finding, ...]
    alarms: tuple[Alarm, ...]
