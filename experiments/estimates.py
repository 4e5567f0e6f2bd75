"""How far variant B is from the control A, and how sure that is. Pure; the unit is always the person.

A person counts once, with everything they did within the window: counting messages instead makes 17 %
of experiments without a difference look like one. Only people assigned at least a window ago may be
counted, in both arms ("matured"), or the faster arm looks better than it is; that is the caller's duty.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from experiments.statistics import Interval, Moments, Rate, newcombe_interval

LEAST_CONVERSIONS = 10  # per arm; below it a normal approximation says nothing


class Kind(StrEnum):
    """What a metric is per person: did it or not, how much, or one sum over another."""

    RATE = "rate"
    MEAN = "mean"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True)
class JointMoments:
    """Sums over people of a number, of another one, of their squares and of their product.

    The other one is a ratio's denominator (emails of a person, orders of a person) or, for CUPED, what
    was known before the experiment.
    """

    count: int
    total: float
    total_of_squares: float
    other_total: float
    other_total_of_squares: float
    total_of_products: float

    @property
    def number(self) -> Moments:
        return Moments(self.count, self.total, self.total_of_squares)

    @property
    def other(self) -> Moments:
        return Moments(self.count, self.other_total, self.other_total_of_squares)

    @property
    def covariance(self) -> float:
        """The unbiased sample covariance; NaN for fewer than two people."""
        if self.count < 2:
            return math.nan
        return (self.total_of_products - self.total * self.other_total / self.count) / (self.count - 1)


@dataclass(frozen=True, slots=True)
class Estimate:
    """B minus A in the metric's own unit, with what is needed to bound it at any number of errors.

    `error` is the standard error, `null_error` the one if there were no difference. `is_enough`: each
    arm has ten conversions, or ten people's worth of money. `log_ratio` and `log_error` are of B over A,
    None where an arm has nothing to divide by or too little.
    `information` is n_a n_b / (n_a + n_b): a split of 1 to 9 tells less than halves.
    """

    kind: Kind
    people: int
    information: float
    difference: float
    error: float
    null_error: float
    is_enough: bool
    log_ratio: float | None = None
    log_error: float | None = None
    rates: tuple[Rate, Rate] | None = None

    @property
    def z(self) -> float:
        """The standardised difference, 0 where nothing varies."""
        return self.difference / self.null_error if self.null_error > 0 else 0.0

    def interval(self, reach: float) -> Interval:
        """The difference give or take `reach` standard errors: Newcombe's for rates, else the plain one."""
        if self.rates:
            return newcombe_interval(*self.rates, reach=reach)
        return Interval(self.difference - reach * self.error, self.difference + reach * self.error)

    @property
    def lift(self) -> float | None:
        """B over A minus 1: 0.2 is 20 % more."""
        return None if self.log_ratio is None else math.expm1(self.log_ratio)

    def lift_interval(self, reach: float) -> Interval | None:
        """The lift give or take `reach` standard errors of its logarithm."""
        if self.log_ratio is None or self.log_error is None:
            return None
        return Interval(
            math.expm1(self.log_ratio - reach * self.log_error),
            math.expm1(self.log_ratio + reach * self.log_error),
        )


def estimate_rates(a: Rate, b: Rate) -> Estimate | None:
    """The difference of two proportions, or None where an arm is empty.

    `null_error` pools both arms, which keeps the error rate with unequal splits (Fleiss, Statistical
    Methods for Rates and Proportions, section 3.1); the lift's error is Katz's (1978, Biometrics 34).
    """
    if not (a.trials and b.trials):
        return None
    pooled = (a.successes + b.successes) / (a.trials + b.trials)
    log_ratio, log_error = None, None
    if a.successes and b.successes:
        spread = 1 / a.successes - 1 / a.trials + 1 / b.successes - 1 / b.trials
        log_ratio, log_error = math.log(b.value / a.value), math.sqrt(max(spread, 0.0))
    spread = a.value * (1 - a.value) / a.trials + b.value * (1 - b.value) / b.trials
    return Estimate(
        kind=Kind.RATE,
        people=a.trials + b.trials,
        information=a.trials * b.trials / (a.trials + b.trials),
        difference=b.value - a.value,
        error=math.sqrt(spread),
        null_error=math.sqrt(pooled * (1 - pooled) * (1 / a.trials + 1 / b.trials)),
        is_enough=all(min(r.successes, r.trials - r.successes) >= LEAST_CONVERSIONS for r in (a, b)),
        log_ratio=log_ratio,
        log_error=log_error,
        rates=(a, b),
    )


def estimate_means(a: Moments, b: Moments) -> Estimate | None:
    """The difference of two means, or None with fewer than two people in an arm.

    Welch's error. Money should be capped at a 99th percentile fixed before the start (find_cap,
    summarise); show the uncapped sum beside it.
    """
    if a.count < 2 or b.count < 2:
        return None
    of_a, of_b = a.variance / a.count, b.variance / b.count
    is_enough = _is_enough(a) and _is_enough(b)
    return _estimate(Kind.MEAN, (a.count, b.count), (a.mean, of_a), (b.mean, of_b), is_enough)


def estimate_ratios(a: JointMoments, b: JointMoments) -> Estimate | None:
    """The difference of two ratios of sums, such as clicks an email, over people; None if undefined.

    Delta method (Deng, Knoblich, Lu 2018, KDD, "Applying the Delta Method in Metric Analytics").
    """
    if min(a.count, b.count) < 2 or not (a.other_total > 0 and b.other_total > 0):
        return None
    ratios = [(arm.total / arm.other_total, _ratio_variance(arm)) for arm in (a, b)]
    is_enough = all(_is_enough(moments) for arm in (a, b) for moments in (arm.number, arm.other))
    return _estimate(Kind.RATIO, (a.count, b.count), ratios[0], ratios[1], is_enough)


def estimate_adjusted(a: JointMoments, b: JointMoments) -> Estimate | None:
    """The difference of two means, less what the people's past explains; None with fewer than two people.

    CUPED (Deng, Xu, Kohavi, Walker 2013, WSDM), one slope for both arms. `other` must have been known
    before the assignment. Expect an error smaller by 0 to 10 %, not more.
    """
    if min(a.count, b.count) < 2:
        return None
    spread = sum(arm.other.variance * (arm.count - 1) for arm in (a, b))
    slope = sum(arm.covariance * (arm.count - 1) for arm in (a, b)) / spread if spread > 0 else 0.0
    past = (a.other_total + b.other_total) / (a.count + b.count)
    of_a, of_b = _adjust(a, slope, past), _adjust(b, slope, past)
    is_enough = _is_enough(a.number) and _is_enough(b.number)
    return _estimate(Kind.MEAN, (a.count, b.count), of_a, of_b, is_enough)


def combine_epochs(epochs: Sequence[Estimate]) -> Estimate | None:
    """One estimate of several epochs between which the weights changed, or None of none.

    Each is compared within itself, so that people of a better month can't look like a better arm
    (Simpson's paradox), and weighs what its sizes tell (Cochran 1954, Biometrics 10:417-451).
    """
    if len(epochs) < 2:
        return epochs[0] if epochs else None
    total = sum(epoch.information for epoch in epochs)
    weights = [epoch.information / total for epoch in epochs]
    ratios = [epoch.log_ratio for epoch in epochs if epoch.log_ratio is not None]
    log_errors = [epoch.log_error for epoch in epochs if epoch.log_error is not None]
    has_lift = len(ratios) == len(log_errors) == len(epochs)
    return Estimate(
        kind=epochs[0].kind,
        people=sum(epoch.people for epoch in epochs),
        information=total,
        difference=_weigh(weights, [epoch.difference for epoch in epochs]),
        error=_weigh_errors(weights, [epoch.error for epoch in epochs]),
        null_error=_weigh_errors(weights, [epoch.null_error for epoch in epochs]),
        is_enough=any(epoch.is_enough for epoch in epochs),
        log_ratio=_weigh(weights, ratios) if has_lift else None,
        log_error=_weigh_errors(weights, log_errors) if has_lift else None,
    )


def _adjust(arm: JointMoments, slope: float, past: float) -> tuple[float, float]:
    """The mean less what the past explains, and the variance of that mean."""
    variance = arm.number.variance - 2 * slope * arm.covariance + slope**2 * arm.other.variance
    return arm.number.mean - slope * (arm.other.mean - past), max(variance, 0.0) / arm.count


def _ratio_variance(arm: JointMoments) -> float:
    ratio = arm.total / arm.other_total
    spread = arm.number.variance - 2 * ratio * arm.covariance + ratio**2 * arm.other.variance
    return max(spread, 0.0) / (arm.count * arm.other.mean**2)


def _weigh(weights: Sequence[float], values: Sequence[float]) -> float:
    return sum(weight * value for weight, value in zip(weights, values, strict=True))


def _weigh_errors(weights: Sequence[float], errors: Sequence[float]) -> float:
    """The standard error of a weighted sum of independent estimates."""
    return math.hypot(*(weight * error for weight, error in zip(weights, errors, strict=True)))


def _estimate(
    kind: Kind, people: tuple[int, int], a: tuple[float, float], b: tuple[float, float], is_enough: bool
) -> Estimate:
    """From two sizes and two pairs of mean and variance of that mean."""
    error = math.sqrt(a[1] + b[1])
    log_ratio, log_error = None, None
    if is_enough and a[0] > 0 and b[0] > 0:
        log_ratio = math.log(b[0]) - math.log(a[0])
        log_error = math.hypot(math.sqrt(a[1]) / a[0], math.sqrt(b[1]) / b[0])
    information = people[0] * people[1] / sum(people)
    return Estimate(
        kind, sum(people), information, b[0] - a[0], error, error, is_enough, log_ratio, log_error
    )


def _is_enough(arm: Moments) -> bool:
    """Whether ten people's worth of it is there: (sum x)^2 / sum x^2 is the number of people who gave
    something if all gave the same, and less if few gave most (Kish 1965, Survey Sampling, 11.7)."""
    return arm.total_of_squares > 0 and arm.total**2 / arm.total_of_squares >= LEAST_CONVERSIONS
