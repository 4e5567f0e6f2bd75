"""What a bounce means for the address and for the campaign: one table, by the provider's class."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db.models import Count

from audience.consent import suppress
from audience.models import Suppression
from campaigns.alerts import name_campaign, raise_alert
from campaigns.models import Campaign, Message, MessageEvent
from delivery.base import DeliveryEvent
from shop.models import Customer

Kind = MessageEvent.Kind


class Action(StrEnum):
    SUPPRESS = "suppress"  # the address is dead: no more mail of any kind
    COUNT = "count"  # a full mailbox or a bad day; many in a row mean that nobody is there
    ALARM = "alarm"  # our words or our name, not the address: somebody has to look


POLICY = {
    "invalid_address": Action.SUPPRESS,
    "mailbox_unavailable": Action.COUNT,
    "technical": Action.COUNT,
    "frequency": Action.COUNT,
    "content": Action.ALARM,
    "reputation": Action.ALARM,
    "unclassified": Action.COUNT,
}
SOFT_MOST = 5  # different emails in SOFT_DAYS that bounced, with none delivered in between
SOFT_DAYS = timedelta(days=30)
ALARMS_FEWEST = 3
ALARM_DAYS = timedelta(days=7)


def act_on_bounces(events: Iterable[DeliveryEvent], messages: Mapping[UUID, Message], now: datetime) -> None:
    """Counts soft bounces against their addresses, and raises the alarm for campaigns. Stored events only."""
    soft, alarming = set[int](), set[int]()
    for event in events:
        message = messages.get(event.delivery_id) if event.delivery_id else None
        if message is None or event.is_permanent or event.kind not in (Kind.BOUNCED, Kind.BLOCKED):
            continue
        if POLICY.get(event.bounce_class, Action.COUNT) == Action.ALARM:
            alarming.add(message.step.campaign_id)
        else:
            soft.add(message.customer_id)
    _suppress_unreachable(soft, now)
    _raise_alarms(alarming, now)


def _suppress_unreachable(customers: Collection[int], now: datetime) -> None:
    if not customers:
        return
    recent = MessageEvent.objects.filter(message__customer__in=customers, occurred_at__gt=now - SOFT_DAYS)
    reached = recent.filter(kind=Kind.DELIVERED).values("message__customer")
    bounced = (
        recent.filter(kind__in=[Kind.BOUNCED, Kind.BLOCKED])
        .values_list("message__customer")
        .annotate(emails=Count("message", distinct=True))
        .filter(emails__gte=SOFT_MOST)
    )
    lost = [customer for customer, _emails in bounced.exclude(message__customer__in=reached)]
    for email in Customer.objects.filter(pk__in=lost).exclude(email="").values_list("email", flat=True):
        suppress(
            email,
            scope=Suppression.Scope.ALL,
            reason=Suppression.Reason.BOUNCED,
            detail=f"{SOFT_MOST} emails in a row were not taken.",
            now=now,
        )


def _raise_alarms(campaigns: Collection[int], now: datetime) -> None:
    for campaign in Campaign.objects.filter(pk__in=campaigns):
        blamed = MessageEvent.objects.filter(
            message__step__campaign=campaign,
            kind__in=[Kind.BOUNCED, Kind.BLOCKED],
            detail__bounce_class__in=[name for name, action in POLICY.items() if action == Action.ALARM],
            occurred_at__gt=now - ALARM_DAYS,
        )
        count = blamed.count()
        if count >= ALARMS_FEWEST:
            figures = {"count": count, "days": ALARM_DAYS.days}
            raise_alert("content_bounces", name_campaign(campaign), now=now, figures=figures)
