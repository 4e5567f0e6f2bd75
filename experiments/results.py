"""From counts to a table that a marketer can read. Pure; the counting is done above.

Everything is per person assigned, whether or not an email reached them, and held-out people count
like the others (intention to treat). No arm is ever called the winner here: the intervals are for one
look, and people look every day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from experiments.statistics import (
    Difference,
    Interval,
    Moments,
    Rate,
    compare_means,
    compare_rates,
    mismatch_p_value,
    relative_lift,
)

LEAST_CONVERSIONS = 10  # per arm; below it a normal approximation says nothing
MISMATCH_ALARM = 0.001


class Reading(StrEnum):
    """What a comparison says so far, in words."""

    COLLECTING = "collecting data"
    UNCLEAR = "no clear difference yet"
    HIGHER = "higher so far"
    LOWER = "lower so far"


@dataclass(frozen=True, slots=True)
class ArmCounts:
    """What was counted of one arm. `clicked` and `converted` are people, `revenue_sum` and `revenue_sumsq`
    the sums over people of their revenue, capped for the comparison, and of its square."""

    arm: str
    assigned: int
    mailed: int
    clicked: int
    converted: int
    revenue_sum: float
    revenue_sumsq: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """This arm against another one. None: too little, or no sense (nobody held out could click)."""

    clicks: Difference | None
    conversions: Difference | None
    conversion_lift: tuple[float, Interval] | None
    revenue: Difference | None
    reading: Reading  # of the conversions


@dataclass(frozen=True, slots=True)
class ArmResult:
    """One line of the table: the counts, rates per person assigned, and how the arm compares."""

    counts: ArmCounts
    click_rate: float | None
    conversion_rate: float | None
    revenue_per_person: float | None
    vs_control: Comparison | None
    vs_holdout: Comparison | None
    reading: Reading


@dataclass(frozen=True, slots=True)
class Results:
    arms: tuple[ArmResult, ...]
    mismatch_p: float | None
    has_mismatch: bool  # the shares are not as planned: find out why before believing anything


def build_results(
    counts: Sequence[ArmCounts],
    *,
    control: str | None = None,
    holdout: str | None = None,
    shares: Mapping[str, float],
) -> Results:
    """The table in the order of `counts`. `control` and `holdout` name arms; either may be missing.
    `shares` are the planned shares by arm, the holdout's included.

    Raises ValueError if an arm is named that was not counted, or counted without a planned share.
    """
    by_arm = {arm.arm: arm for arm in counts}
    _check_names(by_arm, control=control, holdout=holdout, shares=shares)
    references = by_arm.get(control or ""), by_arm.get(holdout or "")
    p_value = mismatch_p_value([a.assigned for a in counts], [shares[a.arm] for a in counts])
    return Results(
        arms=tuple(_build_arm(arm, *references) for arm in counts),
        mismatch_p=p_value,
        has_mismatch=p_value is not None and p_value < MISMATCH_ALARM,
    )


def compare_arms(reference: ArmCounts, arm: ArmCounts, *, with_clicks: bool = True) -> Comparison:
    """`arm` minus `reference`, per person assigned."""
    before, after = Rate(reference.converted, reference.assigned), Rate(arm.converted, arm.assigned)
    conversions = compare_rates(before, after)
    clicks = compare_rates(Rate(reference.clicked, reference.assigned), Rate(arm.clicked, arm.assigned))
    return Comparison(
        clicks=clicks if with_clicks else None,
        conversions=conversions,
        conversion_lift=relative_lift(before, after),
        revenue=compare_means(_revenue(reference), _revenue(arm)),
        reading=_read(reference, arm, conversions),
    )


def _build_arm(arm: ArmCounts, control: ArmCounts | None, holdout: ArmCounts | None) -> ArmResult:
    people = arm.assigned
    is_held_out = arm is holdout
    vs_control = compare_arms(control, arm) if control and arm is not control and not is_held_out else None
    vs_holdout = compare_arms(holdout, arm, with_clicks=False) if holdout and not is_held_out else None
    main = vs_control or vs_holdout
    return ArmResult(
        counts=arm,
        click_rate=arm.clicked / people if people and not is_held_out else None,
        conversion_rate=arm.converted / people if people else None,
        revenue_per_person=arm.revenue_sum / people if people else None,
        vs_control=vs_control,
        vs_holdout=vs_holdout,
        reading=main.reading if main else _read_alone(arm),
    )


def _read(reference: ArmCounts, arm: ArmCounts, difference: Difference | None) -> Reading:
    if difference is None or min(reference.converted, arm.converted) < LEAST_CONVERSIONS:
        return Reading.COLLECTING
    if difference.interval.holds(0):
        return Reading.UNCLEAR
    return Reading.HIGHER if difference.estimate > 0 else Reading.LOWER


def _read_alone(arm: ArmCounts) -> Reading:
    return Reading.COLLECTING if arm.converted < LEAST_CONVERSIONS else Reading.UNCLEAR


def _revenue(arm: ArmCounts) -> Moments:
    return Moments(arm.assigned, arm.revenue_sum, arm.revenue_sumsq)


def _check_names(
    by_arm: Mapping[str, ArmCounts],
    *,
    control: str | None,
    holdout: str | None,
    shares: Mapping[str, float],
) -> None:
    for role, name in (("control", control), ("holdout", holdout)):
        if name is not None and name not in by_arm:
            raise ValueError(f"The {role} {name} was not counted; counted were {', '.join(by_arm)}.")
    if missing := [name for name in by_arm if name not in shares]:
        raise ValueError(f"No planned share for {', '.join(missing)}; give one for every arm counted.")
