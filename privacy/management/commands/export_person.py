from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from privacy.export import export_person
from privacy.people import PersonNotFoundError, find_person


class Command(BaseCommand):
    help = "Writes everything that is held on one person as JSON, to a file or to the terminal."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("person", help="an email address, or the shop's id of a customer")
        parser.add_argument("--out", type=Path, help="a file; readable by its owner alone")

    def handle(self, *, person: str, out: Path | None, **_: Any) -> None:
        try:
            document = export_person(find_person(person), timezone.now())
        except PersonNotFoundError as error:
            raise CommandError(str(error)) from error
        if out:
            out.touch(mode=0o600)
            out.write_text(document, encoding="utf-8")
        else:
            self.stdout.write(document)
