"""What later orders ask of a method that knows the earlier ones only: questions with known answers.

basket: a random half of an order (ten at most), what is the rest? single: one product, what is the rest?
next_new: a customer's order, which products of the next one are new to them? repeat: the same, what is in it?
Products that were never sold before the split cannot be named by any history and are not asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recommendations.answering import Matrix
from recommendations.baskets import GUEST, Baskets, Flags, Floats, Ints

SLOTS = ("basket", "single", "next_new", "repeat")
MOST_GIVEN = 10
MOST_CASES: Mapping[str, int] = dict.fromkeys(SLOTS, 4_000)
OWN_HALF_LIFE_DAYS = 30.0
LONG_HALF_LIFE_DAYS = 180.0


@dataclass(frozen=True)
class Cases:
    """Cases by products: what is given, what is wanted, what may not be named; for the slot "repeat" also how
    often the customer bought each product before, decayed by half-lives of 30 and of 180 days."""

    given: Matrix
    wanted: Matrix
    excluded: Matrix
    own: Matrix
    own_long: Matrix

    def __len__(self) -> int:
        return int(self.given.shape[0])

    def between(self, start: int, end: int) -> "Cases":
        """Some of the cases."""
        parts = (self.given, self.wanted, self.excluded, self.own, self.own_long)
        return Cases(*(sparse.csr_array(part[start:end]) for part in parts))


@dataclass(frozen=True)
class _Case:
    """Products by position; `past` holds the customer's earlier orders, by their numbers."""

    given: Ints
    wanted: Ints
    excluded: Ints
    past: tuple[int, ...] = ()


def make_cases(
    baskets: Baskets,
    known: Flags,
    *,
    split: float,
    days: float = 30.0,
    seed: int = 1,
    most: Mapping[str, int] = MOST_CASES,
) -> dict[str, Cases]:
    """Cases of each slot from the orders placed in the `days` after the split, at most `most` of it.

    `split` is an age in days: orders older than it are the past. `known` marks the products sold in the past.
    The earlier orders of the test days count as history of the later ones, but are not learnt from.
    """
    products = split_by_order(baskets)
    later = np.flatnonzero((baskets.age_days <= split) & (baskets.age_days > split - days))
    later = later[np.argsort(-baskets.age_days[later], kind="stable")]
    randomness = np.random.default_rng(seed)
    halves = [case for order in later for case in _hide_half(products[order], known, randomness)]
    journeys = _follow_customers(baskets, products, later)
    wanted = [(past, products[order][known[products[order]]]) for order, past in journeys]
    repeats = [_Case(products[past[-1]], wants, _NOTHING, past) for past, wants in wanted if len(wants)]
    new = [case for case in (_ask_new(repeat, products) for repeat in repeats) if len(case.wanted)]
    found = {"basket": halves[::2], "single": halves[1::2], "next_new": new, "repeat": repeats}
    return {
        slot: _arrange(_sample(cases, most[slot], seed), baskets, products) for slot, cases in found.items()
    }


_NOTHING: Ints = np.zeros(0, dtype=np.int64)


def split_by_order(baskets: Baskets) -> list[Ints]:
    """The products of each order, by its number."""
    sequence = np.argsort(baskets.order, kind="stable")
    starts = np.searchsorted(baskets.order[sequence], np.arange(baskets.order_count + 1))
    products = baskets.product[sequence]
    return [products[start:end] for start, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)]


def _hide_half(products: Ints, known: Flags, randomness: np.random.Generator) -> tuple[_Case, ...]:
    """The basket and the single case of one order; none where nothing would be left to guess."""
    mixed = randomness.permutation(products[known[products]])
    if len(mixed) < 2:
        return ()
    half = min(MOST_GIVEN, len(mixed) // 2)
    return tuple(_Case(mixed[:given], mixed[given:], mixed[:given]) for given in (half, 1))


def _follow_customers(
    baskets: Baskets, products: Sequence[Ints], later: Ints
) -> list[tuple[int, tuple[int, ...]]]:
    """Each later order of a known customer with all their earlier orders that hold anything, oldest first."""
    asked = set(np.unique(baskets.customer[later]).tolist()) - {GUEST}
    sequence = np.lexsort((np.arange(baskets.order_count), -baskets.age_days))
    wanted, journeys, past = set(later.tolist()), [], dict[int, list[int]]()
    for order in sequence[np.isin(baskets.customer[sequence], list(asked))].tolist():
        before = past.setdefault(int(baskets.customer[order]), [])
        if before and order in wanted:
            journeys.append((order, tuple(before)))
        if len(products[order]):
            before.append(order)
    return journeys


def _ask_new(case: _Case, products: Sequence[Ints]) -> _Case:
    """The same case, asking for what the customer never bought."""
    bought = np.unique(np.concatenate([products[order] for order in case.past]))
    return _Case(case.given, np.setdiff1d(case.wanted, bought), bought, case.past)


def _sample(cases: Sequence[_Case], most: int, seed: int) -> Sequence[_Case]:
    if len(cases) <= most:
        return cases
    chosen = np.random.default_rng(seed).choice(len(cases), most, replace=False)
    return [cases[position] for position in np.sort(chosen).tolist()]


def _arrange(cases: Sequence[_Case], baskets: Baskets, products: Sequence[Ints]) -> Cases:
    width = baskets.product_count
    own = [decay_history(case.past, baskets, products) for case in cases]
    return Cases(
        given=to_matrix([case.given for case in cases], width),
        wanted=to_matrix([case.wanted for case in cases], width),
        excluded=to_matrix([case.excluded for case in cases], width),
        own=to_matrix([row[0] for row in own], width, [row[1] for row in own]),
        own_long=to_matrix([row[0] for row in own], width, [row[2] for row in own]),
    )


def decay_history(
    past: Sequence[int], baskets: Baskets, products: Sequence[Ints]
) -> tuple[Ints, Floats, Floats]:
    """What was bought in orders, a line each, with its weight by the time before the newest of them."""
    if not past:
        return _NOTHING, np.zeros(0), np.zeros(0)
    ages = baskets.age_days[list(past)]
    sizes = [len(products[order]) for order in past]
    since = np.repeat(ages - ages.min(), sizes)
    bought = np.concatenate([products[order] for order in past])
    return bought, 0.5 ** (since / OWN_HALF_LIFE_DAYS), 0.5 ** (since / LONG_HALF_LIFE_DAYS)


def to_matrix(rows: Sequence[Ints], width: int, weights: Sequence[Floats] | None = None) -> Matrix:
    """Rows of positions as a matrix; weights of a position that a row names twice are added."""
    if not rows:
        return sparse.csr_array((0, width))
    columns = np.concatenate(rows)
    places = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    values = np.concatenate(weights) if weights is not None else np.ones(len(columns))
    return sparse.csr_array((values, (places, columns)), shape=(len(rows), width))
