"""Pause, resume and cancel: one campaign, one route, or everything, at any moment.

A pause holds back and loses nothing. Cancelling ends what waits, with the reason, for good; what is being
handed over at that moment leaves.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from campaigns.alerts import name_campaign, resolve_alerts
from campaigns.models import Campaign, Message, MessageOutcome, Route, SendBatch, SendingDay, Step

BY_HAND = "by_hand"
CANCELLED = "cancelled_by_hand"


def pause_campaign(
    campaign: Campaign, now: datetime, *, reason: str = BY_HAND, figures: Mapping[str, object] | None = None
) -> bool:
    """Whether it was live. The reason and the figures are a breaker's, when no person paused it."""
    live = Campaign.objects.filter(pk=campaign.pk, status=Campaign.Status.LIVE)
    return bool(
        live.update(
            status=Campaign.Status.PAUSED,
            pause_reason=reason,
            pause_figures=dict(figures or {}),
            paused_at=now,
        )
    )


def resume_campaign(campaign: Campaign, now: datetime) -> bool:
    """Whether it was paused. Its breakers count anew: what stopped it would stop it again at once."""
    with transaction.atomic():
        paused = Campaign.objects.filter(pk=campaign.pk, status=Campaign.Status.PAUSED)
        won = paused.update(
            status=Campaign.Status.LIVE, pause_reason="", pause_figures={}, paused_at=None, judged_from=now
        )
        if won:
            SendingDay.objects.filter(campaign=campaign).delete()
            resolve_alerts(name_campaign(campaign), now)
    return bool(won)


def pause_route(name: str, now: datetime) -> bool:
    """Whether it was open. `Route.EVERYTHING` stops all mail."""
    Route.objects.bulk_create([Route(name=name)], ignore_conflicts=True)
    return bool(Route.objects.filter(name=name, paused_at=None).update(paused_at=now))


def resume_route(name: str) -> bool:
    """Whether it was paused. A breaker that is open stays so until its probe succeeds."""
    return bool(Route.objects.filter(name=name, paused_at__isnull=False).update(paused_at=None))


def cancel_waiting(now: datetime, campaign: Campaign | None = None) -> int:
    """Ends every message that waits, of the campaign or of all; returns how many.

    The batches are marked, not the messages: a broadcast to a million costs a few statements. A worker
    that holds one of the batches loses it, because its state is no longer what it was.
    """
    mine = Q(campaign=campaign) if campaign else Q()
    with transaction.atomic():
        # First those alone: whoever gathers them meanwhile has made a batch that the second step finds.
        for one in [campaign] if campaign else Campaign.objects.order_by("pk"):
            _cancel_alone(one, now)
        waiting = SendBatch.objects.filter(mine, state__in=SendBatch.UNSUBMITTED)
        waiting.update(state=SendBatch.State.CANCELLED, reason=CANCELLED, finished_at=now)
        ended = SendBatch.objects.filter(mine, state=SendBatch.State.CANCELLED, finished_at=now)
        _end_doubtful(ended, now)
        return Message.objects.filter(batch__in=ended, is_closed=False).count()


def _end_doubtful(cancelled: QuerySet[SendBatch], now: datetime) -> None:
    """What may have left before, and waited to leave again, is not called unsent."""
    unknown = MessageOutcome.Kind.UNKNOWN
    waiting = Message.objects.filter(batch__in=cancelled, is_closed=False, outcomes__kind=unknown)
    doubtful = set(waiting.values_list("pk", flat=True))
    MessageOutcome.objects.bulk_create(
        MessageOutcome(message_id=pk, kind=unknown, reason=CANCELLED, at=now) for pk in doubtful
    )
    Message.objects.filter(pk__in=doubtful).update(is_closed=True)


def _cancel_alone(campaign: Campaign, now: datetime) -> None:
    steps = Step.objects.filter(campaign=campaign).values("pk")  # no join: see campaigns.leasing.lease_batch
    alone = Message.objects.filter(batch=None, is_closed=False, step__in=steps)
    if alone.exists():
        batch = SendBatch.objects.create(
            campaign=campaign,
            state=SendBatch.State.CANCELLED,
            reason=CANCELLED,
            due_at=now,
            finished_at=now,
        )
        alone.update(batch=batch)
