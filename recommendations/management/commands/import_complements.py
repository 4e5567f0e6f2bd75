"""Import what goes with what, as people of the shop say it."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from recommendations.complement_files import COLUMNS, Refusal, import_complements
from shop.importing.reading import TableError

MOST_PRINTED = 20


class Command(BaseCommand):
    help = f"Import complement rules from CSV or Parquet with the columns {', '.join(COLUMNS)}."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="check every row and write nothing")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            imported = import_complements(options["file"], is_dry_run=options["dry_run"])
        except TableError as error:
            raise CommandError(str(error)) from error
        for refusal in imported.refusals[:MOST_PRINTED]:
            self.stderr.write(describe_refusal(refusal))
        done = "would be" if options["dry_run"] else "are"
        self.stdout.write(
            f"{imported.created} rules {done} new, {imported.updated} {done} known, "
            f"{len(imported.refusals)} rows {done} refused."
        )
        if imported.refusals and not imported.created + imported.updated:
            raise CommandError("No row could be taken.")


def describe_refusal(refusal: Refusal) -> str:
    """One line: where, what, how to mend it."""
    column = f", {refusal.column}" if refusal.column else ""
    return f"Row {refusal.row}{column}: {refusal.message} {refusal.hint}"
