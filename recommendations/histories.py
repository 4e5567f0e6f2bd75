"""What each customer bought before, and what of it is due again: by this customer's own rhythm."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np

from recommendations.baskets import Flags, Floats, Ints
from recommendations.cases import LONG_HALF_LIFE_DAYS, OWN_HALF_LIFE_DAYS
from recommendations.purchases import Purchases

HORIZON_DAYS = 730
FEWEST_PURCHASES = 2
SHORTEST_DAYS = 5.0  # two orders within days are one purchase, not a rhythm
EARLY, LATE = 0.8, 1.6  # of the usual interval: before, it is not needed; long after, the habit has ended
MOST_REMEMBERED = 200  # products of one customer; a wholesaler's thousandth says little about the next order

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1) // timedelta(microseconds=1)


@dataclass(frozen=True, eq=False)
class History:
    """`purchases` is how often each product was bought. `own` and `own_long` are the same in its order,
    decayed by half-lives of 30 and 180 days before the customer's newest order. `due` is what is due again,
    `newest` what the newest order holds.

    Arrays, and not an object a product: a batch holds fifty thousand.
    """

    purchases: Mapping[int, int] = field(default_factory=dict)
    own: Floats = field(default_factory=lambda: np.zeros(0))
    own_long: Floats = field(default_factory=lambda: np.zeros(0))
    due: frozenset[int] = frozenset()
    newest: tuple[int, ...] = ()


NO_HISTORY = History()


def sum_up_histories(purchases: Purchases, customers: Collection[int], now: datetime) -> dict[int, History]:
    """By customer, of the last 730 days. All at once in arrays: ten thousand orders of one customer are no
    more work than one of each of ten thousand."""
    lines = _sort_lines(purchases, customers, now)
    if not len(lines.moment):
        return {}
    habits = _sum_up(lines)
    due = is_due(habits.times, habits.span, (_microseconds(now) - habits.last) / _DAY)
    return {
        int(habits.customer[start]): _make_history(habits, due, slice(start, end))
        for start, end in _find_runs(habits.customer)
    }


def is_due(times: Ints, span_days: Floats, idle_days: Floats) -> Flags:
    """Whether the next purchase is due: the mean interval between `times` purchases, the first of which lies
    `span_days` before the last, against the days since the last."""
    interval = span_days / np.maximum(times - 1, 1)
    share = idle_days / np.maximum(interval, SHORTEST_DAYS)
    return (times >= FEWEST_PURCHASES) & (interval >= SHORTEST_DAYS) & (share >= EARLY) & (share <= LATE)


@dataclass(frozen=True)
class _Lines:
    """Purchases by customer, product and moment (in microseconds), in this order and each once."""

    customer: Ints
    product: Ints
    moment: Ints


@dataclass(frozen=True)
class _Habits:
    """Customers' products, those that weigh most first. `span` is in days, `last` and `newest` are moments:
    of the product and of the customer's newest order."""

    customer: Ints
    product: Ints
    times: Ints
    own: Floats
    own_long: Floats
    span: Floats
    last: Ints
    newest: Ints


def _sort_lines(purchases: Purchases, customers: Collection[int], now: datetime) -> _Lines:
    heads = purchases.orders
    customer = np.array([head.customer_id for head in heads], dtype=np.int64)[purchases.order]
    moment = np.array([_microseconds(head.placed_at) for head in heads], dtype=np.int64)[purchases.order]
    kept = np.isin(customer, list(customers)) & (moment > _microseconds(now - timedelta(days=HORIZON_DAYS)))
    columns = np.stack([customer, purchases.product, moment])[:, kept]
    columns = columns[:, np.lexsort(columns[::-1])]
    once = np.diff(columns, axis=1, prepend=-1).any(axis=0)
    return _Lines(*columns[:, once])


def _sum_up(lines: _Lines) -> _Habits:
    is_new = (np.diff(lines.customer, prepend=-1) != 0) | (np.diff(lines.product, prepend=-1) != 0)
    starts = np.flatnonzero(is_new)
    ends = np.append(starts[1:], len(lines.moment))
    firsts = np.array([start for start, _end in _find_runs(lines.customer)])
    newest = np.repeat(np.maximum.reduceat(lines.moment, firsts), np.diff(firsts, append=len(lines.moment)))
    age = (newest - lines.moment) / _DAY
    own, own_long = (
        np.add.reduceat(0.5 ** (age / half_life), starts)
        for half_life in (OWN_HALF_LIFE_DAYS, LONG_HALF_LIFE_DAYS)
    )
    customer, product = lines.customer[starts], lines.product[starts]
    order = np.lexsort((product, -own_long, customer))
    first, last = lines.moment[starts][order], lines.moment[ends - 1][order]
    return _Habits(
        customer=customer[order],
        product=product[order],
        times=(ends - starts)[order],
        own=own[order],
        own_long=own_long[order],
        span=(last - first) / _DAY,
        last=last,
        newest=newest[starts][order],
    )


def _make_history(habits: _Habits, due: Flags, part: slice) -> History:
    product = habits.product[part]
    newest = product[habits.last[part] == habits.newest[part]]
    best = product[:MOST_REMEMBERED]
    times = habits.times[part][: len(best)]
    return History(
        purchases=dict(zip(best.tolist(), times.tolist(), strict=True)),
        own=habits.own[part][: len(best)],
        own_long=habits.own_long[part][: len(best)],
        due=frozenset(best[due[part][: len(best)]].tolist()),
        newest=tuple(sorted(newest.tolist())),
    )


def _find_runs(keys: Ints) -> list[tuple[int, int]]:
    """Where equal keys that stand together begin and end."""
    starts = np.flatnonzero(np.diff(keys, prepend=-1)).tolist()
    return list(pairwise([*starts, len(keys)]))


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
