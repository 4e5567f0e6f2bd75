"""How far a difference must reach at each look, so that looking daily costs no more than planned. Pure.

Two rules share one error rate. On the way to the planned size a difference counts when it crosses
O'Brien and Fleming's boundary (4 %) or leaves the confidence sequence (1 %). The two often fire together,
so fewer than 5 % of experiments without a difference would be caught; the last planned look gets what is
left. No boundary is higher than that of two rules run side by side, the last is lower. After the
plan the sequence alone goes on, for ever, and what it can still spend is reserved beforehand.

Sources: spending function of Lan and DeMets (1983, Biometrika 70:659-663), O'Brien and Fleming's shape;
numerical integration after Armitage, McPherson and Rowe (1969, JRSS A 132:235-244), with Gauss-Legendre
nodes; the reserve is Ville's inequality, conditional on what survived the plan.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from experiments.sequences import sequence_reach, tune_spread

Floats = NDArray[np.float64]
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(257)
_UNREACHABLE: Final = 8.0  # standard errors; beyond it the normal curve holds less than 1e-15
_LOWEST: Final = 0.1  # standard errors; no sensible boundary is lower
_LEAST_STEP: Final = 0.002  # of the plan; the nodes can't tell looks that are closer to each other
_ANY: Final = 1_000_000  # a sequence tuned for the planned size depends on the share of it alone


@dataclass(frozen=True, slots=True)
class Design:
    """How the error rate is shared: so much for the plan, so much for the sequence; both two-sided.

    `plan_alpha` 0 means there is no plan, `sequence_alpha` 0 that nobody will look after it.
    """

    plan_alpha: float = 0.04
    sequence_alpha: float = 0.01

    def __post_init__(self) -> None:
        if min(self.plan_alpha, self.sequence_alpha) < 0 or not 0 < self.alpha < 1:
            raise ValueError(
                f"{self.plan_alpha} and {self.sequence_alpha} must be 0 or more, below 1 together."
            )

    @property
    def alpha(self) -> float:
        """The chance that the two together ever claim a difference where there is none."""
        return self.plan_alpha + self.sequence_alpha

    def shared_by(self, count: int) -> "Design":
        """The same design with each rate divided by `count`, for one comparison of several (Bonferroni)."""
        return Design(self.plan_alpha / count, self.sequence_alpha / count)


HYBRID: Final = Design()


@dataclass(frozen=True, slots=True, eq=False)
class _Paths:
    """Where the experiments without a crossing are: how many (`masses`) at which score (`points`)."""

    time: float
    points: Floats
    masses: Floats
    spent: float

    def chance_to_cross(self, time: float, reach: float, drift: float = 0.0) -> float:
        """The chance to be past `reach` standard errors, on either side, at the next look."""
        step, edge = math.sqrt(time - self.time), reach * math.sqrt(time)
        expected = self.points + drift * (time - self.time)
        outside = ndtr((expected - edge) / step) + ndtr((-edge - expected) / step)
        return float(self.masses @ outside)

    def go_on(self, time: float, reach: float, drift: float = 0.0) -> "_Paths":
        """The paths that stay within `reach` at the next look."""
        step, edge = math.sqrt(time - self.time), reach * math.sqrt(time)
        points = _NODES * edge
        expected = self.points + drift * (time - self.time)
        kernel = np.exp(-(((points[:, None] - expected[None, :]) / step) ** 2) / 2)
        masses = _WEIGHTS * edge * (kernel @ self.masses) / (math.sqrt(2 * math.pi) * step)
        return _Paths(time, points, masses, self.spent + self.chance_to_cross(time, reach, drift))

    def next_time(self, fraction: float) -> float:
        """When the next look takes place. Looks that bring next to nothing are moved a little apart,
        which only makes the boundary stricter."""
        return max(fraction, self.time + _LEAST_STEP)


@dataclass(frozen=True, slots=True, eq=False)
class _Stage:
    reach: float
    paths: _Paths


_Key = TypeVar("_Key", float, Design)
_START = _Paths(0.0, np.zeros(1), np.ones(1), 0.0)


def spend_obrien_fleming(fraction: float, alpha: float) -> float:
    """How much of alpha (two-sided) may be spent once this fraction of the plan is in.

    Each side spends half of it by 2 - 2 Phi(z / sqrt(fraction)), z the quantile of a quarter of alpha.
    """
    if fraction <= 0:
        return 0.0
    return float(4 * ndtr(ndtri(alpha / 4) / math.sqrt(min(fraction, 1.0))))


@lru_cache(maxsize=256)
def plan_reaches(fractions: tuple[float, ...], alpha: float) -> tuple[float, ...]:
    """O'Brien and Fleming's boundary alone: the z that each look must reach, two-sided level alpha.

    `fractions` are the shares of the planned people at each look so far, rising; a look's boundary
    depends on no later one. Raises ValueError where the first is not above 0.
    """
    return tuple(stage.reach for stage in _stages(_plan_stage, fractions, alpha))


@lru_cache(maxsize=256)
def combined_reaches(fractions: tuple[float, ...], design: Design, *, ended: bool) -> tuple[float, ...]:
    """The z that each look within the plan must reach for plan or sequence to claim a difference.

    `ended` says that the last of these looks is the plan's last, also where fewer people came than
    planned: allowed as long as that day was fixed beforehand. An estimate give or take these reaches
    covers the truth at all looks together, for ever, with chance 1 - design.alpha at least.
    """
    if not fractions:
        return ()
    reaches = [stage.reach for stage in _stages(_combined_stage, fractions, design)]
    if ended and design.plan_alpha:
        reaches[-1] = _last_reach(fractions, design)
    return tuple(reaches)


def reach_of_sequence(fraction: float, design: Design) -> float:
    """What the sequence alone asks for at this share of the planned people, below or above 1."""
    if not design.sequence_alpha:
        return math.inf
    return sequence_reach(fraction * _ANY, tuned_for=_ANY, alpha=design.sequence_alpha)


def chances_to_decide(
    fractions: Sequence[float], reaches: Sequence[float], drift: float
) -> tuple[float, ...]:
    """The chance that an experiment has crossed by each look, if z is `drift` on average at fraction 1."""
    paths, chances = _START, []
    for fraction, reach in zip(fractions, reaches, strict=True):
        paths = paths.go_on(paths.next_time(fraction), min(reach, _UNREACHABLE), drift)
        chances.append(paths.spent)
    return tuple(chances)


def _stages(
    build: Callable[[tuple[float, ...], _Key], _Stage], fractions: tuple[float, ...], key: _Key
) -> list[_Stage]:
    """The stage of each look, the earlier ones first, so that each finds the one before in the cache."""
    if fractions[0] <= 0:
        raise ValueError(f"The first look is at {fractions[0]} of the plan; look once somebody counts.")
    return [build(fractions[: look + 1], key) for look in range(len(fractions))]


@lru_cache(maxsize=2048)
def _plan_stage(fractions: tuple[float, ...], alpha: float) -> _Stage:
    before = _plan_stage(fractions[:-1], alpha).paths if len(fractions) > 1 else _START
    time = before.next_time(fractions[-1])
    left = spend_obrien_fleming(fractions[-1], alpha) - before.spent
    reach = _solve(lambda z: before.chance_to_cross(time, z) - left, _UNREACHABLE)
    return _Stage(reach, before.go_on(time, reach))


@lru_cache(maxsize=2048)
def _combined_stage(fractions: tuple[float, ...], design: Design) -> _Stage:
    before = _combined_stage(fractions[:-1], design).paths if len(fractions) > 1 else _START
    reach = _side_by_side(fractions, design)
    return _Stage(reach, before.go_on(before.next_time(fractions[-1]), reach))


def _side_by_side(fractions: tuple[float, ...], design: Design) -> float:
    plan = _plan_stage(fractions, design.plan_alpha).reach if design.plan_alpha else _UNREACHABLE
    return min(plan, reach_of_sequence(fractions[-1], design))


def _last_reach(fractions: tuple[float, ...], design: Design) -> float:
    """The reach that leaves just enough of alpha for the sequence to go on for ever."""
    before = _combined_stage(fractions[:-1], design).paths if len(fractions) > 1 else _START
    time = before.next_time(fractions[-1])

    def overspent(reach: float) -> float:
        after = before.go_on(time, reach)
        return after.spent + _reserve(after, fractions[-1], design) - design.alpha

    return _solve(overspent, _side_by_side(fractions, design))


def _reserve(paths: _Paths, fraction: float, design: Design) -> float:
    """The chance at most that the sequence, going on from these paths, ever leaves out 0.

    On each path it is alpha times the evidence so far: Ville's inequality from this look on.
    """
    if not design.sequence_alpha:
        return 0.0
    information = fraction * _ANY * tune_spread(_ANY, alpha=design.sequence_alpha)
    growth = information / (1 + information)
    evidence = np.exp(paths.points**2 / paths.time / 2 * growth) / math.sqrt(1 + information)
    return float(paths.masses @ np.minimum(1.0, design.sequence_alpha * evidence))


def _solve(excess: Callable[[float], float], highest: float) -> float:
    """Where this falling function is 0, or `highest` if it isn't below 0 there."""
    if excess(highest) >= 0 or excess(_LOWEST) <= 0:
        return highest
    return float(brentq(excess, _LOWEST, highest, xtol=1e-8))
