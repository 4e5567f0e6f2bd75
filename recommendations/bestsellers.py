"""What sold best lately, by department and in the whole shop: an experiment's other arm, and a fallback."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from recommendations.pairs import ItemCounts

WHOLE_SHOP = ""
KEPT = 20


@dataclass(frozen=True)
class BestsellerRow:
    department: str
    position: int
    rank: int
    sold: int


def rank_bestsellers(items: ItemCounts, departments: Mapping[int, str]) -> Iterator[BestsellerRow]:
    """The twenty products of each department, and of the whole shop, that most late orders held."""
    taken: dict[str, int] = defaultdict(int)
    for position in np.lexsort((-items.orders, -items.recent)).tolist():
        sold = int(items.recent[position])
        if not sold:
            return
        for department in {WHOLE_SHOP, departments.get(position, WHOLE_SHOP)}:
            if taken[department] < KEPT:
                yield BestsellerRow(department, position, taken[department], sold)
                taken[department] += 1
