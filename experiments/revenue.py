"""The most that one person's revenue counts, known before the first person enters."""

import math
from datetime import datetime, timedelta

from django.conf import settings

from experiments.statistics import Moments, find_cap, summarise
from shop.models import Order

_PAST = timedelta(days=365)


def find_revenue_cap(now: datetime) -> float | None:
    """The 99th percentile of the orders of the year before `now` in the shop's currency; None without any.

    No result of the experiment can move it, and one huge order can't drown the rest.
    """
    cap = find_cap(_read_totals(now))
    return cap if math.isfinite(cap) else None


def measure_orders(now: datetime) -> Moments | None:
    """The same year's orders, each cut at that cap: what a plan for revenue takes; None below two orders."""
    totals = _read_totals(now)
    found = summarise(totals, people=len(totals), cap=find_cap(totals))
    return found if found.count > 1 else None


def _read_totals(now: datetime) -> list[float]:
    past = Order.objects.filter(
        placed_at__lt=now,
        placed_at__gte=now - _PAST,
        currency=settings.PAIRWELL["CURRENCY"],
        cancelled_at=None,
    )
    return [float(total) for total in past.values_list("total", flat=True)]
