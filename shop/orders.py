"""What an event states about an order: placed, delivered, cancelled, money given back."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from shop.models import Customer, Order, Refund
from shop.rows import BatchRows
from shop.statements import Readers, read_lines, state
from shop.values import read_currency, read_id, read_money, read_time, read_url

ORDER_READERS: Readers = {
    "placed_at": read_time,
    "currency": read_currency,
    "total": read_money,
    "url": read_url,
    "attributes": lambda value: value,
}


def state_order(statement: dict[str, Any], at: datetime, customer: Customer | None, rows: BatchRows) -> Order:
    """The order the statement names, made where new. A statement without lines only names it."""
    order = rows.orders.get(read_id(statement["id"]))
    if order is None:
        order = rows.orders.add(Order(external_id=read_id(statement["id"]), placed_at=at))
    if "lines" in statement and state(order, statement, ORDER_READERS, at):
        lines = read_lines(statement["lines"])
        if "total" not in statement:
            order.total = sum((line.quantity * line.unit_price for line in lines), Decimal(0))
        order.customer = customer or order.customer
        rows.replace_order_lines(order, lines)
        rows.orders.touch(order)
    return order


def deliver(order: Order, at: datetime, rows: BatchRows) -> None:
    """Of several parcels, the last makes the order delivered; each has its own event."""
    order.delivered_at = max(at, order.delivered_at or at)
    rows.orders.touch(order)


def cancel(order: Order, at: datetime, rows: BatchRows) -> None:
    order.cancelled_at = min(at, order.cancelled_at or at)
    rows.orders.touch(order)


def refund(statement: dict[str, Any], order: Order, at: datetime, rows: BatchRows) -> Refund:
    refunded_at = read_time(statement["refunded_at"]) if "refunded_at" in statement else at
    row = rows.refunds.get(read_id(statement["id"]))
    if row is None:
        row = rows.refunds.add(Refund(external_id=read_id(statement["id"]), order=order))
    elif refunded_at < row.refunded_at:
        return row
    row.refunded_at = refunded_at
    row.amount = read_money(statement["amount"])
    row.currency = read_currency(statement.get("currency", order.currency))
    rows.refunds.touch(row)
    return row
