"""The suppression list as a file, for another installation with the same link key, or for a look."""

import csv
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audience.suppression_files import list_rows


class Command(BaseCommand):
    help = "Writes the suppression list as CSV: keyed hashes, no addresses. import_suppressions reads it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *, file: Path, **_: Any) -> None:
        try:
            with file.open("x", encoding="utf-8-sig", newline="") as out:
                writer = csv.writer(out)
                count = -1  # the header is no suppression
                for row in list_rows():
                    writer.writerow(row)
                    count += 1
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}. Name a new file in an existing folder.") from error
        self.stdout.write(f"{count} suppressions written to {file}.")
