"""What a transport answered, written down: the batch says "accepted" for all, exceptions get rows."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from campaigns.breakers import ROUTE_PAUSE
from campaigns.lateness import WAITS_OF_OURS
from campaigns.models import Campaign, Message, MessageOutcome, SendBatch
from campaigns.reputation import count_day
from delivery.base import Outcome, OutcomeKind
from delivery.failpoints import reach

# After this long, from the first try on, a retry is pointless: a confirmation of yesterday is worth sending.
GIVE_UP_AFTER = {
    Campaign.MessageClass.TRANSACTIONAL: timedelta(hours=72),
    Campaign.MessageClass.LEGAL: timedelta(hours=72),
    Campaign.MessageClass.MARKETING: timedelta(hours=24),
}
ROUTE_DOWN = "route_down"
# Our night, our route, our error or our worker: none of them says that the other end won't take it.
_PUT_OFF_BY_US = (*WAITS_OF_OURS, ROUTE_DOWN, "error", "worker_stopped")
_UNSENT = (MessageOutcome.Kind.SKIPPED, MessageOutcome.Kind.HELD_OUT, MessageOutcome.Kind.REJECTED)


@dataclass
class Tally:
    """How many messages ended how in one call, and in how many batches."""

    accepted: int = 0
    skipped: int = 0
    held_out: int = 0
    deferred: int = 0
    rejected: int = 0
    unknown: int = 0
    batches: int = field(default=0, compare=False)
    handed_over: int = field(default=0, compare=False)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


def record_outcomes(
    batch: SendBatch, messages: Sequence[Message], outcomes: Sequence[Outcome], now: datetime
) -> Tally:
    """Writes one outcome a message, unless the batch was taken over meanwhile (the fence decides)."""
    pairs = list(zip(messages, outcomes, strict=True))
    with transaction.atomic():
        won = SendBatch.objects.filter(
            pk=batch.pk, fence=batch.fence, state=SendBatch.State.SUBMITTING
        ).update(state=SendBatch.State.DONE, finished_at=now)
        if not won:
            return Tally(handed_over=len(pairs)) if _is_recorded(batch, now) else Tally()
        late = _find_late(pairs, batch.campaign, now)
        rows = [row for m, o in pairs if (row := _make_row(m, o, now, is_late=m.pk in late))]
        write_exceptions(rows)
        count_day(batch.campaign_id, now, handed_over=_count_left(pairs))
        reach("before_commit")
    reach("after_commit")
    return Tally(accepted=len(pairs) - len(rows), handed_over=len(pairs)) + count_kinds(
        row.kind for row in rows
    )


def _is_recorded(batch: SendBatch, now: datetime) -> bool:
    """Whether these very outcomes were recorded before, and only the database's answer was lost."""
    same = SendBatch.objects.filter(pk=batch.pk, fence=batch.fence, state=SendBatch.State.DONE)
    return same.filter(finished_at=now).exists()


def _count_left(pairs: Iterable[tuple[Message, Outcome]]) -> int:
    return sum(outcome.kind in (OutcomeKind.ACCEPTED, OutcomeKind.UNKNOWN) for _message, outcome in pairs)


def count_kinds(kinds: Iterable[str]) -> Tally:
    """How many of each kind of outcome; a tally's fields bear the names of the kinds."""
    return Tally(**Counter(str(kind) for kind in kinds))


def write_exceptions(rows: Sequence[MessageOutcome]) -> None:
    """Writes outcome rows; the deferred go back to wait outside a batch, all others are closed.

    What may have left before stays unknown, whatever keeps it from leaving again: it is not called unsent.
    """
    _keep_doubts(rows)
    MessageOutcome.objects.bulk_create(rows)
    deferred = [r.message for r in rows if r.kind == MessageOutcome.Kind.DEFERRED]
    for row in rows:
        if row.kind == MessageOutcome.Kind.DEFERRED:
            row.message.batch, row.message.due_at, row.message.is_closed = None, row.until or row.at, False
    Message.objects.bulk_update(deferred, ["batch", "due_at", "is_closed"])
    closed = [r.message_id for r in rows if r.kind != MessageOutcome.Kind.DEFERRED]
    Message.objects.filter(pk__in=closed).update(is_closed=True)


def _keep_doubts(rows: Iterable[MessageOutcome]) -> None:
    unsent = {row.message_id: row for row in rows if row.kind in _UNSENT}
    if unsent:
        doubts = MessageOutcome.objects.filter(message__in=unsent, kind=MessageOutcome.Kind.UNKNOWN)
        for pk in doubts.values_list("message", flat=True):
            unsent[pk].kind = MessageOutcome.Kind.UNKNOWN


def make_unknown(message: Message, reason: str, detail: str, now: datetime) -> MessageOutcome:
    """An outcome that nobody can know yet, to be looked at again when events had time to come."""
    until = now + timedelta(minutes=settings.PAIRWELL["DOUBT_MINUTES"])
    kind = MessageOutcome.Kind.UNKNOWN
    return MessageOutcome(message=message, kind=kind, reason=reason, detail=detail, until=until, at=now)


def _make_row(message: Message, outcome: Outcome, now: datetime, *, is_late: bool) -> MessageOutcome | None:
    reason, detail = outcome.reason[:40], outcome.detail[:255]
    if outcome.kind == OutcomeKind.ACCEPTED:
        return None
    if outcome.kind == OutcomeKind.UNKNOWN:
        return make_unknown(message, reason or "unknown", detail, now)
    row = MessageOutcome(
        message=message, kind=MessageOutcome.Kind.REJECTED, reason=reason, detail=detail, at=now
    )
    if outcome.kind == OutcomeKind.REJECTED:
        return row
    if outcome.kind == OutcomeKind.ROUTE_DOWN:  # it is judged again when the route is open
        row.reason, row.detail = ROUTE_DOWN, f"{reason}: {detail}".strip(": ")[:255]
    elif is_late:
        row.reason, row.detail = "expired", f"Gave up after: {reason} {detail}"[:255]
        return row
    row.kind, row.until = MessageOutcome.Kind.DEFERRED, _next_try(message, outcome, now)
    return row


def _find_late(pairs: Iterable[tuple[Message, Outcome]], campaign: Campaign, now: datetime) -> set[UUID]:
    """Those that were first put off too long ago. What waited for us before (a pause, a limit, a night) does
    not count, or one busy answer would lose it. One query, and none while nothing is old.
    """
    since = now - GIVE_UP_AFTER[Campaign.MessageClass(campaign.message_class)]
    old = [m.pk for m, o in pairs if o.kind == OutcomeKind.RETRY and m.queued_at < since]
    if not old:
        return set()
    tries = MessageOutcome.objects.filter(message__in=old, kind=MessageOutcome.Kind.DEFERRED, at__lt=since)
    return set(tries.exclude(reason__in=_PUT_OFF_BY_US).values_list("message", flat=True))


def _next_try(message: Message, outcome: Outcome, now: datetime) -> datetime:
    """When the provider says, after a pause when the route is down, else twice the age of the message."""
    if outcome.kind == OutcomeKind.ROUTE_DOWN:
        return now + ROUTE_PAUSE
    age = max(now - message.queued_at, timedelta(minutes=1))
    at = outcome.retry_at or now + min(age, timedelta(hours=4))
    # The provider's hint was counted from the start of a hand-over that may have taken minutes.
    return max(at, now + timedelta(minutes=1))
