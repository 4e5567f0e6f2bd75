"""One email to a list, once: try versions on a part of it, send what leads to the rest. Pure.

This maximises clicks, not certainty: what leads is called the leader, and how often that is the truly
better version is said beside it. Source: Feit and Berman (2019, Marketing Science 38:1038-1058).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from experiments.statistics import Rate


@dataclass(frozen=True, slots=True)
class TrialSize:
    """People per version in the test, and the chance that the leader is the truly better version."""

    per_version: int
    chance_right: float


def size_trial(list_size: int, *, rate: float, spread: float) -> TrialSize:
    """How many of the list each of two versions is tried on, so that most click in the end.

    `rate` is the usual share of people who click and `spread` the standard deviation of such shares from
    one email to another, both as fractions. Assumes that all clicks of the test are in before the rest
    goes out. Raises ValueError where these make no sense.
    """
    if list_size < 2 or not 0 < rate < 1 or not spread > 0:
        raise ValueError(
            f"Give a list of 2 or more, a rate from 0 to 1, a spread above 0: {list_size}, {rate}, {spread}."
        )
    noise = rate * (1 - rate) / spread**2
    best = math.sqrt(list_size / 4 * noise + (0.75 * noise) ** 2) - 0.75 * noise
    people = max(1, min(round(best), list_size // 2))
    return TrialSize(people, chance_leader_is_right(people, rate=rate, spread=spread))


def chance_leader_is_right(per_version: int, *, rate: float, spread: float) -> float:
    """How often the version with more clicks is the truly better one: 0.5 for nobody, to 1 for ever.

    The chance that two normal variables of this correlation have the same sign (Sheppard 1899).
    """
    return 0.5 + math.atan(spread * math.sqrt(per_version / (rate * (1 - rate)))) / math.pi


def pick_leader(rates: Mapping[str, Rate]) -> str:
    """The version with the highest share, the first of equals. Says nothing about certainty.

    Raises ValueError while a version has been sent to nobody.
    """
    if not rates or not all(rate.trials for rate in rates.values()):
        raise ValueError("Every version needs at least one person before one of them can lead.")
    return max(rates, key=lambda version: rates[version].value)
