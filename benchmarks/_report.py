"""What every benchmark does with its figures: a readable table, and JSON on request."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path


def read_options(description: str) -> Namespace:
    """`--short` for a quick run, `--json FILE` for {"figures": {name: number}}."""
    parser = ArgumentParser(description=description)
    parser.add_argument("--short", action="store_true", help="smaller numbers, the same measurements")
    parser.add_argument("--json", type=Path, metavar="FILE", help='writes {"figures": {"name": number}}')
    return parser.parse_args()


def report(title: str, figures: Mapping[str, float], options: Namespace) -> None:
    print(f"\n{title}")
    width = max(map(len, figures), default=0)
    for name, value in figures.items():
        print(
            f"  {name:<{width}}  {value:>12,.3f}"
            if abs(value) < 10
            else f"  {name:<{width}}  {value:>12,.0f}"
        )
    if options.json:
        options.json.write_text(json.dumps({"figures": dict(figures)}, indent=2) + "\n", encoding="utf8")
