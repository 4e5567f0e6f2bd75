"""What an event states about a cart, and which carts an order closes."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from shop.models import Cart, Customer, Order
from shop.rows import BatchRows
from shop.statements import read_lines
from shop.values import read_currency, read_id, read_url


def state_cart(statement: dict[str, Any], at: datetime, customer: Customer | None, rows: BatchRows) -> Cart:
    """The cart as it is now; without lines it was emptied, which closes it. Later lines reopen it."""
    cart = rows.carts.get(read_id(statement["id"]))
    if cart is None:
        cart = rows.carts.add(Cart(external_id=read_id(statement["id"]), updated_at=at))
    elif at < cart.updated_at or (cart.closed_at is not None and at <= cart.closed_at):
        return cart
    lines = read_lines(statement["lines"])
    cart.customer = customer or cart.customer
    cart.updated_at = at
    cart.closed_at = None if lines else at
    cart.currency = read_currency(statement["currency"])
    cart.url = read_url(statement.get("url", cart.url))
    cart.is_derived = statement.get("is_derived", cart.is_derived)
    rows.replace_cart_lines(cart, lines)
    rows.carts.touch(cart)
    return cart


def close_cart(cart: Cart, at: datetime, rows: BatchRows) -> None:
    """Close a cart that nobody changed after `at`; the first closing counts."""
    if cart.closed_at is None and at >= cart.updated_at:
        cart.closed_at = at
        rows.carts.touch(cart)


def close_carts_of_order(statement: dict[str, Any], order: Order, at: datetime, rows: BatchRows) -> None:
    """The cart the order names, or without a name every open cart of the customer that shares a product."""
    for cart in list(_carts_of_order(statement, order, rows)):
        close_cart(cart, at, rows)


def _carts_of_order(statement: dict[str, Any], order: Order, rows: BatchRows) -> Iterator[Cart]:
    if "cart" in statement:
        named = rows.carts.get(read_id(statement["cart"]))
        if named is not None:
            yield named
        return
    bought = {line.product for line in read_lines(statement["lines"])}
    for cart in rows.carts:
        if cart.customer == order.customer and bought & rows.cart_products.get(cart.external_id, set()):
            yield cart
