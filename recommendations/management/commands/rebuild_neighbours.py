"""Rebuild what goes with what from the orders so far."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from recommendations.building import rebuild_neighbours


class Command(BaseCommand):
    help = "Count which products are bought together and put the new tables into use."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--as-of", help="learn from orders up to this ISO 8601 time instead of now (UTC)")

    def handle(self, *_args: Any, **options: Any) -> None:
        now = _read_time(options["as_of"]) if options["as_of"] else timezone.now()
        model = rebuild_neighbours(now, report=self.stdout.write)
        for name, figure in model.notes["counts"].items():
            self.stdout.write(f"  {name:12} {figure:>9,}")


def _read_time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"--as-of {text!r} is no ISO 8601 time; write for example 2026-05-01.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
