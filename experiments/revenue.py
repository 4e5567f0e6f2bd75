"""The most that one person's revenue counts, known before the first person enters."""

import math
from datetime import datetime, timedelta

from django.conf import settings

from experiments.statistics import find_cap
from shop.models import Order

_PAST = timedelta(days=365)


def find_revenue_cap(now: datetime) -> float | None:
    """The 99th percentile of the orders of the year before `now` in the shop's currency; None without any.

    No result of the experiment can move it, and one huge order can't drown the rest.
    """
    past = Order.objects.filter(
        placed_at__lt=now,
        placed_at__gte=now - _PAST,
        currency=settings.PAIRWELL["CURRENCY"],
        cancelled_at=None,
    )
    cap = find_cap([float(total) for total in past.values_list("total", flat=True)])
    return cap if math.isfinite(cap) else None
