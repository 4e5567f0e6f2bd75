"""Which scorer a shop uses for which slot: whichever did best on the shop's own last month.

The month is hidden, the rest is learnt, every blend answers the same questions, and none is taken that
loses to recent best-sellers. A shop with too few questions keeps the defaults and is told so.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from recommendations.answering import Answers, add_votes, rank_batch
from recommendations.baskets import Baskets
from recommendations.cases import SLOTS, Cases, make_cases
from recommendations.habits import HABITS, HABITS_BY_NAME, TASTES, Habit, score_habits
from recommendations.learning import Learnt, Table, count_pairs, find_popular, learn, make_table
from recommendations.measures import measure
from recommendations.scorers import BLENDS, BLENDS_BY_NAME, POPULARITY, Blend
from recommendations.trade_ups import WEIGHTS, Goods, UpgradeRanker, find_trade_ups

VALIDATION_DAYS = 30.0
MOST_CASES = 1_200
FEWEST_CASES = 50
DEFAULTS = {"basket": BLENDS[0], "single": BLENDS[0], "next_new": BLENDS[0], "repeat": BLENDS[0]}


@dataclass(frozen=True)
class Choice:
    """What a slot uses and why, for a row that people read. `figures` are those of each tried scorer."""

    slot: str
    blend: Blend
    reason: str
    habit: Habit | None = None
    weights: str = ""  # of an upgrade: a name in `trade_ups.WEIGHTS`
    figures: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def table_blend(self) -> Blend:
        """The blend of the slot's table. Where best-sellers won, emails still say what goes with a product,
        and take best-sellers from their shelves."""
        if not self.blend.is_popularity:
            return self.blend
        tried = [name for name in self.figures if name in BLENDS_BY_NAME and name != POPULARITY.name]
        best = max(tried, key=lambda name: _merit(self.figures[name]), default=BLENDS[0].name)
        return BLENDS_BY_NAME[best]

    def describe(self) -> dict[str, Any]:
        """Plain values to store: slot, scorer, settings, reason, figures."""
        habit = asdict(self.habit) if self.habit else None
        return {
            "slot": self.slot,
            "scorer": self.weights or (self.habit.name if self.habit else self.blend.name),
            "settings": {"blend": asdict(self.blend), "habit": habit, "weights": self.weights},
            "reason": self.reason,
            "figures": {name: dict(figures) for name, figures in self.figures.items()},
        }


def choose_scorers(baskets: Baskets) -> dict[str, Choice]:
    """The choice of each slot by a back-test on the last 30 days of the baskets; ages count from the end."""
    past = take_until(baskets, split=VALIDATION_DAYS)
    known = np.bincount(past.product, minlength=baskets.product_count) > 0
    cases = make_cases(baskets, known, split=VALIDATION_DAYS, seed=2, most=MOST_CASES)
    if max(len(found) for found in cases.values()) < FEWEST_CASES or not past.order_count:
        return {slot: _keep_default(slot, len(cases[slot])) for slot in SLOTS}
    learnt = learn(count_pairs(past))
    tables = {blend.name: make_table(learnt, blend) for blend in (*BLENDS, POPULARITY)}
    return {slot: _choose(slot, cases[slot], learnt, tables) for slot in SLOTS}


def choose_upgrades(baskets: Baskets, goods: Goods) -> Choice:
    """The blend of upgrades that best foretold the trade-ups of the last 30 days."""
    past = take_until(baskets, split=VALIDATION_DAYS)
    known = np.bincount(past.product, minlength=baskets.product_count) > 0
    events = find_trade_ups(baskets, goods, known, split=VALIDATION_DAYS)
    count = len(events.owned)
    if count < FEWEST_CASES:
        reason = (
            f"Only {count} trade-ups in the last month, {FEWEST_CASES} are needed to compare: the default."
        )
        return Choice("upgrade", POPULARITY, reason, weights="balanced")
    ranker, wanted = UpgradeRanker(past, goods), events.wanted(baskets.product_count)
    figures = {
        name: measure(ranker.rank(events, weights), wanted, known=int(known.sum()))
        for name, weights in WEIGHTS.items()
    }
    best = max(figures, key=lambda name: _merit(figures[name]))
    hits = figures[best]["hit_rate@3"]
    reason = f"Best on {count} trade-ups of the last month: {hits:.1%} in three places."
    return Choice("upgrade", POPULARITY, reason, weights=best, figures=figures)


def take_until(baskets: Baskets, *, split: float) -> Baskets:
    """The orders older than `split` days, with ages as they were then. Products keep their positions."""
    kept = baskets.age_days > split
    number = np.cumsum(kept) - 1
    lines = kept[baskets.order]
    return Baskets(
        number[baskets.order[lines]],
        baskets.product[lines],
        baskets.age_days[kept] - split,
        baskets.customer[kept],
        baskets.product_ids,
    )


def answer(cases: Cases, learnt: Learnt, table: Table, habit: Habit | None = None) -> Answers:
    """What the engine says to cases, ten places each."""
    votes = add_votes(cases.given, table.squares())
    items = learnt.shortlist.items
    if habit:
        votes = score_habits(
            cases.own, cases.own_long, votes, squares=table.squares(), sold=items.recent, habit=habit
        )
    return rank_batch(votes, cases.excluded, popular=find_popular(items))


def _choose(slot: str, cases: Cases, learnt: Learnt, tables: Mapping[str, Table]) -> Choice:
    if len(cases) < FEWEST_CASES:
        return _keep_default(slot, len(cases))

    def try_out(table: Table, habit: Habit | None = None) -> dict[str, float]:
        known = int(np.sum(learnt.shortlist.items.orders > 0))
        return measure(answer(cases, learnt, table, habit), cases.wanted, known=known)

    floor = try_out(tables[POPULARITY.name])
    if slot == "repeat":
        figures, blend = {}, BLENDS[0]
    else:
        figures = {name: try_out(table) for name, table in tables.items() if name != POPULARITY.name}
        blend = BLENDS_BY_NAME[_best_of(figures)]
    habits = {"repeat": HABITS, "next_new": TASTES}.get(slot, ())
    figures |= {habit.name: try_out(tables[blend.name], habit) for habit in habits}
    best = _best_of(figures)
    figures[POPULARITY.name] = floor
    if floor["hit_rate@3"] > figures[best]["hit_rate@3"]:
        best, blend = POPULARITY.name, POPULARITY
    reason = _explain(best, figures, len(cases))
    return Choice(slot, blend, reason, habit=HABITS_BY_NAME.get(best), figures=figures)


def _best_of(figures: Mapping[str, Mapping[str, float]]) -> str:
    return max(figures, key=lambda name: _merit(figures[name]))


def _merit(figures: Mapping[str, float]) -> float:
    """Hits in three places decide; NDCG over ten, which varies less, steadies the choice of near equals."""
    return figures["hit_rate@3"] + figures["ndcg@10"]


def _explain(best: str, figures: Mapping[str, Mapping[str, float]], cases: int) -> str:
    hits, floor = figures[best]["hit_rate@3"], figures[POPULARITY.name]["hit_rate@3"]
    if best == POPULARITY.name:
        return f"On {cases} orders of the last month nothing beat recent best-sellers ({floor:.1%} hits)."
    return (
        f"Best on {cases} orders of the last month: {hits:.1%} hits in three places, "
        f"recent best-sellers {floor:.1%}."
    )


def _keep_default(slot: str, cases: int) -> Choice:
    reason = (
        f"Only {cases} orders of the last month can be asked about, {FEWEST_CASES} are needed to compare: "
        "the default scorer, then best-sellers of the category and of the shop."
    )
    habit = HABITS[0] if slot == "repeat" else None
    return replace(Choice(slot, DEFAULTS[slot], reason), habit=habit)
