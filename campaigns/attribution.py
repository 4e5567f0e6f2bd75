"""Which orders followed a click: the last human click within the window, computed when asked.

Attributed revenue shows what happened after emails, not because of them; what emails cause is measured
against the holdout (experiments). The two stand side by side and are never added.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db.models import F, Sum

from campaigns.models import MessageEvent
from shop.models import Order, Refund


@dataclass(frozen=True, slots=True)
class AttributedOrder:
    """An order and the click it is credited to. `amount` is the total less refunds in the same currency."""

    order_id: int
    message_id: UUID
    clicked_at: datetime
    amount: Decimal
    currency: str


def attribute_orders(since: datetime, until: datetime, days: int | None = None) -> list[AttributedOrder]:
    """Orders placed in [since, until) by people who clicked in the `days` before. Three queries.

    Machine clicks do not count, nor do clicks in an email about the very order, nor cancelled orders.
    """
    window = timedelta(days=days if days is not None else settings.PAIRWELL["ATTRIBUTION_DAYS"])
    orders = list(
        Order.objects.filter(
            placed_at__gte=since, placed_at__lt=until, cancelled_at=None, customer__isnull=False
        )
    )
    clicks = _read_clicks(since - window, until)
    refunds = _read_refunds(orders)
    attributed = []
    for order in orders:
        click = find_last_click(clicks.get(order.customer_id or 0, ()), order, window)
        if click:
            amount = order.total - refunds.get(order.pk, Decimal(0))
            attributed.append(AttributedOrder(order.pk, click.message_id, click.at, amount, order.currency))
    return attributed


@dataclass(frozen=True, slots=True)
class Click:
    """A person's click in an email, which may be about an order."""

    message_id: UUID
    at: datetime
    about_order: int | None


def find_last_click(clicks: Iterable[Click], order: Order, window: timedelta) -> Click | None:
    """The click that the order is credited to: the last one in the window before it."""
    credited = (
        c
        for c in clicks
        if c.at <= order.placed_at and order.placed_at - c.at <= window and c.about_order != order.pk
    )
    return max(credited, key=lambda click: click.at, default=None)


def _read_clicks(since: datetime, until: datetime) -> dict[int, list[Click]]:
    rows = MessageEvent.objects.filter(
        kind=MessageEvent.Kind.CLICKED,
        is_machine=False,
        message__isnull=False,
        occurred_at__gte=since,
        occurred_at__lt=until,
    ).values_list("message__customer", "message", "occurred_at", "message__order")
    clicks: dict[int, list[Click]] = {}
    for customer, message, at, order in rows:
        clicks.setdefault(customer, []).append(Click(message, at, order))
    return clicks


def _read_refunds(orders: Sequence[Order]) -> dict[int, Decimal]:
    if not orders:
        return {}
    span = [o.placed_at for o in orders]
    rows = Refund.objects.filter(
        order__placed_at__gte=min(span), order__placed_at__lte=max(span), currency=F("order__currency")
    )
    return dict(rows.values("order").annotate(back=Sum("amount")).values_list("order", "back"))
