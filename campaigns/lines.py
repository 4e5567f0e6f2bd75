"""The lines of orders and carts, read for a whole batch at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from campaigns.models import Message
from shop.models import CartLine, OrderLine, Product


class Line(NamedTuple):
    """A line of an order or a cart."""

    product: Product
    quantity: int
    unit_price: Decimal


Lines = dict[UUID, list[Line]]


def read_lines(messages: Iterable[Message]) -> Lines:
    """The lines of each message's order or cart, with their products, each read once. Three queries."""
    messages = list(messages)
    of_orders = OrderLine.objects.filter(order__in={m.order_id for m in messages if m.order_id})
    of_carts = CartLine.objects.filter(cart__in={m.cart_id for m in messages if m.cart_id})
    columns = "product_id", "quantity", "unit_price"
    order_rows = list(of_orders.order_by("pk").values_list("order_id", *columns))
    cart_rows = list(of_carts.order_by("pk").values_list("cart_id", *columns))
    products = Product.objects.in_bulk({row[1] for row in (*order_rows, *cart_rows)})
    by_order, by_cart = (_group_lines(rows, products) for rows in (order_rows, cart_rows))
    return {m.id: by_order.get(m.order_id or 0) or by_cart.get(m.cart_id or 0) or [] for m in messages}


def _group_lines(
    rows: Iterable[tuple[int, int, int, Decimal]], products: Mapping[int, Product]
) -> dict[int, list[Line]]:
    by_owner: dict[int, list[Line]] = defaultdict(list)
    for owner, product, quantity, unit_price in rows:
        by_owner[owner].append(Line(products[product], quantity, unit_price))
    return by_owner
