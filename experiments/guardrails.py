"""Does a variant harm, and is the split as planned? Evidence that holds at every look, for ever. Pure.

Both measures are e-values, here as logarithms: how much better "something is wrong" explains what was
counted than "all is well". They start at 1 (log 0), and if all is well they ever reach 1 / alpha with
chance alpha at most (Ville 1939), exactly, for any size and however often somebody looks. So an alarm
that was once raised stays: the caller keeps it. People who changed arms or were forced count in neither.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from scipy.special import betainc, betaln, gammaln, xlog1py, xlogy

from experiments.statistics import Rate

HARM_ALPHA = 0.05
MISMATCH_ALPHA = 0.01
_HARM_CONCENTRATION = 10.0  # the most sensitive to an event that becomes twice as frequent
_MISMATCH_CONCENTRATION = 1000.0  # most sensitive to a split that is a few points off
_LEAST_EVENTS = 5  # one complaint among the first hundred emails is no rate yet


class Severity(StrEnum):
    WARN = "warn"
    STOP = "stop"


class Cause(StrEnum):
    """Why an alarm was raised."""

    WORSE_THAN_CONTROL = "worse than the control"
    ABOVE_LIMIT = "above the limit"


@dataclass(frozen=True, slots=True)
class Limit:
    """Shares of people at which a variant is warned of or stopped, whatever the control does."""

    warn: float = math.inf
    stop: float = math.inf


LIMITS = {
    "complaint": Limit(warn=0.001, stop=0.003),  # what the large mailbox providers publish for senders
    "unsubscribe": Limit(warn=0.01, stop=0.02),
    "bounce": Limit(warn=0.02, stop=0.05),
}


@dataclass(frozen=True, slots=True)
class Events:
    """How many people of control and variant did something nobody wants under one split.

    `share` is the variant's planned share of the two arms together: 0.5 for equal arms.
    """

    control: int
    treated: int
    share: float = 0.5


@dataclass(frozen=True, slots=True)
class Guardrail:
    """How many people of control and variant did something nobody wants, among those assigned.

    `compared` holds these events split by split: counted together, a month in which more people leave
    would look like a variant that drives them away. It is empty where the two can't be compared, because
    the control gets no email: then the limit alone counts.
    """

    variant: str
    metric: str
    control: Rate
    treated: Rate
    compared: tuple[Events, ...] = ()
    limit: Limit = Limit()


@dataclass(frozen=True, slots=True)
class Alarm:
    variant: str
    metric: str
    severity: Severity
    cause: Cause
    control: float  # shares of people
    treated: float


@dataclass(frozen=True, slots=True)
class Split:
    """How many people each arm got in one epoch, and in which proportions they should have come."""

    counts: tuple[int, ...]
    weights: tuple[float, ...]


def harm_evidence(control_events: int, treated_events: int, *, share: float = 0.5) -> float:
    """The log e-value of "the variant causes more of these events", against "as many, or fewer".

    If all is well, each event falls on the variant with chance `share`, whatever the rate. A beta
    mixture around `share`, cut to what lies above it, is set against that. One event a person.
    Raises ValueError for a share not between 0 and 1.
    """
    if not 0 < share < 1:
        raise ValueError(f"The variant's share of people is {share}; it lies between 0 and 1.")
    ones, zeros = _HARM_CONCENTRATION * share, _HARM_CONCENTRATION * (1 - share)
    after = betaln(ones + treated_events, zeros + control_events) - betaln(ones, zeros)
    above = _log_above(ones + treated_events, zeros + control_events, share) - _log_above(ones, zeros, share)
    return float(after + above - xlogy(treated_events, share) - xlog1py(control_events, -share))


def check_guardrail(guardrail: Guardrail, *, alpha: float = HARM_ALPHA) -> Alarm | None:
    """The gravest alarm that these counts raise: stop before warn, comparison before limit."""
    treated = guardrail.treated
    evidence = sum(harm_evidence(e.control, e.treated, share=e.share) for e in guardrail.compared)
    if evidence >= -math.log(alpha):
        return _alarm(guardrail, Severity.STOP, Cause.WORSE_THAN_CONTROL)
    if treated.successes < _LEAST_EVENTS:
        return None
    if treated.value > guardrail.limit.stop:
        return _alarm(guardrail, Severity.STOP, Cause.ABOVE_LIMIT)
    if treated.value > guardrail.limit.warn:
        return _alarm(guardrail, Severity.WARN, Cause.ABOVE_LIMIT)
    return None


def mismatch_evidence(splits: Sequence[Split]) -> float:
    """The log e-value of "people were not split as planned", all epochs together.

    Dirichlet mixture around the planned shares against the multinomial with just these (Lindon and Malek
    2022, NeurIPS, "Anytime-Valid Inference for Multinomial Count Data"). Arms of weight 0 are left out.
    """
    return sum(_split_evidence(split) for split in splits)


def is_mismatched(splits: Sequence[Split], *, alpha: float = MISMATCH_ALPHA) -> bool:
    """Whether the split is broken, so that no comparison can be believed; find out why first."""
    return mismatch_evidence(splits) >= -math.log(alpha)


def _split_evidence(split: Split) -> float:
    arms = [(n, weight) for n, weight in zip(split.counts, split.weights, strict=True) if weight > 0]
    people, total = sum(n for n, _ in arms), sum(weight for _, weight in arms)
    evidence = gammaln(_MISMATCH_CONCENTRATION) - gammaln(_MISMATCH_CONCENTRATION + people)
    for n, weight in arms:
        prior = _MISMATCH_CONCENTRATION * weight / total
        evidence += gammaln(prior + n) - gammaln(prior) - xlogy(n, weight / total)
    return float(evidence)


def _log_above(ones: float, zeros: float, share: float) -> float:
    """The log of a beta variable's chance to lie above `share`; minus infinity where that underflows."""
    chance = float(betainc(zeros, ones, 1 - share))
    return math.log(chance) if chance else -math.inf


def _alarm(guardrail: Guardrail, severity: Severity, cause: Cause) -> Alarm:
    rates = guardrail.control.value if guardrail.control.trials else 0.0, guardrail.treated.value
    return Alarm(guardrail.variant, guardrail.metric, severity, cause, *rates)
