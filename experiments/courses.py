"""How each variant's looks went: what each had to reach by the plan, and which was the first to do so. Pure.

`experiments.boundaries` holds the rule; here the variants of one metric share its errors day by day.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from experiments.boundaries import HYBRID, Design, combined_reaches, reach_of_sequence
from experiments.sequences import UNPLANNED
from experiments.verdicts import Look, Rule, Series


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
class Stage:
    """From this day on so much of the error rate is each open series' own."""

    since: float
    design: Design


@dataclass(frozen=True, slots=True)
class Course:
    """One series: the design of each look, what the look had to reach and which was the first to do so."""

    series: Series
    designs: tuple[Design, ...]
    fractions: tuple[float, ...]
    reaches: tuple[float, ...]
    is_over: bool
    claim: int | None

    @property
    def claimed_on(self) -> int | None:
        return None if self.claim is None else self.series.looks[self.claim].day

    @property
    def rule(self) -> Rule | None:
        if self.claim is None:
            return None
        z = abs(self.series.looks[self.claim].estimate.z)
        return Rule.SEQUENCE if z >= self.band_reach(self.claim) else Rule.PLAN

    def band_reach(self, at: int) -> float:
        """What the sequence alone asks of this look."""
        return reach_of_sequence(self.fractions[at], self.designs[at])


def step_down(series: Sequence[Series], plan: Plan) -> list[Course]:
    """Holm's way, in the order of the days: a claim leaves its share to those that are still open.

    From the day of the claim on, never for days before it: what a look had to reach stays as it was on
    its day, so no later claim changes an earlier one. Every claim is one that Holm's way would make with
    all looks before it at once, so the errors are no more than its.
    """
    stages: tuple[Stage, ...] = ()
    claimed: list[Course] = []
    rest, since = list(series), -math.inf
    while rest:
        stages = (*stages, Stage(since, plan.design.shared_by(len(rest))))
        courses = [_follow(each, plan, stages) for each in rest]
        days = [course.claimed_on for course in courses if course.claimed_on is not None]
        if not days:
            return claimed + courses
        since = min(days)
        claimed += [course for course in courses if course.claimed_on == since]
        rest = [course.series for course in courses if course.claimed_on != since]
    return claimed


def _follow(series: Series, plan: Plan, stages: Sequence[Stage]) -> Course:
    fractions = tuple(plan.fraction(look.estimate.people) for look in series.looks)
    planned, is_over = plan.count_looks(series.looks)
    by_design = {s.design: _reaches(fractions, planned, is_over, s.design) for s in stages}
    designs = tuple(_design_on(look.day, stages) for look in series.looks)
    reaches = tuple(by_design[design][n] for n, design in enumerate(designs))
    claim = next(
        (n for n, pair in enumerate(zip(series.looks, reaches, strict=True)) if _crosses(*pair)), None
    )
    return Course(series, designs, fractions, reaches, is_over, claim)


def _design_on(day: int, stages: Sequence[Stage]) -> Design:
    return next(stage.design for stage in reversed(stages) if stage.since <= day)


@lru_cache(maxsize=1024)
def _reaches(fractions: tuple[float, ...], planned: int, is_over: bool, design: Design) -> tuple[float, ...]:
    """What each look must reach: within the plan either rule, after it the sequence alone."""
    within = combined_reaches(fractions[:planned], design, ended=is_over)
    return within + tuple(reach_of_sequence(fraction, design) for fraction in fractions[planned:])


def _crosses(look: Look, reach: float) -> bool:
    """Whether test and interval agree that there is a difference, so that no page contradicts itself."""
    estimate = look.estimate
    return estimate.is_enough and abs(estimate.z) >= reach and not estimate.interval(reach).holds(0)
