"""What nobody can know: a worker died, or a provider fell silent, after the bytes may have left.

First we ask the transport, where it can be asked. Otherwise we wait for the provider's events. What is
still unknown then is never sent again when it is marketing; a transactional email is sent again and
flagged as a possible duplicate, because a lost order confirmation is worse than a second one.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from campaigns.lateness import MAX_LATENESS, read_first_tries
from campaigns.models import Message, MessageEvent, MessageOutcome, SendBatch
from campaigns.outcomes import make_unknown, write_exceptions
from delivery.base import Outcome, OutcomeKind, Transport
from shop.claims import lock_rows

_RESENDS = ("possible_duplicate", "worker_stopped")


def resolve_doubts(now: datetime, transport: Transport) -> int:
    """Settles abandoned batches and unknown outcomes whose waiting time is over.

    Returns how many messages.
    """
    return _settle_abandoned(now, transport) + _settle_unknown(now)


def _settle_abandoned(now: datetime, transport: Transport) -> int:
    with transaction.atomic():
        abandoned = SendBatch.objects.filter(state=SendBatch.State.SUBMITTING, leased_until__lt=now)
        batch = lock_rows(abandoned).first()
        if batch is None:
            return 0
        # The fence rises, so that the worker can't record anything should it wake up after all.
        batch.fence, batch.state, batch.finished_at = batch.fence + 1, SendBatch.State.DONE, now
        batch.save(update_fields=["fence", "state", "finished_at"])
        messages = list(batch.messages.filter(is_closed=False))
        write_exceptions(_judge_abandoned(batch, messages, transport, now))
    return len(messages)


def _judge_abandoned(
    batch: SendBatch, messages: Sequence[Message], transport: Transport, now: datetime
) -> list[MessageOutcome]:
    held = transport.find_accepted([m.id for m in messages])
    if held is None:
        detail = "The worker stopped while handing over."
        return [make_unknown(m, "in_doubt", detail, now) for m in messages]
    lost = [m for m in messages if m.id not in held]
    tries, tried_at = read_first_tries(lost), batch.submitted_at or now
    return [_make_resend(m, "worker_stopped", now, tried_at=tries.get(m.id, tried_at)) for m in lost]


def _settle_unknown(now: datetime) -> int:
    with transaction.atomic():
        waiting = MessageOutcome.objects.filter(kind=MessageOutcome.Kind.UNKNOWN, until__lte=now)
        rows = list(
            lock_rows(waiting).select_related("message__step__campaign")[: settings.PAIRWELL["BATCH_SIZE"]]
        )
        messages = [row.message for row in rows]
        seen = set(MessageEvent.objects.filter(message__in=messages).values_list("message", flat=True))
        tries = read_first_tries(messages)
        verdicts = [_judge_unknown(m, now, has_events=m.id in seen, tried_at=tries[m.id]) for m in messages]
        write_exceptions([verdict for verdict in verdicts if verdict])
        MessageOutcome.objects.filter(pk__in=[row.pk for row in rows]).update(until=None)
    return len(rows)


def _judge_unknown(
    message: Message, now: datetime, *, has_events: bool, tried_at: datetime
) -> MessageOutcome | None:
    """Accepted when the provider spoke of it, sent again when transactional, else unknown for good."""
    if has_events:
        return _make_accepted(message, now)
    if not message.step.campaign.resends_doubtful:
        return None
    return _make_resend(message, "possible_duplicate", now, tried_at=tried_at)


def _make_resend(message: Message, reason: str, now: datetime, *, tried_at: datetime) -> MessageOutcome:
    """Counted from the first try: how long it had waited before, for a limit or a pause, does not matter."""
    if now - tried_at > MAX_LATENESS:
        kind = MessageOutcome.Kind.REJECTED
        return MessageOutcome(message=message, kind=kind, reason="expired", detail=reason, at=now)
    kind = MessageOutcome.Kind.DEFERRED
    return MessageOutcome(message=message, kind=kind, reason=reason, until=now, at=now)


def settle_seen(messages: Iterable[Message], now: datetime) -> None:
    """Turns unknown outcomes into accepted ones, however late the provider spoke of the messages."""
    unknown = Message.objects.with_status().filter(
        pk__in=[m.pk for m in messages], is_closed=True, status=MessageOutcome.Kind.UNKNOWN
    )
    rows = [_make_accepted(message, now) for message in unknown]
    write_exceptions(rows)
    settled = MessageOutcome.objects.filter(message__in=[row.message for row in rows])
    settled.filter(kind=MessageOutcome.Kind.UNKNOWN).update(until=None)


def settle_late(messages: Sequence[Message], outcomes: Sequence[Outcome], now: datetime) -> int:
    """What a worker learnt whose batch was taken over while it handed over: evidence, where it is certain.

    An acceptance ends the doubt, and the second try of an email that still waits for it. Nothing else
    changes: whoever took the batch over has decided. Returns how many messages were settled.
    """
    taken = [m.pk for m, o in zip(messages, outcomes, strict=True) if o.kind == OutcomeKind.ACCEPTED]
    with transaction.atomic():
        open_or_lost = Message.objects.with_status().filter(pk__in=taken)
        doubtful = Q(is_closed=True, status=MessageOutcome.Kind.UNKNOWN)
        waiting = Q(is_closed=False, batch=None, reason__in=_RESENDS)
        ids = list(open_or_lost.filter(doubtful | waiting).values_list("pk", flat=True))
        rows = [
            _make_accepted(message, now, "late_receipt")
            for message in lock_rows(Message.objects.filter(pk__in=ids))
        ]
        write_exceptions(rows)
        doubts = MessageOutcome.objects.filter(message__in=ids, kind=MessageOutcome.Kind.UNKNOWN)
        doubts.update(until=None)
    return len(rows)


def _make_accepted(message: Message, now: datetime, reason: str = "seen_by_provider") -> MessageOutcome:
    kind = MessageOutcome.Kind.ACCEPTED
    return MessageOutcome(message=message, kind=kind, reason=reason, at=now)
