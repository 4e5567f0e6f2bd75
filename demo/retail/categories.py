"""Product type, category and picture of a product, read from its name.

The source has no categories. `demo/data/shelves.txt` is the table: read from top to bottom, the first line
with a phrase in the title wins. What no line knows goes to "Gifts" with its last word as type.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

UNKNOWN_CATEGORY = "Gifts"
_TABLE = Path(__file__).resolve().parent.parent / "data" / "shelves.txt"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where a product stands; `picture` names the drawing that stands in for its missing photograph."""

    product_type: str
    category: str
    picture: str
    is_known: bool = True


def find_shelf(title: str) -> Shelf:
    """Type, category and picture of a title. Never fails: `is_known` tells whether a line matched."""
    lowered = title.lower()
    for shelf, phrases in read_shelves():
        if phrases.search(lowered):
            return shelf
    return Shelf(_last_word(lowered), UNKNOWN_CATEGORY, "gift", is_known=False)


@cache
def read_shelves() -> tuple[tuple[Shelf, re.Pattern[str]], ...]:
    """The table in its order, each line with one pattern for all of its phrases."""
    lines = _TABLE.read_text(encoding="utf8").splitlines()
    return tuple(_read_line(line) for line in lines if line and not line.startswith("#"))


def _read_line(line: str) -> tuple[Shelf, re.Pattern[str]]:
    product_type, category, picture, phrases = (cell.strip() for cell in line.split("|"))
    words = "|".join(re.escape(phrase.strip()) for phrase in phrases.split(","))
    return Shelf(product_type, category, picture), re.compile(rf"(?<![\w-])(?:{words})(?:s|es)?(?![\w-])")


def _last_word(lowered: str) -> str:
    words = re.findall(r"[a-z]{3,}", lowered)
    return words[-1] if words else "gift"
