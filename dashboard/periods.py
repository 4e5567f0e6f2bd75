"""The stretch of time a page looks at: the last days up to the newest data, not up to today.

A shop that imported last year's orders would otherwise look at nothing but empty pages.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from campaigns.reports import Period, find_data_range
from dashboard.formatting import format_count, shop_timezone

DAYS = (7, 14, 30)
DEFAULT = "14"


@dataclass(frozen=True, slots=True)
class Choice:
    key: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class ChosenPeriod:
    """`period` ends just after the newest data; `choices` are for the selector."""

    period: Period
    choices: list[Choice]

    @property
    def days(self) -> list[date]:
        """Every local day of the period, oldest first."""
        zone = shop_timezone()
        first = self.period.since.astimezone(zone).date()
        last = (self.period.until - timedelta(microseconds=1)).astimezone(zone).date()
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def choose_period(key: str, now: datetime) -> ChosenPeriod:
    """The period for `7`, `14`, `30` or `all`; fourteen days for anything else."""
    oldest, newest = find_data_range() or (now, now)
    chosen = key if key in {*map(str, DAYS), "all"} else DEFAULT
    until = newest + timedelta(microseconds=1)
    since = oldest if chosen == "all" else _start_of_day(newest, int(chosen))
    labels = {str(days): _label(days) for days in DAYS} | {"all": str(_("All time"))}
    return ChosenPeriod(Period(since, until), [Choice(k, v, k == chosen) for k, v in labels.items()])


def _start_of_day(newest: datetime, days: int) -> datetime:
    local = newest.astimezone(shop_timezone()) - timedelta(days=days - 1)
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def _label(days: int) -> str:
    return ngettext("%(days)s day", "%(days)s days", days) % {"days": format_count(days)}
