"""Since when an email waits, and when it is too late for it: what we hold back ourselves does not count."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Max, Min, Q

from campaigns.models import Message, MessageOutcome, SendBatch, Trial

# A confirmation of last week's order only confuses. The wait of a flow, or for a leader, does not count.
MAX_LATENESS = timedelta(hours=72)
# Waits that we impose: the night, and what is looked at again because it changed at the last moment.
WAITS_OF_OURS = ("quiet_hours", "standing_changed", "facts_changed")
_TRIED = (MessageOutcome.Kind.DEFERRED, MessageOutcome.Kind.UNKNOWN)


def read_starts(messages: Sequence[Message], now: datetime) -> dict[UUID, datetime]:
    """Since when each may leave, by id: queued, its trial decided, our own limit or its night over, or, where
    it was tried in time, since the first try. Three queries where something has waited for long, else none.
    """
    starts = {m.id: m.queued_at for m in messages}
    late = [m for m in messages if now - m.queued_at > MAX_LATENESS]
    if late:
        decided, limited, tried = _read_decisions(late), _read_limited(late), _read_waits(late)
        for m in late:
            ends = (decided.get((m.step.campaign_id, m.occurrence)), limited.get(m.batch_id), tried.get(m.id))
            starts[m.id] = max(m.queued_at, *(end for end in ends if end), m.queued_at)
    return starts


def read_first_tries(messages: Collection[Message]) -> dict[UUID, datetime]:
    """When each was first put off or left in doubt for any reason but a wait of ours; one query."""
    tries = MessageOutcome.objects.filter(message__in=messages, kind__in=_TRIED)
    rows = tries.exclude(reason__in=WAITS_OF_OURS).values_list("message").annotate(first=Min("at"))
    return dict(rows)


def _read_decisions(messages: Collection[Message]) -> dict[tuple[int, str], datetime | None]:
    campaigns = {m.step.campaign_id for m in messages}
    trials = Trial.objects.filter(campaign__in=campaigns, decided_at__isnull=False)
    return {(trial.campaign_id, trial.occurrence): trial.decided_at for trial in trials}


def _read_limited(messages: Collection[Message]) -> dict[int | None, datetime | None]:
    batches = SendBatch.objects.filter(pk__in={m.batch_id for m in messages if m.batch_id})
    return dict(batches.values_list("pk", "limited_until"))


def _read_waits(messages: Collection[Message]) -> dict[UUID, datetime]:
    """The end of the last wait of ours, or the first try: in time at that moment, or it had been ended."""
    is_ours = Q(reason__in=WAITS_OF_OURS)
    rows = MessageOutcome.objects.filter(message__in=messages, kind__in=_TRIED).values_list("message")
    ends = rows.annotate(waited=Max("until", filter=is_ours), tried=Min("at", filter=~is_ours))
    return {pk: max(filter(None, (waited, tried))) for pk, waited, tried in ends if waited or tried}
