"""What the three import commands share: options, progress, and the account at the end."""

import csv
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.progress import Progress

from shop.importing.mapping import (
    FieldSet,
    MappingError,
    RowReader,
    map_columns,
    read_mapping_file,
    read_pairs,
)
from shop.importing.reading import Row, Table, TableError, open_table
from shop.importing.running import Refusal, Report, Sourced, run_import

_FORMULA = re.compile(r"[=+\-@\t\r]")


class ImportCommand(BaseCommand):
    fields: FieldSet
    can_make_events = False

    def find(self, rows: Iterable[Row], reader: RowReader, *, now: datetime) -> Iterator[Sourced | Refusal]:
        raise NotImplementedError

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="CSV or Parquet, told by its first bytes")
        parser.add_argument(
            "--map", action="append", default=[], metavar="COLUMN=FIELD", help=self.fields.listed()
        )
        parser.add_argument(
            "--set", action="append", default=[], metavar="FIELD=VALUE", help="The same in every row"
        )
        parser.add_argument(
            "--mapping", type=Path, metavar="FILE", help="TOML or JSON with tables 'map' and 'set'"
        )
        parser.add_argument("--refused", type=Path, metavar="FILE.csv", help="Write every refusal there")
        parser.add_argument("--dry-run", action="store_true", help="Check everything, write nothing")
        parser.add_argument("--encoding", default="", help="Of a CSV file that is not UTF-8: cp1256, cp1255…")
        parser.add_argument(
            "--delimiter", default="", help="Of a CSV file; found from the header unless given"
        )
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
                options["file"], encoding=options["encoding"], delimiter=_delimiter(options["delimiter"])
            )
            reader = self._reader(table, options)
            report = self._run(table, reader, options)
        except (TableError, MappingError) as error:
            raise CommandError(str(error)) from error
        self._tell(report, dry_run=options["dry_run"])

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
            report = Report(_refusal_writer(options["refused"], stack))
            progress = stack.enter_context(Progress(disable=not sys.stderr.isatty()))
            found = self.find(_with_progress(table, progress), reader, now=now)
            as_events = options.get("as_events", False)
            run_import(found, report=report, now=now, as_events=as_events, dry_run=options["dry_run"])
        return report

    def _tell(self, report: Report, *, dry_run: bool) -> None:
        done = "would be written (dry run)" if dry_run else "written"
        self.stdout.write(f"{report.rows} rows read, {report.written} {done}, {report.refused} refused.")
        for (column, message, hint), count in report.reasons.most_common(20):
            self.stdout.write(f"{count:>8} × {column or 'row'}: {message} {hint}")


def _delimiter(given: str) -> str:
    delimiter = "\t" if given == "\\t" else given
    if len(delimiter) > 1:
        raise TableError(
            f"The delimiter {given} has {len(delimiter)} characters; give one, or \\t for a tab."
        )
    return delimiter


def _with_progress(table: Table, progress: Progress) -> Iterator[Row]:
    task = progress.add_task("Importing", total=1.0)
    for count, row in enumerate(table.rows()):
        if count % 1000 == 0:
            progress.update(task, completed=table.share_read())
        yield row
    progress.update(task, completed=1.0)


def _refusal_writer(path: Path | None, stack: ExitStack) -> Any:
    if path is None:
        return lambda _: None
    writer = csv.writer(stack.enter_context(path.open("w", encoding="utf-8-sig", newline="")))
    writer.writerow(["row", "column", "message", "hint"])
    return lambda refusal: writer.writerow(
        [refusal.row, *map(_as_text, (refusal.column, refusal.message, refusal.hint))]
    )


def _as_text(cell: str) -> str:
    """A spreadsheet must not take words from the file for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell
