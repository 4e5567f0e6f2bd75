"""The whole demo in order: history, neighbours, flows, the live days. The command only talks about it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.rollups import count_due_experiments
from campaigns.transports import build_current_transport
from demo.boutique.days import tell_boutique
from demo.boutique.loading import load_boutique
from demo.dates import Calendar
from demo.days import LiveDays
from demo.elements import Element, sort_by_time
from demo.flows import send_letter, set_up_flows, set_up_login
from demo.living import SOURCE, Clock, Lived, Sweep, live_through
from demo.loading import Loaded, Shelved, load_history
from demo.readers import Readers
from recommendations.building import rebuild_neighbours
from shop.ingest import Receipt, record_events
from triggers.engine import sweep as real_sweep


@dataclass(frozen=True, slots=True)
class Told:
    """The events of the live days and what was derived for them."""

    elements: list[Element]
    derived: Counter[str]


def load(shelved: Shelved) -> Loaded:
    """The history of both halves of the shop; returns the figures of the real half."""
    loaded = load_history(shelved)
    load_boutique(shelved.calendar.live_from)
    return loaded


def learn(calendar: Calendar, report: Callable[[str], None] = lambda _: None) -> None:
    """What goes together, from nothing but the days before the live ones."""
    rebuild_neighbours(calendar.live_from, report=report)


def set_up(calendar: Calendar) -> bool:
    """Flows, the letter, experiments and the login; whether the login was made."""
    set_up_flows(calendar.live_from)
    send_letter(calendar.live_from)
    return set_up_login()


def tell(shelved: Shelved) -> Told:
    """The events of both halves, oldest first. Touches no database."""
    days = LiveDays(shelved)
    retail = days.tell()
    boutique = tell_boutique(shelved.calendar.live_from)
    return Told(sort_by_time([*retail, *boutique]), days.counts)


def make_clock(calendar: Calendar, now: datetime, *, step_hours: int) -> Clock:
    """From the first live midnight to `now`, as parcels still arrive after the last day of orders."""
    return Clock(calendar.live_from, max(now, calendar.ends_at), timedelta(hours=step_hours))


def live(
    told: Told,
    clock: Clock,
    *,
    report: Callable[[datetime], None] = lambda _: None,
    sweep: Sweep = real_sweep,
) -> tuple[Lived, Readers]:
    """Posts everything and lets the engine and the simulated readers work, tick by tick."""
    readers = Readers(clock.start)
    lived = live_through(
        told.elements,
        clock,
        record=_record,
        sweep=sweep,
        transport=build_current_transport(),
        read=readers.act,
        report=report,
    )
    count_due_experiments(clock.end)
    return lived, readers


def _record(elements: Sequence[Element], now: datetime) -> Sequence[Receipt]:
    return record_events(elements, source=SOURCE, now=now)
