"""Which scorer a shop uses for which slot: whichever did best on the shop's own last two months.

Each month is hidden in turn, what lies before it is learnt, every scorer answers the same questions, and none
is taken that loses to recent best-sellers. Two months, because one is a season. A shop with too few questions
gets a cautious scorer, or what is clearly better on these few, and is told so. A shop younger than three
months is asked about shorter ones, so that there is always something to learn from before them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from recommendations.answering import Answers, Matrix, add_votes, rank_batch
from recommendations.baskets import Baskets, Flags
from recommendations.cases import SLOTS, Cases, make_cases
from recommendations.contenders import FEW_TRIED, FLOOR, TRIED, Scorer
from recommendations.habits import Habit, score_habits
from recommendations.learning import count_pairs, find_popular, learn, make_tables
from recommendations.measures import measure, pool
from recommendations.pairs import ItemCounts
from recommendations.scorers import POPULARITY, Blend
from recommendations.trade_ups import ONLY_SALES, WEIGHTS, Goods, UpgradeRanker, find_trade_ups

MONTH_DAYS, MONTHS = 30.0, 2
# A month: those of a customer's history cost ten times the others.
MOST_CASES: Mapping[str, int] = {"basket": 1_500, "single": 1_500, "next_new": 750, "repeat": 750}
FEWEST_CASES = 50
CASES_A_BLOCK = 256  # what a customer's whole history speaks for is thousands of products
Figures = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Choice:
    """What a slot uses and why, for a row that people read. `figures` are those of each tried scorer.

    `table_blend` is the blend of the slot's table. Where best-sellers won, emails still say what goes with a
    product, by the blend that came nearest.
    """

    slot: str
    blend: Blend
    table_blend: Blend
    reason: str
    habit: Habit | None = None
    weights: str = ""  # of an upgrade: a name in `trade_ups.WEIGHTS`
    figures: Figures = field(default_factory=dict)

    @property
    def reads_neighbours(self) -> bool:
        """Whether the slot's table has a say."""
        return self.habit is None or self.habit.reads_neighbours

    def describe(self) -> dict[str, Any]:
        """Plain values to store: slot, scorer, settings, reason, figures."""
        habit = asdict(self.habit) if self.habit else None
        return {
            "slot": self.slot,
            "scorer": self.weights or Scorer(self.blend, self.habit).name,
            "settings": {"blend": asdict(self.blend), "habit": habit, "weights": self.weights},
            "reason": self.reason,
            "figures": {name: dict(figures) for name, figures in self.figures.items()},
        }


def choose_scorers(baskets: Baskets) -> dict[str, Choice]:
    """The choice of each slot by a back-test on the last months of the baskets; ages count from the end."""
    days = _month_of(baskets)
    tested = [_test_month(baskets, split=days * back, days=days) for back in range(1, MONTHS + 1)]
    return {slot: _choose(slot, [month[slot] for month in tested]) for slot in SLOTS}


def choose_upgrades(baskets: Baskets, goods: Goods) -> Choice:
    """The blend of upgrades that best foretold the trade-ups of the last months."""
    days = _month_of(baskets)
    months = [_test_upgrades(baskets, goods, split=days * back, days=days) for back in range(1, MONTHS + 1)]
    asked = sum(figures[ONLY_SALES]["n"] for figures in months)
    if asked < FEWEST_CASES:
        reason = (
            f"Only {asked:.0f} trade-ups in the last months, {FEWEST_CASES} are needed "
            "to compare: the default."
        )
        return Choice("upgrade", POPULARITY, POPULARITY, reason, weights="mostly_sales")
    figures = {name: pool([month[name] for month in months]) for name in WEIGHTS}
    best = _best_of(figures)
    reason = (
        f"Best on {figures[best]['n']:.0f} trade-ups of the last months: "
        f"{figures[best]['hit_rate@3']:.1%} in three places."
    )
    return Choice("upgrade", POPULARITY, POPULARITY, reason, weights=best, figures=figures)


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


def answer(cases: Cases, items: ItemCounts, squares: Matrix, habit: Habit | None = None) -> Answers:
    """What the engine says to cases, ten places each, by the squares of a table."""
    most = int(np.diff(cases.excluded.indptr).max(initial=0)) + 10
    popular = find_popular(items, kept=most)
    blocks = [cases.between(start, start + CASES_A_BLOCK) for start in range(0, len(cases), CASES_A_BLOCK)]
    found = [
        rank_batch(_vote(block, items, squares, habit), block.excluded, popular=popular).products
        for block in blocks
    ]
    return Answers(np.concatenate(found) if found else np.zeros((0, 10), dtype=np.int64))


def _vote(cases: Cases, items: ItemCounts, squares: Matrix, habit: Habit | None) -> Matrix:
    if habit is None:
        return add_votes(cases.given, squares)
    votes = add_votes(cases.given, squares) if habit.related else sparse.csr_array(cases.given.shape)
    return score_habits(cases.own, cases.own_long, votes, squares=squares, sold=items.recent, habit=habit)


def _month_of(baskets: Baskets) -> float:
    """The days that a month of the back-test takes: thirty, or a third of what a younger shop has."""
    history = float(baskets.age_days.max(initial=0.0))
    return min(MONTH_DAYS, history / (MONTHS + 1)) or MONTH_DAYS


def _test_month(baskets: Baskets, *, split: float, days: float) -> dict[str, tuple[int, Figures]]:
    """Of each slot the number of cases in a month, and what every scorer got right."""
    past, known = _hide(baskets, split=split)
    cases = make_cases(baskets, known, split=split, days=days, seed=2, most=MOST_CASES)
    asked = {slot: len(cases[slot]) for slot in SLOTS}
    slots = [slot for slot in SLOTS if asked[slot] and past.order_count]
    figures: dict[str, dict[str, dict[str, float]]] = {slot: {} for slot in SLOTS}
    if slots:
        learnt = learn(count_pairs(past), past)
        items, products = learnt.shortlist.items, int(known.sum())
        blends = (scorer.blend for slot in slots for scorer in (FLOOR, *TRIED[slot]))
        for blend, table in make_tables(learnt, blends):
            squares = table.squares()
            for slot, scorer in _using(blend, slots):
                answers = answer(cases[slot], items, squares, scorer.habit)
                figures[slot][scorer.name] = measure(answers, cases[slot].wanted, known=products)
    return {slot: (asked[slot], figures[slot]) for slot in SLOTS}


def _using(blend: Blend, slots: Sequence[str]) -> list[tuple[str, Scorer]]:
    return [
        (slot, scorer)
        for slot in slots
        for scorer in dict.fromkeys((FLOOR, *TRIED[slot]))
        if scorer.blend == blend
    ]


def _test_upgrades(baskets: Baskets, goods: Goods, *, split: float, days: float) -> Figures:
    past, known = _hide(baskets, split=split)
    events = find_trade_ups(baskets, goods, known, split=split, days=days)
    ranker, wanted = UpgradeRanker(past, goods, events), events.wanted(baskets.product_count)
    products = int(known.sum())
    return {name: measure(ranker.rank(weights), wanted, known=products) for name, weights in WEIGHTS.items()}


def _hide(baskets: Baskets, *, split: float) -> tuple[Baskets, Flags]:
    """The orders before the split, and which products they hold."""
    past = take_until(baskets, split=split)
    return past, np.bincount(past.product, minlength=past.product_count) > 0


def _choose(slot: str, months: Sequence[tuple[int, Figures]]) -> Choice:
    tested = [figures for _asked, figures in months if figures]
    asked = sum(asked for asked, figures in months if figures)
    if not asked:
        return _keep_default(slot)
    figures = {name: pool([month[name] for month in tested]) for name in tested[0]}
    if asked < FEWEST_CASES:
        return _choose_of_few(slot, figures)
    by_name = {scorer.name: scorer for scorer in TRIED[slot]}
    best = by_name[_clearly_best(next(iter(by_name)), {name: figures[name] for name in by_name})]
    taken = FLOOR if figures[FLOOR.name]["hit_rate@3"] > figures[best.name]["hit_rate@3"] else best
    return Choice(slot, taken.blend, best.blend, _explain(taken, figures), habit=taken.habit, figures=figures)


def _choose_of_few(slot: str, figures: Figures) -> Choice:
    """The cautious scorer, unless one of two others is clearly better on the few questions that there are."""
    by_name = {scorer.name: scorer for scorer in FEW_TRIED[slot]}
    usual = FEW_TRIED[slot][0]
    taken = by_name[_clearly_best(usual.name, {name: figures[name] for name in by_name})]
    shown = usual if taken == FLOOR else taken
    reason = (
        f"Only {figures[FLOOR.name]['n']:.0f} orders of the last months can be asked about, {FEWEST_CASES} "
        "are needed to compare: the cautious scorer, unless best-sellers or pairs alone are clearly better."
    )
    return Choice(slot, taken.blend, shown.blend, reason, habit=taken.habit, figures=figures)


def _best_of(figures: Figures) -> str:
    return max(figures, key=lambda name: _merit(figures[name]))


def _clearly_best(usual: str, figures: Figures) -> str:
    """The best, or the usual one where its hits are within a standard error: luck picks no scorer."""
    best, hits, error = _best_of(figures), "hit_rate@3", figures[usual]["hit_rate_se@3"]
    return best if figures[best][hits] > figures[usual][hits] + error else usual


def _merit(figures: Mapping[str, float]) -> float:
    """Hits in three places decide; NDCG over ten, which varies less, steadies the choice of near equals."""
    return figures["hit_rate@3"] + figures["ndcg@10"]


def _explain(taken: Scorer, figures: Figures) -> str:
    hits, floor = figures[taken.name]["hit_rate@3"], figures[FLOOR.name]["hit_rate@3"]
    cases = f"{figures[FLOOR.name]['n']:.0f} orders of the last months"
    if taken == FLOOR:
        return f"On {cases} nothing beat recent best-sellers ({floor:.1%} hits)."
    return f"Best on {cases}: {hits:.1%} hits in three places, recent best-sellers {floor:.1%}."


def _keep_default(slot: str) -> Choice:
    reason = (
        f"No order of the last months can be asked about, {FEWEST_CASES} are needed to compare: "
        "the cautious scorer, then best-sellers of the category and of the shop."
    )
    usual = FEW_TRIED[slot][0]
    return Choice(slot, usual.blend, usual.blend, reason, habit=usual.habit)
