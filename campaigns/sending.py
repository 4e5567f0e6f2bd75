"""Sending: lease a batch, prepare it, commit the intent, hand it over, record what came of it.

The order is what makes it safe. The intent is committed before any byte leaves; a worker that dies after
that leaves a batch in `submitting`, which nobody sends again until it is known what happened
(campaigns.recovery). A worker that dies earlier leaves a lease that runs out.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from audience.consent import apply_consent_events
from campaigns.allowances import give_back
from campaigns.eligibility import Defer, Send, Skip
from campaigns.last_check import put_back_changed
from campaigns.leasing import claim_batch, end_of_lease, lease_batch, release_batch
from campaigns.models import Message, MessageOutcome, MessageProduct, RenderedMessage, SendBatch, TrackedLink
from campaigns.outcomes import Tally, count_kinds, record_outcomes, write_exceptions
from campaigns.preparation import Prepared, prepare_batch
from campaigns.reputation import judge_template
from campaigns.routes import end_probe, hold_switches, note_outcomes
from campaigns.subjects import MAX_LATENESS
from delivery.base import Transport
from delivery.failpoints import reach
from recommendations.engine import reason, trace_of
from shop.claims import NOBODYS_FAULT

__all__ = ["commit_intent", "lease_batch", "send_batch", "send_due"]
logger = logging.getLogger(__name__)
Clock = Callable[[], datetime]
POISON_DELAY = timedelta(hours=1)


def send_due(
    now: datetime,
    transport: Transport,
    *,
    clock: Clock | None = None,
    limit: int = 20,
    should_stop: Callable[[], bool] = lambda: False,
) -> Tally:
    """Sends up to `limit` due batches; what is left waits for the next call. Safe in many workers at once.

    Batches take their time, and a lease counted from a stale `now` would be over before it begins: a
    caller whose time goes on passes its clock. `should_stop` is asked before each batch: the one in hand is
    always finished.
    """
    tell_time = clock or (lambda: now)
    total = Tally()
    for _ in range(limit):
        claim = None if should_stop() else claim_batch(transport.name, tell_time())
        if claim is None:
            break
        try:
            total += (sent := send_batch(claim.batch, transport, tell_time))
            give_back(transport.name, claim.taken - sent.handed_over, tell_time())
        finally:
            if claim.is_probe:
                end_probe(transport.name, tell_time())
    return total


def send_batch(batch: SendBatch, transport: Transport, clock: Clock) -> Tally:
    """Takes a leased batch all the way. Does nothing when the lease was lost meanwhile."""
    reach("after_claim")
    now = clock()
    apply_consent_events(now)
    try:
        prepared = prepare_batch(batch, transport, now)
    except NOBODYS_FAULT:
        raise
    except Exception as error:
        logger.exception("A batch could not be prepared.", extra={"batch": batch.pk})
        return isolate_poison(batch, type(error).__name__, now)
    reach("before_intent")
    now = clock()
    leaving = commit_intent(batch, prepared, now, route=transport.name)
    if leaving is None:
        return Tally()
    reach("after_intent")
    judge_template(batch.campaign, [p.verdict for p in prepared], now)
    envelopes = [p.envelope for p in leaving if p.envelope]
    reach("before_send")
    outcomes = transport.send(envelopes, now=now) if envelopes else []
    reach("after_response")
    note_outcomes(transport.name, outcomes, clock())
    tally = _count_verdicts(prepared) + Tally(batches=1)
    return tally + record_outcomes(batch, [p.message for p in leaving], outcomes, clock())


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
            again = SendBatch.objects.create(campaign=batch.campaign, priority=batch.priority, due_at=now)
            Message.objects.filter(pk__in=[m.pk for m in part]).update(batch=again)
    return Tally(batches=1)


def _put_off(message: Message, error: str, now: datetime) -> MessageOutcome:
    row = MessageOutcome(message=message, reason="error", detail=error, at=now)
    row.kind, row.until = MessageOutcome.Kind.DEFERRED, now + POISON_DELAY
    if now - message.queued_at > MAX_LATENESS:
        row.kind, row.until = MessageOutcome.Kind.SKIPPED, None
    return row


def commit_intent(
    batch: SendBatch, prepared: Sequence[Prepared], now: datetime, *, route: str = ""
) -> list[Prepared] | None:
    """Commits what is about to leave, and why the rest does not; None when it may not any more.

    That is when the lease was lost, or somebody paused the campaign or the route; then the batch waits.
    What the decision rests on is read once more inside this transaction (campaigns.last_check). The lease
    starts anew: it has to outlast the handing over, because after it others look for what was left undone.
    """
    with transaction.atomic():
        if not hold_switches(batch, route):
            release_batch(batch)
            return None
        won = SendBatch.objects.filter(pk=batch.pk, fence=batch.fence, state=SendBatch.State.LEASED).update(
            state=SendBatch.State.SUBMITTING,
            submitted_at=now,
            leased_until=end_of_lease(now),
            reason="",
            route=route,
        )
        if not won:
            return None
        put_back_changed(prepared, now)
        leaving = [p for p in prepared if isinstance(p.verdict, Send) and p.rendered]
        _write_rendered(leaving)
        write_exceptions([_make_refusal(p, now) for p in prepared if not isinstance(p.verdict, Send)])
        if not leaving:
            SendBatch.objects.filter(pk=batch.pk).update(state=SendBatch.State.DONE, finished_at=now)
    return leaving


def _write_rendered(leaving: Sequence[Prepared]) -> None:
    """Idempotent: a message that is prepared again after a retry replaces what it was made of."""
    links = {key: url for p in leaving for key, url in p.urls.items()}
    TrackedLink.objects.bulk_create(
        [TrackedLink(key=key, url=url) for key, url in links.items()], ignore_conflicts=True
    )
    replaced = [f.name for f in RenderedMessage._meta.concrete_fields if not f.primary_key]
    RenderedMessage.objects.bulk_create(
        [p.rendered for p in leaving if p.rendered],
        update_conflicts=True,
        unique_fields=["message"],
        update_fields=replaced,
    )
    MessageProduct.objects.filter(message__in=[p.message for p in leaving]).delete()
    MessageProduct.objects.bulk_create(row for p in leaving for row in _make_product_rows(p))


def _make_product_rows(item: Prepared) -> Iterable[MessageProduct]:
    for pick in item.shown:
        yield MessageProduct(
            message=item.message,
            product=pick.product,
            because_of=pick.because_of,
            kind=pick.kind,
            rank=pick.rank,
            score=pick.score,
            support=pick.support,
            scorer=pick.scorer,
            model_id=pick.model_id,
            reason=str(reason(pick, language=item.standing.language)["text"])[:400],
            trace=trace_of(pick, place=item.message.step.campaign.key),
        )


def _make_refusal(item: Prepared, now: datetime) -> MessageOutcome:
    assert not isinstance(item.verdict, Send)  # noqa: S101 (narrows the type; the caller asked)
    return MessageOutcome(
        message=item.message,
        kind=_kind_of(item.verdict),
        reason=item.verdict.reason,
        detail=item.detail,
        until=item.verdict.until if isinstance(item.verdict, Defer) else None,
        at=now,
    )


def _kind_of(verdict: Skip | Defer) -> MessageOutcome.Kind:
    if isinstance(verdict, Defer):
        return MessageOutcome.Kind.DEFERRED
    return MessageOutcome.Kind.HELD_OUT if verdict.reason == "held_out" else MessageOutcome.Kind.SKIPPED


def _count_verdicts(prepared: Iterable[Prepared]) -> Tally:
    return count_kinds(_kind_of(p.verdict) for p in prepared if not isinstance(p.verdict, Send))
