"""The outbox: messages are written once, together with the batch that carries them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from campaigns.models import Campaign, Message, SendBatch, Step
from shop.claims import lock_rows

# An order confirmation never waits behind a broadcast.
PRIORITIES = {
    Campaign.MessageClass.LEGAL: 1,
    Campaign.MessageClass.TRANSACTIONAL: 1,
    Campaign.MessageClass.MARKETING: 5,
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to be: the step to take for a customer, and what it is about."""

    step: Step
    customer_id: int
    occurrence: str
    event_id: int | None = None
    order_id: int | None = None
    cart_id: int | None = None


def queue_messages(drafts: Sequence[Draft], now: datetime) -> None:
    """Writes the messages and their batches, due at once. Call it inside the caller's transaction.

    `one_message_per_step_customer_and_occurrence` makes it idempotent: a draft that was queued before
    is left as it is.
    """
    for campaign, group in _group_by_campaign(drafts).items():
        for part in split(group, settings.PAIRWELL["BATCH_SIZE"]):
            batch = _open_batch(campaign, now)
            Message.objects.bulk_create(
                [_make_message(draft, batch, now) for draft in part], ignore_conflicts=True
            )


def gather_due(now: datetime) -> int:
    """Puts messages that wait outside a batch, and are due, into new batches; returns how many.

    They are the deferred ones: quiet hours, a retry, an outcome in doubt. Transactional ones come first,
    in a share of their own: a confirmation does not wait until a million offers were gathered.
    """
    return sum(_gather(message_class, now) for message_class in PRIORITIES)


def _gather(message_class: str, now: datetime) -> int:
    with transaction.atomic():
        due = Message.objects.filter(
            batch=None,
            is_closed=False,
            due_at__lte=now,
            step__campaign__status="live",
            step__campaign__message_class=message_class,
        )
        rows = lock_rows(due).order_by("due_at")[: settings.PAIRWELL["BATCH_SIZE"]]
        waiting = list(rows.select_related("step__campaign"))
        groups: dict[Campaign, list[Message]] = defaultdict(list)
        for message in waiting:
            groups[message.step.campaign].append(message)
        for campaign, group in groups.items():
            batch = _open_batch(campaign, now)
            Message.objects.filter(pk__in=[m.pk for m in group]).update(batch=batch)
    return len(waiting)


def hold_back(batch: SendBatch, messages: Collection[UUID], *, until: datetime, reason: str) -> None:
    """Moves messages of a leased batch into a new one that is due later, with the reason they all share: the
    limit they wait for, or, where it is empty, what the batch itself had waited for.

    Nothing when the lease was lost: whoever has the batch now may be handing these very messages over.
    """
    with transaction.atomic():
        mine = SendBatch.objects.filter(pk=batch.pk, fence=batch.fence, state=SendBatch.State.LEASED)
        if not mine.select_for_update().exists():
            return
        later = SendBatch.objects.create(
            campaign=batch.campaign,
            priority=batch.priority,
            due_at=until,
            reason=reason or batch.reason,
            limited_until=until if reason else batch.limited_until,
        )
        Message.objects.filter(pk__in=messages).update(batch=later)


def split(items: Sequence[Draft], size: int) -> Iterator[Sequence[Draft]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _group_by_campaign(drafts: Iterable[Draft]) -> dict[Campaign, list[Draft]]:
    groups: dict[Campaign, list[Draft]] = defaultdict(list)
    for draft in drafts:
        groups[draft.step.campaign].append(draft)
    return groups


def _open_batch(campaign: Campaign, now: datetime) -> SendBatch:
    priority = PRIORITIES[Campaign.MessageClass(campaign.message_class)]
    return SendBatch.objects.create(campaign=campaign, priority=priority, due_at=now)


def _make_message(draft: Draft, batch: SendBatch, now: datetime) -> Message:
    return Message(
        step=draft.step,
        customer_id=draft.customer_id,
        occurrence=draft.occurrence,
        event_id=draft.event_id,
        order_id=draft.order_id,
        cart_id=draft.cart_id,
        queued_at=now,
        due_at=now,
        batch=batch,
    )
