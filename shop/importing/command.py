"""What the three import commands share: options, progress, and the account at the end."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from shop.importing.mapping import (
    FieldSet,
    MappingError,
    RowReader,
    map_columns,
    read_mapping_file,
    read_pairs,
)
from shop.importing.reading import Row, Table, TableError, open_table
from shop.importing.reporting import (
    add_table_arguments,
    open_refusals,
    read_delimiter,
    sum_up,
    with_progress,
)
from shop.importing.running import Refusal, Report, Sourced, run_import


class ImportCommand(BaseCommand):
    fields: FieldSet
    can_make_events = False

    def find(self, rows: Iterable[Row], reader: RowReader, *, now: datetime) -> Iterator[Sourced | Refusal]:
        raise NotImplementedError

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--map", action="append", default=[], metavar="COLUMN=FIELD", help=self.fields.listed()
        )
        parser.add_argument(
            "--set", action="append", default=[], metavar="FIELD=VALUE", help="The same in every row"
        )
        parser.add_argument(
            "--mapping", type=Path, metavar="FILE", help="TOML or JSON with tables 'map' and 'set'"
        )
        add_table_arguments(parser)
        zone = settings.PAIRWELL["TIMEZONE"]
        parser.add_argument(
            "--timezone", default=zone, help=f"Of times without an offset; {zone} unless given"
        )
        parser.add_argument("--time-format", default="", help="As in strptime: %%d/%%m/%%Y %%H:%%M")
        if self.can_make_events:
            parser.add_argument("--as-events", action="store_true", help="Record events, which wake triggers")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            table = open_table(
                options["file"], encoding=options["encoding"], delimiter=read_delimiter(options["delimiter"])
            )
            reader = self._reader(table, options)
            report = self._run(table, reader, options)
        except (TableError, MappingError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(sum_up(report, dry_run=options["dry_run"]))

    def _reader(self, table: Table, options: dict[str, Any]) -> RowReader:
        in_file = read_mapping_file(options["mapping"]) if options["mapping"] else ({}, {})
        given = {**in_file[0], **read_pairs(options["map"], "--map")}
        constants = {**in_file[1], **read_pairs(options["set"], "--set")}
        if options["timezone"] not in available_timezones():
            raise MappingError(f"{options['timezone']} is not a time zone; write the IANA name: Asia/Tehran.")
        columns = map_columns(self.fields, table.columns, given=given, constants=constants)
        return RowReader(
            self.fields, columns, constants, ZoneInfo(options["timezone"]), options["time_format"]
        )

    def _run(self, table: Table, reader: RowReader, options: dict[str, Any]) -> Report:
        now = timezone.now()
        with ExitStack() as stack:
            report = Report(open_refusals(options["refused"], stack))
            found = self.find(with_progress(table, stack), reader, now=now)
            as_events = options.get("as_events", False)
            run_import(found, report=report, now=now, as_events=as_events, dry_run=options["dry_run"])
        return report
