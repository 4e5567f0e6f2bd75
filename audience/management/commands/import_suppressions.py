"""Addresses that get no more mail, from a file of another system."""

from contextlib import ExitStack
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from audience.models import Suppression
from audience.suppression_files import FileRules, find_columns, import_suppressions, read_rows
from shop.importing.reading import Table, TableError, open_table
from shop.importing.reporting import (
    add_table_arguments,
    open_refusals,
    read_delimiter,
    sum_up,
    with_progress,
)
from shop.importing.running import Report


class Command(BaseCommand):
    help = "Adds addresses to the suppression list. Columns: email, and if known scope, reason, created_at."

    def add_arguments(self, parser: CommandParser) -> None:
        add_table_arguments(parser)
        parser.add_argument(
            "--scope", choices=Suppression.Scope.values, default="", help="Where the file has no such column"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            delimiter = read_delimiter(options["delimiter"])
            table = open_table(options["file"], encoding=options["encoding"], delimiter=delimiter)
            report = self._run(table, options)
        except TableError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(sum_up(report, dry_run=options["dry_run"]))

    def _run(self, table: Table, options: dict[str, Any]) -> Report:
        columns = find_columns(table.columns, scope=options["scope"])
        with ExitStack() as stack:
            report = Report(open_refusals(options["refused"], stack))
            rules = FileRules(options["scope"], timezone.now())
            found = read_rows(with_progress(table, stack), columns, rules)
            import_suppressions(found, report=report, dry_run=options["dry_run"])
        return report
