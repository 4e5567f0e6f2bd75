"""The first flows of a new shop."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from triggers.standard_flows import create_flows


class Command(BaseCommand):
    help = "Creates the standard flows that are missing: order confirmation, abandoned cart, follow-up."

    def handle(self, **_: Any) -> None:
        created = create_flows(timezone.now())
        for trigger in created:
            self.stdout.write(f"Created: {trigger.campaign} ({trigger}). It counts from now on.")
        if not created:
            self.stdout.write("All standard flows exist; nothing was changed.")
