"""`manage.py demo`: an empty database becomes a shop with two lived weeks, and a summary of them."""

from argparse import ArgumentParser
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console

from demo import figures, running
from demo.dates import Calendar, DateError, choose_calendar
from demo.figures import Section
from demo.living import Clock, Lived
from demo.loading import Loaded, shelve
from demo.resetting import ResetRefusedError, check_reset, empty_tables
from demo.retail.prepared import Retail, read_retail
from demo.running import Told
from demo.showing import Phases, open_console, show_section

MOST_REFUSALS = 5


class Command(BaseCommand):
    help = "Fill the database with the sample shop and live through its last days."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--until", type=date.fromisoformat, help="the last day of orders at the latest")
        parser.add_argument("--days", type=int, default=14, help="how many days to live through (14)")
        parser.add_argument("--step-hours", type=int, default=3, help="shop hours between two sweeps (3)")
        parser.add_argument("--reset", action="store_true", help="empty the database whatever is in it")

    def handle(self, *_: Any, **options: Any) -> None:
        _check_preview()
        try:
            check_reset(is_forced=options["reset"])
        except ResetRefusedError as refusal:
            raise CommandError(str(refusal)) from None
        console = open_console()
        phases = Phases(console)
        with phases.phase("Reading the sample"):
            retail = read_retail()
        calendar = _choose_calendar(retail, options)
        with phases.phase("Emptying the database"):
            empty_tables()
        _run(retail, calendar, options, phases=phases)


def _run(retail: Retail, calendar: Calendar, options: dict[str, Any], *, phases: Phases) -> None:
    shelved = shelve(retail, calendar)
    with phases.phase("Loading a year of history"):
        loaded = running.load(shelved)
    with phases.phase("Learning what goes together"):
        running.learn(calendar)
    with phases.phase("Publishing templates, setting up flows"):
        has_login = running.set_up(calendar)
    told = running.tell(shelved)
    end = calendar.ends_at if options["until"] else timezone.now()
    clock = running.make_clock(calendar, end, step_hours=options["step_hours"])
    with phases.phase(f"Living through {calendar.live_from:%d %B} to {clock.end:%d %B %Y}"):
        lived, readers = _live(told, clock, phases)
    sections = [
        _describe_history(loaded),
        _describe_odd_data(retail, loaded, told),
        figures.count_section("Events posted", "Kind", lived.kinds),
        figures.read_enrolments(),
        figures.read_messages(),
        figures.read_languages(),
        figures.read_products(),
        *figures.read_experiments(),
        figures.read_readers(readers.counts, clock.start, clock.end),
        _describe_receipts(lived),
        phases.section(),
    ]
    _show(phases.console, sections, has_login=has_login)


def _live(told: Told, clock: Clock, phases: Phases) -> Any:
    with phases.bar(len(clock)) as bar:

        def report(now: datetime) -> None:
            if bar:
                bar.update(bar.task_ids[0], advance=1, description=f"{now:%a %d %b, %H:%M}")

        return running.live(told, clock, report=report)


def _show(console: Console, sections: list[Section], *, has_login: bool) -> None:
    for section in sections:
        show_section(console, section)
    if has_login:
        address = settings.PAIRWELL["BASE_URL"]
        console.print(f"make serve shows it all at {address} (login: demo, password: demo).")


def _check_preview() -> None:
    if settings.PAIRWELL["TRANSPORT"] != "preview":
        raise CommandError("The demo's people are made up: unset PAIRWELL_TRANSPORT to keep mail here.")


def _choose_calendar(retail: Retail, options: dict[str, Any]) -> Calendar:
    last_day = retail.orders[-1].time.date()
    try:
        return choose_calendar(
            last_day, now=timezone.now(), until=options["until"], live_days=options["days"]
        )
    except DateError as error:
        raise CommandError(str(error)) from None


def _describe_history(loaded: Loaded) -> Section:
    rows = [
        ("Products", f"{loaded.products:,}"),
        ("Customers", f"{loaded.customers:,}"),
        ("  of them wholesalers", f"{loaded.wholesalers:,}"),
        ("Orders", f"{loaded.orders:,}"),
        ("  of them by guests", f"{loaded.guest_orders:,}"),
        ("Order lines", f"{loaded.lines:,}"),
        ("Refunds", f"{loaded.refunds:,}"),
        ("Consent entries (derived)", f"{loaded.consents:,}"),
    ]
    return Section("History of the gift shop (UCI Online Retail, CC BY 4.0)", ("What", "Count"), rows)


def _describe_odd_data(retail: Retail, loaded: Loaded, told: Told) -> Section:
    counts = dict(retail.counts)
    counts["orders too large for one event, loaded as facts"] = loaded.large_orders
    words = {
        "carts ordered": "real orders given a cart before them (derived)",
        "carts later": "real orders moved behind an abandoned cart (derived)",
        "carts abandoned": "real orders withheld, only their cart left (derived)",
        "refunds of withheld orders": "refunds of withheld orders, dropped",
    }
    counts |= {text: told.derived[key] for key, text in words.items()}
    return figures.count_section("Odd data, and what was derived", "What", counts)


def _describe_receipts(lived: Lived) -> Section:
    note = "; ".join(lived.refusals[:MOST_REFUSALS])
    return figures.count_section("Answers to the posted events", "Status", lived.receipts, note)
