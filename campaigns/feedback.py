"""Counts what customers made of the products in their emails: shown, clicked, bought.

Three streams of rows, each read from where the last run stopped, in the transaction that moves the mark. A
run that dies has counted nothing; two at once wait for each other.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Min

from campaigns.models import MessageEvent, MessageOutcome, MessageProduct
from recommendations.feedback import Response, count_responses, lock_cursor
from recommendations.models import FeedbackCursor
from shop.models import OrderLine

ROWS_A_RUN = 5_000
# A message that is tried again writes its products anew, and rows of transactions that are still open have
# lower keys than some that are committed: what is an hour old is settled.
SETTLED = timedelta(hours=1)


def count_feedback(now: datetime) -> int:
    """Count what has settled since the last run, 5,000 rows of each stream at most; how many responses."""
    return sum(_count(name, now) for name in ("shown", "clicked", "bought"))


@transaction.atomic
def _count(name: str, now: datetime) -> int:
    cursor = lock_cursor(name)
    rows, position = _STREAMS[name](cursor.position, now)
    FeedbackCursor.objects.filter(pk=cursor.pk).update(position=position)
    return count_responses(rows)


def _read_shown(position: int, now: datetime) -> tuple[list[Response], int]:
    fresh = MessageProduct.objects.filter(pk__gt=position, message__rendered__created_at__gt=now - SETTLED)
    bound = fresh.aggregate(first=Min("pk"))["first"]
    settled = MessageProduct.objects.filter(pk__gt=position)
    rows = list(
        (settled.filter(pk__lt=bound) if bound else settled)
        .order_by("pk")
        .values_list(
            "pk", "message_id", "message__customer_id", "product_id", "kind", "message__rendered__created_at"
        )[:ROWS_A_RUN]
    )
    refused = set(
        MessageOutcome.objects.filter(
            message__in={row[1] for row in rows}, kind=MessageOutcome.Kind.REJECTED
        ).values_list("message_id", flat=True)
    )
    responses = [
        Response(customer, product, kind, "shown", at)
        for _pk, message, customer, product, kind, at in rows
        if message not in refused
    ]
    return responses, rows[-1][0] if rows else position


def _read_clicked(position: int, now: datetime) -> tuple[list[Response], int]:
    """A click counts for the product of its message to which the link leads."""
    events = list(
        MessageEvent.objects.filter(pk__gt=position, received_at__lte=now - SETTLED)
        .order_by("pk")
        .values_list("pk", "kind", "is_machine", "message_id", "link__url", "occurred_at")[:ROWS_A_RUN]
    )
    clicks = [
        (message, url, at)
        for _pk, kind, is_machine, message, url, at in events
        if kind == MessageEvent.Kind.CLICKED and not is_machine and url
    ]
    shown = {
        (message, url): (customer, product, kind)
        for message, url, customer, product, kind in MessageProduct.objects.filter(
            message__in={message for message, _url, _at in clicks}
        ).values_list("message_id", "product__url", "message__customer_id", "product_id", "kind")
    }
    responses = [
        Response(*shown[message, url], "clicked", at)
        for message, url, at in clicks
        if (message, url) in shown
    ]
    return responses, events[-1][0] if events else position


def _read_bought(position: int, now: datetime) -> tuple[list[Response], int]:
    """A purchase counts where an email showed the product in the days of attribution before."""
    lines = list(
        OrderLine.objects.filter(pk__gt=position)
        .order_by("pk")
        .values_list(
            "pk", "order__customer_id", "product_id", "order__placed_at", "order__cancelled_at", "order_id"
        )[:ROWS_A_RUN]
    )
    bought = [
        _Purchase(customer, product, placed_at, order)
        for _pk, customer, product, placed_at, cancelled_at, order in lines
        if customer and not cancelled_at
    ]
    return list(_match_purchases(bought, now)), lines[-1][0] if lines else position


class _Purchase(NamedTuple):
    customer: int
    product: int
    at: datetime
    order: int


def _match_purchases(purchases: Sequence[_Purchase], now: datetime) -> Iterator[Response]:
    window = timedelta(days=settings.PAIRWELL["ATTRIBUTION_DAYS"])
    first = min((purchase.at for purchase in purchases), default=now) - window
    shown: dict[tuple[int, int], list[tuple[datetime, str, int | None]]] = {}
    rows = MessageProduct.objects.filter(
        message__customer__in={purchase.customer for purchase in purchases},
        product__in={purchase.product for purchase in purchases},
        message__rendered__created_at__gte=first,
    ).values_list(
        "message__customer_id", "product_id", "message__rendered__created_at", "kind", "message__order_id"
    )
    for customer, product, at, kind, order in rows:
        shown.setdefault((customer, product), []).append((at, kind, order))
    for bought in purchases:
        for shown_at, kind, about in shown.get((bought.customer, bought.product), ()):
            if shown_at <= bought.at <= shown_at + window and about != bought.order:
                yield Response(bought.customer, bought.product, kind, "bought", bought.at)
                break


_STREAMS = {"shown": _read_shown, "clicked": _read_clicked, "bought": _read_bought}
