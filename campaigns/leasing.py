"""Claiming a batch: the most urgent one that is due, for one worker, as far as route and limits allow."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, F, Q

from campaigns.allowances import find_full, note_waiting, take_allowance
from campaigns.models import Campaign, Message, SendBatch
from campaigns.outbox import hold_back
from campaigns.routes import PROBE_SIZE, ask_route, begin_probe, is_not_paused


@dataclass(frozen=True, slots=True)
class Claim:
    """A batch that is this worker's until its lease ends. `taken` is what it may use of the limits."""

    batch: SendBatch
    is_probe: bool = False
    taken: int = 0


def claim_batch(route: str, now: datetime) -> Claim | None:
    """Leases the most urgent batch; None where nothing is due, or the route is closed or at its limit."""
    permit = ask_route(route, now)
    if permit is None:
        return None
    full = find_full(route, now)
    if full:
        note_waiting(full, now)
    batch = lease_batch(now, route, lowest_priority=full.lowest_priority if full else None)
    if batch is None:
        return None
    if permit.is_probe:
        if not begin_probe(route, now):
            release_batch(batch)
            return None
        shrink_batch(batch, PROBE_SIZE, now)
    return Claim(batch, permit.is_probe, take_allowance(batch, route, now))


def lease_batch(now: datetime, route: str = "", *, lowest_priority: int | None = None) -> SendBatch | None:
    """The most urgent due batch, leased to the caller, or None. By compare-and-set on the fence.

    None, too, while the route is paused; `lowest_priority` leaves alone what is less urgent.
    """
    due = SendBatch.objects.select_related("campaign").filter(
        Q(state=SendBatch.State.READY) | Q(state=SendBatch.State.LEASED, leased_until__lt=now),
        due_at__lte=now,
        campaign__status="live",
    )
    if lowest_priority is not None:
        due = due.filter(priority__lte=lowest_priority)
    for batch in due.order_by("priority", "due_at", "pk")[:10]:
        # All that was read must still hold: the fence alone does not rise when an intent is committed. No
        # join, or Django hides these conditions in a subquery, which PostgreSQL does not look at again when
        # the statement had to wait for another worker's: it would take a batch that is being handed over.
        same = SendBatch.objects.filter(
            is_not_paused(route),
            Exists(Campaign.objects.filter(pk=batch.campaign_id, status=Campaign.Status.LIVE)),
            pk=batch.pk,
            fence=batch.fence,
            state=batch.state,
            leased_until=batch.leased_until,
        )
        if same.update(state=SendBatch.State.LEASED, fence=F("fence") + 1, leased_until=end_of_lease(now)):
            batch.fence += 1
            return batch
    return None


def end_of_lease(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.PAIRWELL["LEASE_SECONDS"])


def release_batch(batch: SendBatch) -> bool:
    """Gives a leased batch back untouched; whether it was still the caller's."""
    mine = SendBatch.objects.filter(pk=batch.pk, fence=batch.fence, state=SendBatch.State.LEASED)
    return bool(mine.update(state=SendBatch.State.READY, leased_until=None))


def shrink_batch(batch: SendBatch, size: int, now: datetime) -> None:
    """Leaves so many messages in the batch; the others wait in a batch of their own, due at once."""
    messages = batch.messages.filter(is_closed=False).order_by("queued_at", "pk")
    if rest := list(messages.values_list("pk", flat=True)[size:]):
        hold_back(batch, rest, until=now, reason="")


def take_back_batches(customers: Collection[int]) -> int:
    """Ends the leases of all batches with open messages of theirs: whoever prepares one begins anew.

    For what must not leave as it was prepared. An intent that is committed already stands.
    """
    theirs = Message.objects.filter(customer__in=customers, is_closed=False)
    leased = SendBatch.objects.filter(pk__in=theirs.values("batch"), state=SendBatch.State.LEASED)
    return leased.update(state=SendBatch.State.READY, fence=F("fence") + 1, leased_until=None)
