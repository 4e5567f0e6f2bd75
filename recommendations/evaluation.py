"""Would it have helped? A back-test: learn from the orders before a day, guess those of the next 30 days.

The engine is measured by the tables and the ranking that serve emails, beside best-sellers and simple
methods, on questions whose answers are known (`cases`, `trade_ups`). A marketer's rules of restraint are not
applied: they are meant to show less than would be bought.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from recommendations.answering import NOBODY, Answers, Matrix, add_votes, rank_batch
from recommendations.baselines import build_baselines
from recommendations.baskets import Baskets, Flags, Floats
from recommendations.cases import SLOTS, Cases, make_cases
from recommendations.learning import Learnt, Table, count_pairs, find_popular, learn, make_tables
from recommendations.measures import measure
from recommendations.memory import watch_memory
from recommendations.order_files import OrderFileError
from recommendations.pairs import ItemCounts
from recommendations.rehearsal import Stage
from recommendations.sales import Sales
from recommendations.scorers import Blend
from recommendations.selection import Choice, answer, choose_scorers, choose_upgrades, take_until
from recommendations.trade_ups import (
    WEIGHTS,
    Goods,
    TradeUps,
    UpgradeRanker,
    count_breaches,
    find_trade_ups,
    rank_by,
)
from recommendations.unasked import blank_unasked, explain_unasked

TEST_DAYS = 30
Progress = Callable[[str, float], None]  # what is being done, and the share that lies behind


@dataclass(frozen=True)
class _Bench:
    """What the methods are compared on."""

    past: Baskets
    known: Flags
    goods: Goods
    cases: Mapping[str, Cases]
    trade_ups: TradeUps


def default_cutoff(sales: Sales) -> datetime:
    """The midnight 30 days before the end of the newest day."""
    return sales.end - timedelta(days=TEST_DAYS)


def evaluate(
    sales: Sales,
    cutoff: datetime | None = None,
    *,
    report: Progress = lambda _step, _share: None,
    with_rules: bool = False,
) -> dict[str, Any]:
    """Every method on every task, the engine's cost, and what it chose and why; plain values, ready for JSON.

    `with_rules` adds what the rules that hold for emails leave of the engine's answers (`rehearsal`). Raises
    OrderFileError where there are no orders before the cutoff, or none in the 30 days after it.
    """
    moment = cutoff or default_cutoff(sales)
    report("Splitting by time", 0.05)
    bench = _split(sales, moment)
    report("Choosing scorers on the months before the cutoff", 0.1)
    started = time.perf_counter()
    choices = choose_scorers(bench.past)
    upgrade = choose_upgrades(bench.past, bench.goods)
    choosing = time.perf_counter() - started
    report("Learning", 0.6)
    fitted, measured = _fit(bench.past, choices)
    cost: dict[str, Any] = dict(measured)
    report("Answering with the engine", 0.65)
    tasks, spent = _measure_engine(bench, fitted, choices, upgrade=upgrade)
    if with_rules:
        report("Answering through the rules", 0.7)
        for task, figures in _measure_with_rules(bench, fitted.learnt, choices, upgrade=upgrade):
            tasks[task]["engine_with_rules"] = figures
    report("Answering with the methods beside it", 0.75)
    for task, method, figures in _measure_others(bench, fitted.items):
        report(f"Answering with {method}", 0.8)
        tasks[task][method] = figures
    cost |= {
        "choose_seconds": round(choosing, 3),
        "predict_ms_per_1000": round(float(np.mean(list(spent.values()) or [0.0])), 2),
        "predict_ms_per_1000_by_task": {slot: round(value, 2) for slot, value in spent.items()},
    }
    described = _describe(bench, moment) | {"rules_applied": with_rules}
    chosen = [choice.describe() for choice in (*choices.values(), upgrade)]
    return described | cost | _state_tasks(tasks, bench.goods) | {"choices": chosen}


def _state_tasks(tasks: Mapping[str, Mapping[str, dict[str, float]]], goods: Goods) -> dict[str, Any]:
    """The figures of each task and method, and why some tasks could not be asked."""
    stated = {
        task: {method: blank_unasked(figures) for method, figures in methods.items()}
        for task, methods in tasks.items()
    }
    asked = {task: methods["engine"]["n"] for task, methods in tasks.items()}
    return {"tasks": stated, "unasked": explain_unasked(asked, goods)}


def _split(sales: Sales, cutoff: datetime) -> _Bench:
    split = sales.age_of(cutoff)
    past = take_until(sales.baskets, split=split)
    later = int(np.sum((sales.baskets.age_days <= split) & (sales.baskets.age_days > split - TEST_DAYS)))
    if not past.order_count or not later:
        raise OrderFileError(
            f"{past.order_count} orders lie before {cutoff:%Y-%m-%d} and {later} in the {TEST_DAYS} days "
            "after it: both are needed. Choose another day with --cutoff."
        )
    known = np.bincount(past.product, minlength=past.product_count) > 0
    goods = Goods(sales.names, sales.product_type, sales.price)
    cases = make_cases(sales.baskets, known, split=split)
    return _Bench(past, known, goods, cases, find_trade_ups(sales.baskets, goods, known, split=split))


@dataclass(frozen=True)
class _Fitted:
    """What emails are served from: what was learnt, and a table for each chosen blend."""

    learnt: Learnt
    tables: Mapping[Blend, Table]

    @property
    def items(self) -> ItemCounts:
        return self.learnt.shortlist.items


def _fit(past: Baskets, choices: Mapping[str, Choice]) -> tuple[_Fitted, dict[str, float]]:
    """What a rebuild does once the scorers are chosen: count, score, and rank the tables of the slots."""
    blends = [choice.blend for choice in choices.values()]
    with watch_memory() as memory:
        started = time.perf_counter()
        learnt = learn(count_pairs(past), past, with_ease=any(blend.ease for blend in blends))
        tables = dict(make_tables(learnt, blends))
        seconds = time.perf_counter() - started
    return _Fitted(learnt, tables), {
        "fit_seconds": round(seconds, 3),
        "peak_mb": round(memory.above_start, 1),
        "process_peak_mb": round(memory.peak, 1),
    }


def _measure_engine(
    bench: _Bench, fitted: _Fitted, choices: Mapping[str, Choice], *, upgrade: Choice
) -> tuple[dict[str, dict[str, dict[str, float]]], dict[str, float]]:
    """The figures of each task, and the milliseconds that a thousand of its answers took."""
    tasks: dict[str, dict[str, dict[str, float]]] = {}
    spent: dict[str, float] = {}
    for slot in SLOTS:
        cases, choice = bench.cases[slot], choices[slot]
        squares = fitted.tables[choice.blend].squares()
        started = time.perf_counter()
        answers = answer(cases, fitted.items, squares, choice.habit)
        if len(cases):
            spent[slot] = 1e6 * (time.perf_counter() - started) / len(cases)
        tasks[slot] = {"engine": _measure(bench, answers, cases)}
    ranker = UpgradeRanker(bench.past, bench.goods, bench.trade_ups)
    answers = ranker.rank(WEIGHTS[upgrade.weights])
    tasks["upgrade"] = {"engine": _measure_upgrades(bench, answers)}
    return tasks, spent


def _measure_with_rules(
    bench: _Bench, learnt: Learnt, choices: Mapping[str, Choice], *, upgrade: Choice
) -> Iterator[tuple[str, dict[str, float]]]:
    stage = Stage(bench.past, bench.goods, learnt)
    for slot in ("basket", "single", "next_new"):
        cases = bench.cases[slot]
        yield slot, _measure(bench, stage.answer_slot(slot, cases, choices[slot]), cases)
    yield "upgrade", _measure_upgrades(bench, stage.answer_upgrades(bench.trade_ups, upgrade))


def _measure_others(bench: _Bench, items: ItemCounts) -> Iterator[tuple[str, str, dict[str, float]]]:
    for name, sold in (("popularity", items.orders), ("popularity_30d", items.recent)):
        order = np.argsort(-sold, kind="stable")
        for slot in SLOTS:
            cases = bench.cases[slot]
            nothing = add_votes(cases.given, _empty(len(items.orders)))
            most = int(np.diff(cases.excluded.indptr).max(initial=0)) + 10
            answers = rank_batch(nothing, cases.excluded, popular=order[:most])
            yield slot, name, _measure(bench, answers, cases)
        yield "upgrade", name, _measure_upgrades(bench, rank_by(bench.trade_ups, sold))
    for name, matrix in build_baselines(bench.past).items():
        for slot in SLOTS:
            cases = bench.cases[slot]
            votes = add_votes(cases.given, matrix)
            answers = rank_batch(votes, cases.excluded, popular=find_popular(items))
            yield slot, name, _measure(bench, answers, cases)
        yield "upgrade", name, _measure_upgrades(bench, rank_by(bench.trade_ups, matrix))


def _empty(size: int) -> Matrix:
    from scipy import sparse

    return sparse.csr_array((size, size))


def _measure(bench: _Bench, answers: Answers, cases: Cases) -> dict[str, float]:
    shares = _share_types(answers, cases, bench.goods)
    return measure(answers, cases.wanted, known=int(bench.known.sum()), same_type=shares)


def _share_types(answers: Answers, cases: Cases, goods: Goods) -> Floats:
    """Of each case's first three, the share that is of a type that was given."""
    _, codes = np.unique(np.array(goods.types, dtype=str), return_inverse=True)
    typed = np.array([bool(kind) for kind in goods.types])
    shares = np.zeros(len(cases))
    for row, picks in enumerate(answers.products[:, :3]):
        given = cases.given.indices[cases.given.indptr[row] : cases.given.indptr[row + 1]]
        named = picks[picks != NOBODY]
        shares[row] = np.mean(np.isin(codes[named], codes[given]) & typed[named]) if len(named) else 0.0
    return shares


def _measure_upgrades(bench: _Bench, answers: Answers) -> dict[str, float]:
    wanted = bench.trade_ups.wanted(bench.past.product_count)
    figures = measure(answers, wanted, known=int(bench.known.sum()))
    sizes = [len(candidates) for candidates in bench.trade_ups.candidates]
    return figures | {
        "outside_band_or_type": float(count_breaches(answers, bench.trade_ups, bench.goods)),
        "mean_candidates": round(float(np.mean(sizes)), 2) if sizes else 0.0,
    }


def _describe(bench: _Bench, cutoff: datetime) -> dict[str, Any]:
    return {
        "cutoff": cutoff.date().isoformat(),
        "test_days": TEST_DAYS,
        "train_orders": bench.past.order_count,
        "train_lines": len(bench.past.order),
        "train_products": int(bench.known.sum()),
    }
