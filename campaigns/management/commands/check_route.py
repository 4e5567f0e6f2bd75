from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from campaigns.route_checks import check_route
from campaigns.transports import build_current_transport
from delivery.configuration import ConfigurationError

_PREVIEW = (
    "The preview inbox keeps every email here, and nothing leaves: there is no way out to check. To send, "
    "set PAIRWELL_TRANSPORT to smtp, sendgrid or anymail with its settings (docs/settings.md), and ask again."
)


class Command(BaseCommand):
    help = (
        "Whether the configured transport would take our mail: its server or provider is asked, and nothing "
        "is sent. Ends with 1 where something is wrong."
    )

    def handle(self, **_: Any) -> None:
        try:
            transport = build_current_transport()
            problems = check_route(transport, timezone.now())
        except (ConfigurationError, ValueError) as error:
            raise CommandError(str(error)) from error
        for problem in problems:
            self.stdout.write(f"{problem.field}: {problem.message}")
        if problems:
            raise SystemExit(1)
        if transport.name == "preview":
            self.stdout.write(_PREVIEW)
            return
        self.stdout.write(f"{transport.name} would take our mail. Nothing was sent.")
