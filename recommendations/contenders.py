"""The scorers that a back-test tries, slot by slot; the first of each is the usual one."""

from collections.abc import Mapping
from dataclasses import dataclass

from recommendations.habits import HABITS, TASTES, Habit
from recommendations.scorers import (
    BLENDS,
    CAUTIOUS,
    COSINE,
    POPULARITY,
    SPREAD_CONFIDENCE,
    SPREAD_COSINE,
    TRENDING,
    TRENDING_COSINE,
    Blend,
)


@dataclass(frozen=True)
class Scorer:
    """A blend of what goes with the anchors, and for a known customer what their habits add."""

    blend: Blend
    habit: Habit | None = None

    @property
    def name(self) -> str:
        return f"{self.habit.name}/{self.blend.name}" if self.habit else self.blend.name


FLOOR = Scorer(POPULARITY)
_ANCHORED = tuple(Scorer(blend) for blend in BLENDS)
TRIED: Mapping[str, tuple[Scorer, ...]] = {
    "basket": (Scorer(SPREAD_COSINE), *_ANCHORED),
    "single": (Scorer(SPREAD_CONFIDENCE), *_ANCHORED, Scorer(TRENDING)),
    "next_new": (
        *(Scorer(blend, habit) for blend in (TRENDING, TRENDING_COSINE, COSINE) for habit in TASTES),
        Scorer(CAUTIOUS, TASTES[0]),
    ),
    "repeat": tuple(Scorer(COSINE, habit) for habit in HABITS),
}  # the first of each slot stays unless another is clearly better
OWN_MOST_POPULAR = next(habit for habit in HABITS if habit.name == "own_most_popular")
FEW_TRIED: Mapping[str, tuple[Scorer, ...]] = {
    "basket": (Scorer(CAUTIOUS), FLOOR, Scorer(COSINE)),
    "single": (Scorer(CAUTIOUS), FLOOR, Scorer(COSINE)),
    "next_new": (Scorer(CAUTIOUS, TASTES[0]), FLOOR),
    "repeat": (Scorer(COSINE, OWN_MOST_POPULAR), FLOOR),
}  # the same where there are under `FEWEST_CASES` questions; all but the floor are in `TRIED` too
