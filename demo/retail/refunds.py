"""Cancellations find the order they undo."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from demo.retail.cleaning import CleanLine


@dataclass(frozen=True, slots=True)
class MatchedRefund:
    """Money given back on one order by one cancelling invoice; pence, London wall time."""

    external_id: str
    invoice: str
    pence: int
    time: datetime


@dataclass
class _Sold:
    """What one order still holds of one product, so that nothing is refunded twice."""

    invoice: str
    time: datetime
    left: int


def match_refunds(
    sales: Iterable[CleanLine], cancellations: Iterable[CleanLine]
) -> tuple[list[MatchedRefund], Counter[str]]:
    """Each cancelled line goes to the customer's newest earlier order that still holds as many of it.

    Lines that fit no order (a guest's, or of an order older than the data) are dropped and counted.
    """
    shelves = _index_sales(sales)
    found: dict[tuple[str, str], tuple[int, datetime]] = {}
    counts: Counter[str] = Counter()
    for line in sorted(cancellations, key=lambda line: line.time):
        sold = _find_sold(shelves, line)
        counts["refunded lines" if sold else "cancelled lines without their order"] += 1
        if sold:
            sold.left -= line.quantity
            pence, _ = found.get((line.invoice, sold.invoice), (0, line.time))
            found[line.invoice, sold.invoice] = (pence + line.quantity * line.pence, line.time)
    refunds = [
        MatchedRefund(f"{cancelling}-{invoice}", invoice, pence, time)
        for (cancelling, invoice), (pence, time) in found.items()
    ]
    return refunds, counts


def _index_sales(sales: Iterable[CleanLine]) -> dict[tuple[int, str], list[_Sold]]:
    shelves: dict[tuple[int, str], list[_Sold]] = defaultdict(list)
    for line in sales:
        if line.customer is not None:
            shelves[line.customer, line.code].append(_Sold(line.invoice, line.time, line.quantity))
    return shelves


def _find_sold(shelves: dict[tuple[int, str], list[_Sold]], line: CleanLine) -> _Sold | None:
    if line.customer is None:
        return None
    fitting = [
        sold
        for sold in shelves.get((line.customer, line.code), ())
        if sold.time <= line.time and sold.left >= line.quantity
    ]
    return max(fitting, key=lambda sold: sold.time, default=None)
