"""Would it have helped? A back-test: learn from the orders before a day, guess the rest of the later ones.

Half of a later order is shown (at most ten products; or a single one), and a hit is when one of the three
picks is in the hidden half. HR@3 is the share of orders with a hit, coverage@3 the share of all known
products that were ever picked. The engine's own rules and tables are under test, without a database.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

import numpy as np

from recommendations.baskets import Baskets, arrange_baskets
from recommendations.building import find_collected_types
from recommendations.catalogue import type_of
from recommendations.choosing import choose
from recommendations.facts import Facts, NeighbourRow
from recommendations.models import Kind
from recommendations.offers import Request
from recommendations.pairs import SparsePairCounts
from recommendations.policy import Policy
from recommendations.ranking import rank_neighbours
from recommendations.scorers import Scorer, score_asymmetric_cosine
from shop.models import Product

PICKS = 3
MOST_GIVEN = 10

Recommender: TypeAlias = Callable[[Sequence[int]], Sequence[int]]


@dataclass(frozen=True)
class PastOrder:
    """Product numbers are positions in the catalogue; `customer` is -1 for a guest."""

    placed_at: datetime
    customer: int
    products: tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """What is shown of an order, and what is to be guessed."""

    given: tuple[int, ...]
    hidden: frozenset[int]


@dataclass(frozen=True)
class Figures:
    """`shown` is the share of cases with at least one pick: an engine may prefer to say nothing."""

    hit_rate: float
    coverage: float
    shown: float
    cases: int


def learn(orders: Sequence[PastOrder], until: datetime, *, product_count: int) -> Baskets:
    """The orders placed before `until` as baskets over the whole catalogue."""
    past = [order for order in orders if order.placed_at < until]
    lines = [(row, product) for row, order in enumerate(past) for product in order.products]
    columns = np.array(lines, dtype=np.int64).reshape(-1, 2)
    ages = np.array([(until - order.placed_at) / timedelta(days=1) for order in past])
    customers = np.array([order.customer for order in past], dtype=np.int64)
    return arrange_baskets(
        columns[:, 0], columns[:, 1], ages, customers=customers, product_ids=np.arange(product_count)
    )


def make_cases(
    orders: Sequence[PastOrder], train: Baskets, *, since: datetime, days: int = 30, seed: int = 1
) -> dict[str, list[Case]]:
    """The tasks "basket" (half is given) and "single" (one product is given) over the orders of `days`.

    Products that were never sold before are left out: no history can name them.
    """
    known = frozenset(np.unique(train.product).tolist())
    randomness = np.random.default_rng(seed)
    cases: dict[str, list[Case]] = {"basket": [], "single": []}
    for order in orders:
        products = [product for product in order.products if product in known]
        if since <= order.placed_at < since + timedelta(days=days) and len(products) > 1:
            mixed = randomness.permutation(products).tolist()
            half = min(MOST_GIVEN, len(mixed) // 2)
            cases["basket"].append(Case(tuple(mixed[:half]), frozenset(mixed[half:])))
            cases["single"].append(Case(tuple(mixed[:1]), frozenset(mixed[1:])))
    return cases


def measure(cases: Sequence[Case], recommend: Recommender, *, product_count: int) -> Figures:
    """Run the recommender over all cases."""
    hits, shown, named = 0, 0, set[int]()
    for case in cases:
        picks = recommend(case.given)[:PICKS]
        hits += not case.hidden.isdisjoint(picks)
        shown += bool(picks)
        named.update(picks)
    total = max(len(cases), 1)
    return Figures(hits / total, len(named) / max(product_count, 1), shown / total, len(cases))


def build_facts(
    products: Mapping[int, Product],
    train: Baskets,
    policy: Policy,
    *,
    scorer: Scorer = score_asymmetric_cosine,
) -> Facts:
    """The same tables as a build writes, in memory. Products are keyed by their position."""
    pairs = SparsePairCounts(
        train,
        half_life_days=policy.half_life_days,
        max_basket=policy.max_basket,
        recent_days=policy.recent_days,
    )
    floor = policy.support_floor(train.order_count)
    rows: dict[tuple[str, int], list[NeighbourRow]] = defaultdict(list)
    for ranked in rank_neighbours(pairs, support_floor=floor, kept=policy.neighbours_kept, scorer=scorer):
        columns = (ranked.product, ranked.neighbour, ranked.score, ranked.support)
        for product, *row in zip(*(column.tolist() for column in columns), strict=True):
            rows[Kind.COMPLEMENT, product].append(NeighbourRow(*row))
    collected = find_collected_types(train, {key: type_of(product) for key, product in products.items()})
    return Facts(None, floor, frozenset(collected), products, rows)


def recommend_by_engine(facts: Facts, policy: Policy) -> Recommender:
    """The engine as it stands, with every rule."""

    def recommend(given: Sequence[int]) -> list[int]:
        request = Request(None, tuple(given), frozenset(), complements=PICKS, upgrades=0, currency="GBP")
        return [pick.product.pk for pick in choose(request, facts, policy)]

    return recommend


def recommend_by_popularity(train: Baskets, *, recent_days: int = 30) -> Recommender:
    """What sold best lately that is not given: the floor to beat."""
    late = train.age_days[train.order] <= recent_days
    sold = np.bincount(train.product[late], minlength=train.product_count)
    best = np.argsort(-sold, kind="stable")[: MOST_GIVEN + PICKS].tolist()

    def recommend(given: Sequence[int]) -> list[int]:
        return [product for product in best if product not in given]

    return recommend


def recommend_by_best_rule(facts: Facts) -> Recommender:
    """The single strongest rule "who buys A buys B": the simple baseline, with `score_confidence` facts."""

    def recommend(given: Sequence[int]) -> list[int]:
        best: dict[int, float] = {}
        for product, score in _rules_of(facts, given):
            best[product] = max(best.get(product, 0.0), score)
        return sorted(best, key=lambda product: (-best[product], product))

    return recommend


def _rules_of(facts: Facts, given: Sequence[int]) -> Iterator[tuple[int, float]]:
    for anchor in given:
        for row in facts.neighbours.get((Kind.COMPLEMENT, anchor), ()):
            if row.support >= facts.support_floor and row.product_id not in given:
                yield row.product_id, row.score
