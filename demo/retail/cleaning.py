"""Sorting the source's lines into sales, cancellations and what can't be used, each with its reason."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from demo.retail.titles import choose_description

# Five digits and up to two letters for a colour or size. Everything else in the source is postage, fees,
# vouchers, samples, corrections and stock moved for other channels (POST, DOT, M, D, C2, S, BANK CHARGES,
# AMAZONFEE, CRUK, PADS, gift_0001_*, DCGS*, TEST*).
_PRODUCT_CODE = re.compile(r"\d{5}[A-Z]{0,2}")


class SourceLine(NamedTuple):
    """A line as the source has it; times are London wall time, money is in pounds."""

    invoice: str
    code: str
    description: str
    quantity: int
    time: datetime
    unit_price: float
    customer: int | None
    country: str


class CleanLine(NamedTuple):
    """A usable line: quantity above zero, pence above zero, an upper-case product code."""

    invoice: str
    code: str
    quantity: int
    pence: int
    time: datetime
    customer: int | None
    country: str


@dataclass
class Sorted:
    """What came of all lines; `counts` says why lines were dropped, `names` what each code was called."""

    sales: list[CleanLine] = field(default_factory=list)
    cancellations: list[CleanLine] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    names: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


def sort_lines(lines: Iterable[SourceLine]) -> Sorted:
    """Every line ends in exactly one place, so the counts and the lists add up to the input."""
    found = Sorted()
    for line in lines:
        reason = _why_unusable(line)
        if reason:
            found.counts[reason] += 1
        elif line.invoice.startswith("C"):
            found.cancellations.append(_clean(line))
        else:
            found.sales.append(_clean(line))
            found.names[line.code.upper()][line.description.strip()] += 1
    return found


def drop_nameless(found: Sorted) -> dict[str, str]:
    """The chosen description by code; lines of codes that never had a product's name are dropped."""
    chosen = {code: choose_description(seen) for code, seen in found.names.items()}
    chosen = {code: text for code, text in chosen.items() if text}
    kept = [line for line in found.sales if line.code in chosen]
    found.counts["no product name"] += len(found.sales) - len(kept)
    found.sales = kept
    return chosen


def merge_repeats(lines: list[CleanLine]) -> Iterator[CleanLine]:
    """One line for each invoice, code and price: the till wrote some twice."""
    merged: dict[tuple[str, str, int], CleanLine] = {}
    for line in lines:
        key = (line.invoice, line.code, line.pence)
        known = merged.get(key)
        merged[key] = line if known is None else known._replace(quantity=known.quantity + line.quantity)
    yield from merged.values()


def _why_unusable(line: SourceLine) -> str:
    if line.invoice.startswith("A"):
        return "bad debt adjustment"
    if not _PRODUCT_CODE.fullmatch(line.code.upper()):
        return "not a product (postage, fees, vouchers, samples)"
    if line.invoice.startswith("C"):
        return "" if line.quantity < 0 < line.unit_price else "cancellation without a price"
    if line.quantity <= 0:
        return "stock written off or lost"
    return "" if line.unit_price > 0 else "no price (stock found, given away, corrected)"


def _clean(line: SourceLine) -> CleanLine:
    pence = max(1, round(line.unit_price * 100))
    return CleanLine(
        line.invoice, line.code.upper(), abs(line.quantity), pence, line.time, line.customer, line.country
    )
