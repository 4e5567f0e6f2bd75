"""What a message is about, and whether that still stands.

Facts are pulled when a decision is due, never pushed: an order that was cancelled, or a cart that was
bought meanwhile, ends the reason to write, whoever queued the message and whenever.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db.models import F, Max, Sum

from shop.models import Cart, CartLine, Order, Refund


class Subject(NamedTuple):
    """The order or the cart that someone is written to about."""

    customer_id: int
    order_id: int | None = None
    cart_id: int | None = None


def find_outdated(subjects: Iterable[Subject]) -> dict[Subject, str]:
    """Reason codes for the subjects that no longer stand; the others are absent. Five queries at most.

    order_cancelled, order_refunded (in full), ordered (the cart, or anything since it was filled),
    cart_closed, cart_empty.
    """
    wanted = set(subjects)
    orders = _find_lost_orders({s.order_id for s in wanted if s.order_id})
    carts = _find_lost_carts({s.cart_id for s in wanted if s.cart_id})
    if not (orders or carts):
        return {}
    reasons = {s: orders.get(s.order_id or 0) or carts.get(s.cart_id or 0) for s in wanted}
    return {subject: reason for subject, reason in reasons.items() if reason}


def _find_lost_orders(ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    cancelled = Order.objects.filter(pk__in=ids, cancelled_at__isnull=False).values_list("pk", flat=True)
    refunded = (
        Refund.objects.filter(order__in=ids, currency=F("order__currency"))
        .values("order")
        .annotate(back=Sum("amount"))
        .filter(back__gte=F("order__total"), order__total__gt=0)
        .values_list("order", flat=True)
    )
    return dict.fromkeys(refunded, "order_refunded") | dict.fromkeys(cancelled, "order_cancelled")


def _find_lost_carts(ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    carts = list(Cart.objects.filter(pk__in=ids))
    filled = set(CartLine.objects.filter(cart__in=ids).values_list("cart", flat=True))
    newest_order = dict(
        Order.objects.filter(customer__in={c.customer_id for c in carts}, cancelled_at=None)
        .values("customer")
        .annotate(newest=Max("placed_at"))
        .values_list("customer", "newest")
    )
    reasons = {c.pk: _judge_cart(c, filled, newest_order.get(c.customer_id)) for c in carts}
    return {pk: reason for pk, reason in reasons.items() if reason}


def _judge_cart(cart: Cart, filled: set[int], newest_order: datetime | None) -> str:
    if newest_order and newest_order >= cart.updated_at:
        return "ordered"
    if cart.closed_at:
        return "cart_closed"
    return "" if cart.pk in filled else "cart_empty"
