"""What every benchmark does with its figures: a readable table, and JSON on request."""

import json
import math
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Bound:
    """What a figure must keep: "at most" or "at least" the value."""

    kind: str
    value: float

    def keeps(self, figure: float) -> bool:
        return figure <= self.value if self.kind == "at most" else figure >= self.value


def read_options(description: str, *, has_full: bool = False) -> Namespace:
    """`--short` for a quick run, `--json FILE` for {"figures": {name: number}}; `--full` where there is one,
    and short is then the default."""
    parser = ArgumentParser(description=description)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--short", action="store_true", help="smaller numbers, the same measurements")
    if has_full:
        size.add_argument("--full", action="store_true", help="larger numbers, the same measurements")
    parser.add_argument("--json", type=Path, metavar="FILE", help='writes {"figures": {"name": number}}')
    return parser.parse_args()


def report(
    title: str, figures: Mapping[str, float], options: Namespace, *, bounds: Mapping[str, Bound] | None = None
) -> None:
    """The figures as a table, beside their bounds if there are any, and as JSON if asked."""
    print(f"\n{title}")
    width = max(map(len, figures), default=0)
    for name, value in figures.items():
        shown = f"{value:>12,.3f}" if abs(value) < (100 if bounds else 10) else f"{value:>12,.0f}"
        print(f"  {name:<{width}}  {shown}  {_judge(value, (bounds or {}).get(name))}".rstrip())
    if options.json:
        options.json.write_text(json.dumps({"figures": dict(figures)}, indent=2) + "\n", encoding="utf8")


def error_of_share(per_cent: float, runs: int) -> float:
    """The Monte-Carlo standard error, in points, of a share found in this many runs."""
    return math.sqrt(max(per_cent * (100 - per_cent), 0.0) / runs)


def _judge(value: float, bound: Bound | None) -> str:
    if bound is None:
        return ""
    return f"{bound.kind} {bound.value:g}{'' if bound.keeps(value) else '  MISSED'}"
