"""How long a broadcast takes under our own limits: told before it begins, because it may be weeks."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from campaigns.allowances import Limit, read_limits
from campaigns.models import Allowance
from shop.models import Customer

_MINUTES_A_DAY = 24 * 60
_LONGEST_DAYS = 3650


@dataclass(frozen=True, slots=True)
class Pace:
    """So many people, the last of them at `ends_at` at the earliest, and the limit that decides it ("" where
    none does)."""

    people: int
    starts_at: datetime
    ends_at: datetime
    reason: str = ""

    @property
    def days(self) -> int:
        """Calendar days on which some of it leaves."""
        return (self.ends_at.date() - self.starts_at.date()).days + 1


def estimate_pace(people: QuerySet[Customer], now: datetime) -> Pace:
    """When the last of an offer to these people may leave. One query, and one for each limited domain; none
    of the limits, no query. Limits are the settings' own, a warm-up grows day by day.
    """
    limits = read_limits(now)
    number = people.count() if limits or settings.PAIRWELL["WARM_UP"] else 0
    ends = [Pace(number, now, *_walk_days(number, now))]
    for limit in limits:
        if limit.domain:
            theirs = people.filter(email__iendswith=f"@{limit.domain}").count()
            ends.append(Pace(number, now, now + _last_minutes(theirs, limit), limit.reason if theirs else ""))
    return max(ends, key=lambda pace: pace.ends_at)


def _walk_days(people: int, now: datetime) -> tuple[datetime, str]:
    """Day by day, each with the smallest of its limits for all, and none of it used so far."""
    left, day = people, now
    for _ in range(_LONGEST_DAYS):
        limits = [limit for limit in read_limits(day) if not limit.domain]
        if not limits:
            return day, "" if day == now else "warm_up"
        slowest = min(limits, key=_count_a_day)
        if left <= _count_a_day(slowest):
            is_rate = slowest.window == Allowance.Window.MINUTE
            return day + (_last_minutes(left, slowest) if is_rate else timedelta()), slowest.reason
        left, day = left - _count_a_day(slowest), _next_day(day)
    return day, slowest.reason


def _next_day(day: datetime) -> datetime:
    return (day + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def _count_a_day(limit: Limit) -> int:
    once = limit.room(0, is_marketing=True)
    return once * _MINUTES_A_DAY if limit.window == Allowance.Window.MINUTE else once


def _last_minutes(people: int, limit: Limit) -> timedelta:
    return timedelta(minutes=max(people - 1, 0) // limit.room(0, is_marketing=True))
