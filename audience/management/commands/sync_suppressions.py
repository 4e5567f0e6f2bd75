"""Our suppressions and SendGrid's, brought in step now; the engine does it once a day."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audience.models import ProviderList
from audience.provider import build_provider
from audience.provider_lists import ask_for_all, sync_suppressions
from delivery.configuration import ConfigurationError


class Command(BaseCommand):
    help = "Reads SendGrid's bounces, complaints and unsubscribes, and tells it what the shop suppressed."

    def handle(self, **_: Any) -> None:
        try:
            provider = build_provider()
        except ConfigurationError as error:
            raise CommandError(str(error)) from error
        ask_for_all(timezone.now())
        while sync_suppressions(provider, timezone.now()):
            pass
        rows = list(ProviderList.objects.order_by("pk"))
        for row in rows:
            said = row.problem or f"{row.entries} {'told' if row.name == 'ours' else 'read'}"
            self.stdout.write(f"{row.name:<15} {said}")
        if any(row.problem for row in rows):
            raise CommandError("Not all lists are in step. The engine goes on where this one stopped.")
