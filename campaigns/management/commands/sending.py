"""The switches of the dashboard on the command line, for the hour in which the dashboard is not at hand."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from campaigns.models import Alert, Campaign, Route
from campaigns.switches import cancel_waiting, pause_campaign, pause_route, resume_campaign, resume_route

ACTIONS = ("status", "pause", "resume", "cancel")


class Command(BaseCommand):
    help = "Shows, pauses or resumes sending, or cancels what waits: all of it, one route, or one campaign."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=ACTIONS)
        target = parser.add_mutually_exclusive_group()
        target.add_argument("--route", help="A transport's name, such as sendgrid")
        target.add_argument("--campaign", help="A campaign's key")

    def handle(self, *, action: str, route: str | None, campaign: str | None, **_: Any) -> None:
        found = _find_campaign(campaign) if campaign else None
        if action == "status":
            self._show()
        elif action == "cancel":
            self._cancel(found, route)
        elif found:
            self._say(found.name, action, changed=_switch_campaign(found, action))
        else:
            name = route or Route.EVERYTHING
            self._say(name, action, changed=_switch_route(name, action))

    def _say(self, name: str, action: str, *, changed: bool) -> None:
        now = "paused" if action == "pause" else "open"
        self.stdout.write(f"{name} is {now}{'' if changed else ' already'}.")

    def _cancel(self, campaign: Campaign | None, route: str | None) -> None:
        if route:
            raise CommandError("What waits has no route yet: pause the route, or cancel a campaign.")
        self.stdout.write(f"{cancel_waiting(timezone.now(), campaign)} emails were cancelled.")

    def _show(self) -> None:
        for route in Route.objects.order_by("name"):
            state = f"paused since {route.paused_at:%Y-%m-%d %H:%M}" if route.paused_at else route.breaker
            self.stdout.write(f"{route.name}: {state} {route.reason}".rstrip())
        for campaign in Campaign.objects.filter(status=Campaign.Status.PAUSED):
            self.stdout.write(f"campaign {campaign.key}: paused, {campaign.pause_reason or 'by_hand'}")
        for alert in Alert.objects.filter(resolved_at=None):
            self.stdout.write(f"alert {alert.code} ({alert.subject}) since {alert.raised_at:%Y-%m-%d %H:%M}")
        self.stdout.write("That is all that holds mail back.")


def _find_campaign(key: str) -> Campaign:
    try:
        return Campaign.objects.get(key=key)
    except Campaign.DoesNotExist:
        known = ", ".join(Campaign.objects.values_list("key", flat=True)) or "none"
        raise CommandError(f"There is no campaign {key!r}; there are: {known}.") from None


def _switch_campaign(campaign: Campaign, action: str) -> bool:
    now = timezone.now()
    return pause_campaign(campaign, now) if action == "pause" else resume_campaign(campaign, now)


def _switch_route(name: str, action: str) -> bool:
    return pause_route(name, timezone.now()) if action == "pause" else resume_route(name)
