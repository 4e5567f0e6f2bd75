"""Sending: lease a batch, prepare it, commit the intent, hand it over, record what came of it.

The order is what makes it safe. The intent is committed before any byte leaves; a worker that dies after
that leaves a batch in `submitting`, which nobody sends again until it is known what happened
(campaigns.recovery). A worker that dies earlier leaves a lease that runs out.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError, transaction

from audience.consent import apply_consent_events
from campaigns.allowances import give_back
from campaigns.eligibility import Defer, Send, Skip
from campaigns.last_check import put_back_changed
from campaigns.leasing import Claim, claim_batch, end_of_lease, lease_batch, release_batch
from campaigns.models import MessageOutcome, SendBatch
from campaigns.outcomes import Tally, count_kinds, record_outcomes, write_exceptions
from campaigns.poison import isolate_poison
from campaigns.preparation import Prepared, prepare_batch
from campaigns.records import drop_records, write_records
from campaigns.recovery import settle_late
from campaigns.reputation import judge_template
from campaigns.retrying import retry_write
from campaigns.routes import end_probe, hold_switches, note_outcomes
from delivery.base import Outcome, Transport
from delivery.failpoints import reach
from shop.claims import NOBODYS_FAULT

__all__ = ["commit_intent", "lease_batch", "send_batch", "send_due"]
logger = logging.getLogger(__name__)
Clock = Callable[[], datetime]


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
    total, waiting = Tally(), deque[Callable[[], Tally]]()
    # Two, because the lease of a batch runs from its intent: it must not wait for the one before it.
    with ThreadPoolExecutor(2) as threads:
        try:
            for _ in range(limit):
                claim = None if should_stop() else claim_batch(transport.name, tell_time())
                if claim is None:
                    break
                if claim.is_probe or not getattr(transport, "is_remote", False):
                    total += _send_claim(claim, transport, tell_time)
                    continue
                waiting.append(_begin_claim(claim, transport, tell_time, threads=threads))
                total += waiting.popleft()() if len(waiting) > 1 else Tally()
        finally:
            for finish in waiting:
                total += finish()
    return total


def _send_claim(claim: Claim, transport: Transport, clock: Clock) -> Tally:
    """From the claim to the outcomes, and nothing else meanwhile."""
    try:
        sent = send_batch(claim.batch, transport, clock)
        give_back(transport.name, claim.taken - sent.handed_over, clock())
    finally:
        if claim.is_probe:
            end_probe(transport.name, clock())
    return sent


def _begin_claim(
    claim: Claim, transport: Transport, clock: Clock, *, threads: ThreadPoolExecutor
) -> Callable[[], Tally]:
    """Hands over in a thread, because the transport touches nothing but the network; meanwhile the next
    batch is prepared. What is returned waits for the answers and records them."""
    underway = take_to_intent(claim.batch, transport, clock)
    answers = threads.submit(_hand_over, underway, transport, clock())

    def finish() -> Tally:
        sent = _record(underway, answers.result(), clock, route=transport.name)
        give_back(transport.name, claim.taken - sent.handed_over, clock())
        return sent

    return finish


def send_batch(batch: SendBatch, transport: Transport, clock: Clock) -> Tally:
    """Takes a leased batch all the way. Does nothing when the lease was lost meanwhile."""
    underway = take_to_intent(batch, transport, clock)
    return _record(underway, _hand_over(underway, transport, clock()), clock, route=transport.name)


@dataclass(frozen=True)
class Underway:
    """A batch whose intent is committed; `leaving` is None where it was not. `tally` counts all others."""

    batch: SendBatch
    leaving: Sequence[Prepared] | None
    tally: Tally


def take_to_intent(batch: SendBatch, transport: Transport, clock: Clock) -> Underway:
    """Judges, renders and records a leased batch, and commits the intent to send it."""
    reach("after_claim")
    now = clock()
    apply_consent_events(now)
    try:
        prepared = prepare_batch(batch, transport, now)
    except NOBODYS_FAULT:
        with suppress(DatabaseError):  # its own lease ends all the same
            release_batch(batch)
        raise
    except Exception as error:
        logger.exception("A batch could not be prepared.", extra={"batch": batch.pk})
        return Underway(batch, None, isolate_poison(batch, type(error).__name__, now))
    if not write_records(batch, prepared):
        return Underway(batch, None, Tally())
    reach("before_intent")
    now = clock()
    leaving = retry_write(lambda: commit_intent(batch, prepared, now, route=transport.name))
    if leaving is None:
        return Underway(batch, None, Tally())
    reach("after_intent")
    judge_template(batch.campaign, [p.verdict for p in prepared], now)
    return Underway(batch, leaving, _count_verdicts(prepared) + Tally(batches=1))


def _hand_over(underway: Underway, transport: Transport, now: datetime) -> list[Outcome]:
    envelopes = [item.envelope for item in underway.leaving or () if item.envelope]
    reach("before_send")
    return transport.send(envelopes, now=now) if envelopes else []


def _record(underway: Underway, outcomes: Sequence[Outcome], clock: Clock, *, route: str) -> Tally:
    if underway.leaving is None:
        return underway.tally
    reach("after_response")
    now = clock()
    messages = [item.message for item in underway.leaving]
    recorded = retry_write(lambda: record_outcomes(underway.batch, messages, outcomes, now))
    if outcomes and not recorded.handed_over:
        settle_late(messages, outcomes, now)
    note_outcomes(route, outcomes, now)
    return underway.tally + recorded


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
            return _find_leaving(prepared) if _is_committed(batch, now) else None
        put_back_changed(prepared, now)
        drop_records([p.message for p in prepared if p.rendered and not isinstance(p.verdict, Send)])
        leaving = _find_leaving(prepared)
        write_exceptions([_make_refusal(p, now) for p in prepared if not isinstance(p.verdict, Send)])
        if not leaving:
            SendBatch.objects.filter(pk=batch.pk).update(state=SendBatch.State.DONE, finished_at=now)
    return leaving


def _find_leaving(prepared: Iterable[Prepared]) -> list[Prepared]:
    return [p for p in prepared if isinstance(p.verdict, Send) and p.rendered]


def _is_committed(batch: SendBatch, now: datetime) -> bool:
    """Whether this very intent was committed before, and only the database's answer was lost."""
    same = SendBatch.objects.filter(pk=batch.pk, fence=batch.fence, state=SendBatch.State.SUBMITTING)
    return same.filter(submitted_at=now).exists()


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
