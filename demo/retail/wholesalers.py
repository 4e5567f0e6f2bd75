"""Who buys for a shop of their own. The source says only that many customers are wholesalers."""

from collections import defaultdict
from collections.abc import Iterable
from statistics import mean, median

from demo.retail.cleaning import CleanLine

LARGE_BASKET_LINES = 100
WHOLESALE_UNITS = 300
WHOLESALE_PENCE = 50_000


def find_wholesalers(lines: Iterable[CleanLine]) -> set[int]:
    """Customers whose usual (median) order holds 300 units or £500, or whose orders average 100 lines."""
    orders: dict[tuple[int, str], list[CleanLine]] = defaultdict(list)
    for line in lines:
        if line.customer is not None:
            orders[line.customer, line.invoice].append(line)
    sizes: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for (customer, _), basket in orders.items():
        sizes[customer].append(_measure(basket))
    return {customer for customer, measured in sizes.items() if _is_wholesale(measured)}


def _measure(basket: list[CleanLine]) -> tuple[int, int, int]:
    units = sum(line.quantity for line in basket)
    return units, sum(line.quantity * line.pence for line in basket), len(basket)


def _is_wholesale(measured: list[tuple[int, int, int]]) -> bool:
    units, pence, lines = zip(*measured, strict=True)
    is_bulky: bool = median(units) >= WHOLESALE_UNITS or mean(lines) >= LARGE_BASKET_LINES
    return is_bulky or bool(median(pence) >= WHOLESALE_PENCE)
