"""Campaigns and triggers for tests: what a shop would set up, with the least that a test needs."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from campaigns.models import Campaign, EmailTemplate, Message, Step
from triggers.models import Trigger

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_numbers = count(1)


def make_campaign(
    *, marketing: bool = False, template: str = "order_confirmation", **fields: Any
) -> Campaign:
    """A live campaign with one step, whose template is only named, not published."""
    number = next(_numbers)
    message_class = Campaign.MessageClass.MARKETING if marketing else Campaign.MessageClass.TRANSACTIONAL
    campaign = Campaign.objects.create(
        **{"key": f"campaign{number}", "name": f"Campaign {number}", "message_class": message_class, **fields}
    )
    add_step(campaign, template=template)
    return campaign


def add_step(campaign: Campaign, *, template: str = "order_confirmation", **fields: Any) -> Step:
    email, _ = EmailTemplate.objects.get_or_create(key=template, defaults={"name": template})
    position = campaign.steps.count()
    return Step.objects.create(**{"campaign": campaign, "position": position, "template": email, **fields})


def make_trigger(kind: str, *, campaign: Campaign | None = None, **fields: Any) -> Trigger:
    number = next(_numbers)
    defaults = {"key": f"trigger{number}", "name": f"Trigger {number}", "active_from": LONG_AGO}
    return Trigger.objects.create(
        **{**defaults, "kind": kind, "campaign": campaign or make_campaign(), **fields}
    )


def read_statuses() -> list[str]:
    """The status of every message, oldest first."""
    return list(Message.objects.with_status().order_by("queued_at", "pk").values_list("status", flat=True))
