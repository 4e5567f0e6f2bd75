"""The back-test in words and tables that a shop person reads."""

from collections.abc import Mapping
from typing import IO, Any

from rich.console import Console
from rich.table import Table

TASKS = {
    "basket": "Rest of an order, half of it known",
    "single": "Rest of an order, one product known",
    "next_new": "Next order: products new to the customer",
    "repeat": "Next order: any product",
    "upgrade": "What customers traded up to",
}
METHODS = {
    "engine": "Pairwell",
    "engine_with_rules": "Pairwell, as emails show it",
    "popularity_30d": "Best-sellers, 30 days",
    "popularity": "Best-sellers, all time",
    "co_occurrence": "Bought together, plain",
    "cosine": "Cosine",
    "bm25": "BM25",
}
FIGURES = ("hit_rate@3", "recall@3", "ndcg@3", "hit_rate@10", "recall@10", "ndcg@10", "coverage@3",
           "same_type_share@3")  # fmt: skip


PLAIN_WIDTH = 160  # a file or a pipe has no edge


def open_console(file: IO[str]) -> Console:
    """As wide as the terminal; into a file or a pipe wide enough that no table is cut."""
    console = Console(file=file, highlight=False)
    return console if console.is_terminal else Console(file=file, highlight=False, width=PLAIN_WIDTH)


def print_report(found: Mapping[str, Any], console: Console) -> None:
    """A summary in sentences, then a table a task, then the cost."""
    for sentence in summarise(found):
        console.print(sentence, soft_wrap=not console.is_terminal)
    for task, title in TASKS.items():
        console.print(_tabulate(title, found["tasks"][task]))
    console.print(
        f"Learnt in {found['fit_seconds']:.2f} s with {found['peak_mb']:.0f} MB above the start; "
        f"scorers chosen in {found['choose_seconds']:.1f} s; "
        f"{found['predict_ms_per_1000']:.0f} ms for 1,000 answers."
    )


def summarise(found: Mapping[str, Any]) -> list[str]:
    """What the figures say, for people who do not read tables."""
    sentences = [
        f"Learnt from {found['train_orders']:,} orders with {found['train_lines']:,} lines of "
        f"{found['train_products']:,} products before {found['cutoff']}; asked about the "
        f"{found['test_days']} days after it. " + _say_rules(are_applied=bool(found["rules_applied"]))
    ]
    sentences += [
        f"{title}: not asked. {found['unasked'][task]}"
        if task in found["unasked"]
        else _compare(title, found["tasks"][task])
        for task, title in TASKS.items()
    ]
    sentences += [f"{choice['slot']}: {choice['scorer']}. {choice['reason']}" for choice in found["choices"]]
    return sentences


def _say_rules(*, are_applied: bool) -> str:
    if are_applied:
        return "Each task is also answered through the rules of restraint, which are meant to show less."
    return "The shop's rules of restraint were not applied."


def _compare(title: str, methods: Mapping[str, Mapping[str, float]]) -> str:
    engine, floor = methods["engine"], methods["popularity_30d"]
    error = 2.0 * (engine["hit_rate_se@3"] ** 2 + floor["hit_rate_se@3"] ** 2) ** 0.5
    gain = engine["hit_rate@3"] - floor["hit_rate@3"]
    verdict = "better than" if gain > error else "worse than" if gain < -error else "no different from"
    return (
        f"{title}: one of three products is right in {engine['hit_rate@3']:.1%} of {engine['n']:,.0f} cases "
        f"(± {2 * engine['hit_rate_se@3']:.1%}), {verdict} recent best-sellers ({floor['hit_rate@3']:.1%})."
    )


def _tabulate(title: str, methods: Mapping[str, Mapping[str, float | None]]) -> Table:
    names = [name for name in FIGURES if any(name in figures for figures in methods.values())]
    table = Table(title=f"{title} (n = {methods['engine']['n']:,.0f})", title_justify="left")
    table.add_column("method")
    for name in names:
        table.add_column(name, justify="right")
    for method, figures in ((method, methods[method]) for method in METHODS if method in methods):
        table.add_row(METHODS[method], *(_write(figures, name) for name in names))
    return table


def _write(figures: Mapping[str, float | None], name: str) -> str:
    """Three digits, "-" where nothing was asked, "" where the method has no such figure."""
    if name not in figures:
        return ""
    value = figures[name]
    return "-" if value is None else f"{value:.3f}"
