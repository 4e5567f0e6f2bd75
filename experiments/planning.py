"""Before the start: how many people, how many days, and what speaks against it. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from scipy.optimize import brentq

from experiments.boundaries import HYBRID, Design, chances_to_decide, combined_reaches

LONGEST, SHORTEST = 56, 7  # days
FOUR_WEEKS = 28
_FEW_CONVERSIONS = 100  # in the smallest arm over the whole plan


class Caution(StrEnum):
    """What speaks against a plan, and what to do."""

    TOO_LONG = "It takes more than eight weeks. Test a bolder change, or decide by clicks instead of orders."
    TOO_SHORT = "The traffic would do in less than a week. Run a whole week, as weekdays differ."
    FEW_CONVERSIONS = (
        "An arm would see fewer than 100 conversions, so a few people decide. Plan for more people."
    )
    LARGE_EFFECT = (
        "Few changes bring half as much again. Plan for a smaller effect, or you will likely miss it."
    )
    SMALL_ARM = "An arm gets less than a tenth of the people. Give it more, and the answer comes much sooner."


@dataclass(frozen=True, slots=True)
class Needs:
    """What an experiment takes.

    `people` count over all arms, `compared` in the control and the variant with the smallest share: what
    `decisions.Plan` wants. `days` include the window after the last assignment. `effect_in_four_weeks` is
    the smallest effect that 28 days of assignments would find as often.
    """

    people: int
    compared: int
    days: int
    effect_in_four_weeks: float
    cautions: tuple[Caution, ...]


@dataclass(frozen=True, slots=True)
class Traffic:
    """How many people enter a day, the arms' shares (control first), and the metric's window in days."""

    daily_people: float
    shares: tuple[float, ...] = (0.5, 0.5)
    window_days: int = 7

    def __post_init__(self) -> None:
        if (
            not self.daily_people > 0
            or len(self.shares) < 2
            or not min(self.shares) > 0
            or self.window_days < 0
        ):
            raise ValueError(
                f"Give people above 0 a day, two shares or more above 0, a window of 0 or more: {self}."
            )

    @property
    def compared_shares(self) -> tuple[float, float]:
        """The shares of the control and of the smallest variant, of all people."""
        total = sum(self.shares)
        return self.shares[0] / total, min(self.shares[1:]) / total


def plan_rates(
    baseline: float, effect: float, traffic: Traffic, *, power: float = 0.8, design: Design = HYBRID
) -> Needs:
    """What it takes to find this relative effect (0.2 is 20 % more) on this rate with this power.

    Counts what daily looks cost and, with several variants, that they share the errors. Raises ValueError
    where a rate leaves the range from 0 to 1 or the effect is 0.
    """
    lifted = baseline * (1 + effect)
    if not (0 < baseline < 1 and 0 < lifted < 1) or lifted == baseline:
        raise ValueError(f"From {baseline} to {lifted} can't be planned; give two rates between 0 and 1.")
    variances = baseline * (1 - baseline), lifted * (1 - lifted)
    people = _count_people(lifted - baseline, variances, traffic, power=power, design=design)
    is_thin = people * min(traffic.compared_shares) * min(baseline, lifted) < _FEW_CONVERSIONS
    return _build(people, effect, traffic, [Caution.FEW_CONVERSIONS] if is_thin else [])


def plan_means(
    mean: float,
    deviation: float,
    effect: float,
    traffic: Traffic,
    *,
    power: float = 0.8,
    design: Design = HYBRID,
) -> Needs:
    """The same for a mean per person, such as revenue: `deviation` over all people, zeros included.

    Raises ValueError unless mean and deviation are above 0 and the effect isn't 0.
    """
    if not (mean > 0 and deviation > 0 and effect):
        raise ValueError(f"Give a mean and a deviation above 0 and an effect: {mean}, {deviation}, {effect}.")
    variances = deviation**2, deviation**2
    return _build(
        _count_people(mean * effect, variances, traffic, power=power, design=design), effect, traffic, []
    )


def spread_over_people(rate: float, order: float, deviation: float) -> tuple[float, float]:
    """Mean and standard deviation of what a person spends, zeros included: what `plan_means` wants.

    Of all people `rate` order, for `order` on average and with this `deviation` between orders. Assumes
    one order a person within the window. Raises ValueError for a rate not between 0 and 1, or no spending.
    """
    if not (0 < rate < 1 and order > 0 and deviation >= 0):
        raise ValueError(f"Give a rate between 0 and 1 and amounts above 0: {rate}, {order}, {deviation}.")
    mean = rate * order
    return mean, math.sqrt(rate * (deviation**2 + order**2) - mean**2)


@lru_cache(maxsize=64)
def required_drift(design: Design, power: float, *, looks: int = FOUR_WEEKS) -> float:
    """How many standard errors the true difference must be at the planned end to be found this often.

    A single look at 5 % and 80 % would need 2.80. Raises ValueError for a power not between alpha and 1.
    """
    if not design.alpha < power < 1:
        raise ValueError(f"A power of {power} can't be planned; give one between {design.alpha} and 1.")
    fractions = tuple(look / looks for look in range(1, looks + 1))
    reaches = combined_reaches(fractions, design, ended=True)
    return float(brentq(lambda drift: chances_to_decide(fractions, reaches, drift)[-1] - power, 0.0, 12.0))


def _count_people(
    difference: float, variances: tuple[float, float], traffic: Traffic, *, power: float, design: Design
) -> int:
    """People over all arms until the smallest comparison's z is expected to be `required_drift`."""
    drift = required_drift(design.shared_by(len(traffic.shares) - 1), power)
    spread = sum(v / share for v, share in zip(variances, traffic.compared_shares, strict=True))
    return math.ceil((drift / difference) ** 2 * spread)


def _build(people: int, effect: float, traffic: Traffic, cautions: Sequence[Caution]) -> Needs:
    days = math.ceil(people / traffic.daily_people)
    in_four_weeks = abs(effect) * math.sqrt(people / (FOUR_WEEKS * traffic.daily_people))
    found = list(cautions)
    if days < SHORTEST:
        found.append(Caution.TOO_SHORT)
        days, people = SHORTEST, math.ceil(SHORTEST * traffic.daily_people)
    if days + traffic.window_days > LONGEST:
        found.append(Caution.TOO_LONG)
    if abs(effect) >= 0.5:
        found.append(Caution.LARGE_EFFECT)
    if min(traffic.compared_shares) < 0.1:
        found.append(Caution.SMALL_ARM)
    compared = math.ceil(people * sum(traffic.compared_shares))
    return Needs(people, compared, days + traffic.window_days, in_four_weeks, tuple(found))
