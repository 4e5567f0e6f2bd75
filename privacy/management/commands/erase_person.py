from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from privacy.erasure import erase_person
from privacy.people import PersonNotFoundError, find_person


class Command(BaseCommand):
    help = "Erases one person: queued mail goes, every table is scrubbed, a keyed hash keeps their no."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("person", help="an email address, or the shop's id of a customer")
        parser.add_argument("--yes", action="store_true", help="do not ask; it can't be undone")

    def handle(self, *, person: str, yes: bool, **_: Any) -> None:
        try:
            found = find_person(person)
        except PersonNotFoundError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{len(found.customers)} customers, {len(found.addresses)} addresses.")
        if not yes and input("Erase them for good? Write yes: ").strip().lower() != "yes":
            raise CommandError("Nothing was erased.")
        erased = erase_person(found, timezone.now())
        self.stdout.write(
            f"Erased: {erased.customers} customers, {erased.queued_messages} queued messages, "
            f"{erased.sent_messages} sent messages scrubbed. The addresses get no mail any more."
        )
