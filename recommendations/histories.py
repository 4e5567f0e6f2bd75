"""What a customer bought before, and what of it is due again: by this customer's own rhythm."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Max, Min
from django.db.models.functions import TruncDate

from recommendations.cases import LONG_HALF_LIFE_DAYS, OWN_HALF_LIFE_DAYS
from shop.models import OrderLine

HORIZON_DAYS = 730
FEWEST_PURCHASES = 2
SHORTEST_DAYS = 5.0  # two orders within days are one purchase, not a rhythm
EARLY, LATE = 0.8, 1.6  # of the usual interval: before, it is not needed; long after, the habit has ended
MOST_REMEMBERED = 200  # products of one customer; a wholesaler's thousandth says little about the next order


@dataclass(frozen=True, slots=True)
class Due:
    """`share` is the time since the last purchase over the usual interval: 1.0 is today."""

    product_id: int
    purchases: int
    interval_days: float
    share: float


@dataclass(frozen=True, slots=True)
class Remembered:
    """A product that the customer bought `purchases` times. `own` and `own_long` are the same, decayed by
    half-lives of 30 and 180 days before the customer's newest order."""

    purchases: int
    own: float
    own_long: float


@dataclass(frozen=True)
class History:
    """By product what was bought and what is due; the products of the newest order."""

    remembered: Mapping[int, Remembered] = field(default_factory=dict)
    due: Mapping[int, Due] = field(default_factory=dict)
    newest: tuple[int, ...] = ()


NO_HISTORY = History()


class _Bought(NamedTuple):
    """One customer's purchases of one product on one day."""

    customer_id: int
    product_id: int
    times: int
    first: datetime
    last: datetime


def read_histories(customers: Collection[int], now: datetime) -> dict[int, History]:
    """By customer. One query, summed up in the database, so that ten thousand orders of one customer cost no
    more than their products and days."""
    if not customers:
        return {}
    bought = (
        OrderLine.objects.filter(
            order__customer__in=customers,
            order__placed_at__gt=now - timedelta(days=HORIZON_DAYS),
            order__placed_at__lte=now,
            order__cancelled_at=None,
        )
        .annotate(day=TruncDate("order__placed_at"))
        .values("order__customer_id", "product_id", "day")
        .annotate(
            times=Count("order__placed_at", distinct=True),
            first=Min("order__placed_at"),
            last=Max("order__placed_at"),
        )
        .values_list("order__customer_id", "product_id", "times", "first", "last")
    )
    rows: dict[int, list[_Bought]] = defaultdict(list)
    for row in bought.iterator(chunk_size=10_000):
        rows[row[0]].append(_Bought(*row))
    return {customer: _sum_up(found, now) for customer, found in rows.items()}


def judge_rhythm(product: int, times: int, *, first: datetime, last: datetime, now: datetime) -> Due | None:
    """Whether the next purchase is due: this customer's mean interval against the time since the last."""
    interval = (last - first) / timedelta(days=1) / (times - 1)
    if interval < SHORTEST_DAYS:
        return None
    share = (now - last) / timedelta(days=1) / interval
    return Due(product, times, interval, share) if EARLY <= share <= LATE else None


def _sum_up(rows: Iterable[_Bought], now: datetime) -> History:
    by_product: dict[int, list[_Bought]] = defaultdict(list)
    for row in rows:
        by_product[row.product_id].append(row)
    newest = max(row.last for found in by_product.values() for row in found)
    remembered = {key: _decay(found, newest) for key, found in by_product.items()}
    best = sorted(remembered, key=lambda key: (-remembered[key].own_long, key))[:MOST_REMEMBERED]
    due = [_judge(key, by_product[key], now) for key in best if remembered[key].purchases >= FEWEST_PURCHASES]
    return History(
        remembered={key: remembered[key] for key in best},
        due={found.product_id: found for found in due if found},
        newest=tuple(sorted(key for key in by_product if any(row.last == newest for row in by_product[key]))),
    )


def _decay(rows: Iterable[_Bought], newest: datetime) -> Remembered:
    ages = [(row.times, (newest - row.last) / timedelta(days=1)) for row in rows]
    return Remembered(
        purchases=sum(times for times, _age in ages),
        own=sum(times * 0.5 ** (age / OWN_HALF_LIFE_DAYS) for times, age in ages),
        own_long=sum(times * 0.5 ** (age / LONG_HALF_LIFE_DAYS) for times, age in ages),
    )


def _judge(product: int, rows: Collection[_Bought], now: datetime) -> Due | None:
    times = sum(row.times for row in rows)
    return judge_rhythm(
        product, times, first=min(row.first for row in rows), last=max(row.last for row in rows), now=now
    )
