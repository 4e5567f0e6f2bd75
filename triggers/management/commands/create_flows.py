"""The first flows of a new shop, and those that it adds."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from triggers.standard_flows import FLOWS, create_flows


class Command(BaseCommand):
    help = (
        "Creates flows that are missing, by name; without names the standard ones: order confirmation, "
        "abandoned cart, follow-up, and the confirmation of an address."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("flow", nargs="*", help=", ".join(FLOWS))

    def handle(self, *, flow: list[str], **_: Any) -> None:
        if unknown := [name for name in flow if name not in FLOWS]:
            raise CommandError(f"There is no flow {', '.join(unknown)}. There are: {', '.join(FLOWS)}.")
        created = create_flows(timezone.now(), names=flow)
        for trigger in created:
            self.stdout.write(f"Created: {trigger.campaign} ({trigger}). It counts from now on.")
        if not created:
            self.stdout.write("All these flows exist; nothing was changed.")
