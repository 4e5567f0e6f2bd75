"""What customers traded up to: the test of upgrades, and the choice of their blend.

An event is a product new to the customer, of the type of one bought before, at 1.1 to 2 times the price of
the last of them. The candidates are all products of that type in that band that the customer never bought;
the question is which one. Three places cannot miss among three candidates, so an event has four at least.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recommendations.answering import NOBODY, Answers, Matrix
from recommendations.baskets import GUEST, Baskets, Flags, Floats, Ints
from recommendations.cases import split_by_order, to_matrix
from recommendations.titles import tfidf_matrix
from recommendations.upgrades import UpgradeWeights, blend_relative, read_ownership

PRICE_BAND = (1.1, 2.0)
FEWEST_CANDIDATES = 4
PAIRS_A_BLOCK = 20_000
ONLY_SALES = "only_sales"  # the floor: recent best-sellers of the type within the band
WEIGHTS: dict[str, UpgradeWeights] = {
    "balanced": UpgradeWeights(),
    "owners_first": UpgradeWeights(title=0.5, sales=0.5),
    "sales_first": UpgradeWeights(title=0.25, sales=2.0),
    "titles_first": UpgradeWeights(title=1.0, sales=1.0),
    "titles_little": UpgradeWeights(title=0.25, sales=1.0),
    "mostly_sales": UpgradeWeights(title=0.25, sales=5.0),
    "recent_sales": UpgradeWeights(title=0.0, sales=10.0),
    ONLY_SALES: UpgradeWeights(title=0.0, sales=1.0, owners=0.0),
}


@dataclass(frozen=True)
class Goods:
    """What is known of each product by its position; 0 and "" where unknown."""

    names: Sequence[str]
    types: Sequence[str]
    price: Floats


@dataclass(frozen=True)
class TradeUps:
    """One entry an event: the product owned, the one bought, and the candidates."""

    owned: Ints
    bought: Ints
    candidates: Sequence[Ints]

    def wanted(self, width: int) -> Matrix:
        return to_matrix([self.bought[row : row + 1] for row in range(len(self.bought))], width)


def find_trade_ups(
    baskets: Baskets, goods: Goods, known: Flags, *, split: float, days: float = 30.0
) -> TradeUps:
    """The events of the `days` after the split among products known before it. Ages are days."""
    members = _group(goods, known)
    found: list[tuple[int, int, Ints]] = []
    for owned, bought, had in _follow_types(baskets, goods, split=split, days=days):
        if known[owned] and known[bought] and goods.price[owned] > 0:
            band = _in_band(owned, members[goods.types[owned]], goods.price)
            candidates = band[~np.isin(band, list(had))]
            if len(candidates) >= FEWEST_CANDIDATES and bought in candidates:
                found.append((owned, bought, candidates))
    pairs = np.array([event[:2] for event in found], dtype=np.int64).reshape(-1, 2)
    return TradeUps(pairs[:, 0], pairs[:, 1], [event[2] for event in found])


def _group(goods: Goods, known: Flags) -> Mapping[str, Ints]:
    members: dict[str, list[int]] = defaultdict(list)
    for product in np.flatnonzero(known & (goods.price > 0)).tolist():
        if goods.types[product]:
            members[goods.types[product]].append(product)
    return defaultdict(lambda: np.zeros(0, dtype=np.int64), {k: np.array(v) for k, v in members.items()})


def _in_band(owned: int, members: Ints, price: Floats) -> Ints:
    low, high = (bound * price[owned] for bound in PRICE_BAND)
    amounts = price[members]
    found: Ints = members[(amounts >= low - 1e-9) & (amounts <= high + 1e-9) & (members != owned)]
    return found


def _follow_types(
    baskets: Baskets, goods: Goods, *, split: float, days: float
) -> Iterator[tuple[int, int, frozenset[int]]]:
    """(last product of the type, product new to the customer, all they had) of each later order."""
    products, ages = split_by_order(baskets), baskets.age_days
    inside = (ages <= split) & (ages > split - days)
    asked = np.unique(baskets.customer[inside])
    orders = np.flatnonzero(np.isin(baskets.customer, asked[asked != GUEST]) & (ages > split - days))
    bought: dict[int, set[int]] = defaultdict(set)
    last: dict[tuple[int, str], int] = {}
    for order in orders[np.argsort(-ages[orders], kind="stable")].tolist():
        customer, items = int(baskets.customer[order]), products[order].tolist()
        if inside[order]:
            owned = frozenset(bought[customer])
            for item in items:
                before = last.get((customer, goods.types[item]))
                if item not in owned and before is not None:
                    yield before, item, owned
        bought[customer].update(items)
        last.update({(customer, goods.types[item]): item for item in items if goods.types[item]})


class UpgradeRanker:
    """The blend of the served upgrades over the candidates of events: owners in common, titles, late sales.

    The parts are worked out once, so that another blend of them costs next to nothing.
    """

    def __init__(self, past: Baskets, goods: Goods, events: TradeUps) -> None:
        ownership = read_ownership(past)
        self._candidates = events.candidates
        self._sizes = np.array([len(found) for found in events.candidates], dtype=np.int64)
        owned = np.repeat(events.owned, self._sizes)
        others: Ints = np.concatenate([np.zeros(0, dtype=np.int64), *events.candidates])
        owners = np.diff(ownership.owned.indptr).astype(np.float64)
        both = _multiply_rows(sparse.csr_array(ownership.owned.T), owned, others)
        self._together = self._relative(both / np.sqrt(np.maximum(owners[owned] * owners[others], 1.0)))
        self._alike = self._relative(_multiply_rows(tfidf_matrix(goods.names), owned, others))
        self._sales = self._relative(np.log1p(ownership.recent)[others])

    def rank(self, weights: UpgradeWeights, *, places: int = 10) -> Answers:
        """The best places of each event."""
        scores = blend_relative(self._together, self._alike, self._sales, weights)
        found = np.full((len(self._sizes), places), NOBODY, dtype=np.int64)
        ends = np.cumsum(self._sizes)
        for row, (candidates, end) in enumerate(zip(self._candidates, ends.tolist(), strict=True)):
            own = scores[end - len(candidates) : end]
            best = candidates[np.argsort(-own, kind="stable")][:places]
            found[row, : len(best)] = best
        return Answers(found)

    def _relative(self, values: Floats) -> Floats:
        """Each event's values over the greatest of them."""
        if not len(values):
            return values
        best = np.repeat(np.maximum.reduceat(values, np.cumsum(self._sizes) - self._sizes), self._sizes)
        relative: Floats = np.divide(values, best, out=np.zeros_like(values), where=best > 0)
        return relative


def _multiply_rows(matrix: Matrix, left: Ints, right: Ints) -> Floats:
    """The product of row `left[i]` with row `right[i]`, for each i."""
    blocks = [
        np.asarray((matrix[left[part]] * matrix[right[part]]).sum(axis=1), dtype=np.float64).ravel()
        for part in (slice(start, start + PAIRS_A_BLOCK) for start in range(0, len(left), PAIRS_A_BLOCK))
    ]
    return np.concatenate([np.zeros(0), *blocks])


def rank_by(events: TradeUps, scores: "Floats | Matrix", *, places: int = 10) -> Answers:
    """The candidates in the order of a score of each product, or of each pair of products."""
    found = np.full((len(events.owned), places), NOBODY, dtype=np.int64)
    for row, (owned, candidates) in enumerate(zip(events.owned.tolist(), events.candidates, strict=True)):
        values = (
            scores[candidates] if isinstance(scores, np.ndarray) else scores[[owned]].toarray()[0][candidates]
        )
        best = candidates[np.argsort(-values, kind="stable")][:places]
        found[row, : len(best)] = best
    return Answers(found)


def count_breaches(answers: Answers, events: TradeUps, goods: Goods) -> int:
    """How many answers are of another type than the product owned, or outside the price band."""
    breaches = 0
    for owned, row in zip(events.owned.tolist(), answers.products, strict=True):
        for product in row[row != NOBODY].tolist():
            ratio = goods.price[product] / goods.price[owned]
            fits = PRICE_BAND[0] - 1e-6 <= ratio <= PRICE_BAND[1] + 1e-6
            breaches += goods.types[product] != goods.types[owned] or not fits
    return breaches
