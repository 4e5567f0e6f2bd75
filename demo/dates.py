"""The sample's days, moved to now by whole weeks, so that weekdays and the season's shape stay."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


class DateError(ValueError):
    """The demo can't be moved to the asked day; the message says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """`live_from` up to `ends_at` are the days lived through with real events; before lies history."""

    weeks: int
    live_from: datetime
    ends_at: datetime

    def move(self, wall_time: datetime) -> datetime:
        """An aware London time for the source's naive one. The hour on the wall stays."""
        return (wall_time + timedelta(weeks=self.weeks)).replace(tzinfo=LONDON)

    def is_live(self, moment: datetime) -> bool:
        return self.live_from <= moment < self.ends_at


def choose_calendar(
    last_day: date, *, now: datetime, until: date | None = None, live_days: int = 14
) -> Calendar:
    """Moves `last_day` to the newest same weekday before today, or to the newest that is not after `until`.

    Raises DateError for a day that isn't over yet: events of the future would make no sense.
    """
    today = now.astimezone(LONDON).date()
    newest = until or today - timedelta(days=1)
    if newest >= today:
        raise DateError(f"--until {newest} is not over yet; name a day before {today}.")
    weeks = (newest - last_day).days // 7
    end = last_day + timedelta(weeks=weeks, days=1)
    return Calendar(weeks, _midnight(end - timedelta(days=live_days)), _midnight(end))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=LONDON)
