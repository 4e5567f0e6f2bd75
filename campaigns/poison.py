"""A batch that can't be prepared: halved until the message at fault is alone, which then waits by itself."""

from datetime import datetime, timedelta

from django.db import transaction

from campaigns.lateness import MAX_LATENESS, read_first_tries, read_starts
from campaigns.models import Message, MessageOutcome, SendBatch
from campaigns.outcomes import Tally, write_exceptions

POISON_DELAY = timedelta(hours=1)


def isolate_poison(batch: SendBatch, error: str, now: datetime) -> Tally:
    """Halves a batch that can't be prepared, until the message at fault is alone.

    So one poisoned message holds up none of the other 499 for long. It is tried again every hour until
    it is too late for it to make sense, because the fault may be ours and be mended.
    """
    with transaction.atomic():
        won = SendBatch.objects.filter(pk=batch.pk, fence=batch.fence, state=SendBatch.State.LEASED).update(
            state=SendBatch.State.DONE, finished_at=now
        )
        messages = list(batch.messages.filter(is_closed=False).order_by("pk")) if won else []
        if len(messages) == 1:
            row = _put_off(messages[0], error, now)
            write_exceptions([row])
            return Tally(deferred=int(row.until is not None), skipped=int(row.until is None), batches=1)
        half = len(messages) // 2
        for part in filter(None, (messages[:half], messages[half:])):
            again = SendBatch.objects.create(
                campaign=batch.campaign,
                priority=batch.priority,
                due_at=now,
                reason=batch.reason,
                limited_until=batch.limited_until,
            )
            Message.objects.filter(pk__in=[m.pk for m in part]).update(batch=again)
    return Tally(batches=1)


def _put_off(message: Message, error: str, now: datetime) -> MessageOutcome:
    row = MessageOutcome(message=message, reason="error", detail=error, at=now)
    row.kind, row.until = MessageOutcome.Kind.DEFERRED, now + POISON_DELAY
    tried_since = read_first_tries([message]).get(message.pk, now)
    if now - min(tried_since, read_starts([message], now)[message.pk]) > MAX_LATENESS:
        row.kind, row.until = MessageOutcome.Kind.SKIPPED, None
    return row
