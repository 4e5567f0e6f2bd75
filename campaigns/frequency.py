"""How often a customer was written to lately, for the cap."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from campaigns.models import Message, MessageOutcome, RenderedMessage, SendBatch


def read_recent_marketing(messages: Sequence[Message], now: datetime) -> dict[int, list[datetime]]:
    """By customer, when the marketing emails of the last 30 days went out, other than these and the refused.

    A message that is tried again must not count against itself, and one that is only being prepared, or
    waits to be tried again, against no other.
    """
    recent: dict[int, list[datetime]] = defaultdict(list)
    rows = RenderedMessage.objects.filter(
        message__customer__in={m.customer_id for m in messages},
        is_marketing=True,
        created_at__gt=now - timedelta(days=30),
    ).exclude(message__in=[m.id for m in messages])
    rows = rows.exclude(message__batch__state__in=SendBatch.UNSUBMITTED)
    counted = rows.exclude(message__is_closed=True, message__outcomes__kind=MessageOutcome.Kind.REJECTED)
    for customer, at in counted.order_by("created_at").values_list("message__customer", "created_at"):
        recent[customer].append(at)
    return recent
