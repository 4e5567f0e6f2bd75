"""Rows of the shop for tests: plain functions, every field can be given, the rest is made up."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from shop.models import Cart, CartLine, Customer, Event, Order, OrderLine, Product

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_numbers = count(1)

# A product alone is one piece at its own price; a pair gives the quantity as well.
LineSpec = Product | tuple[Product, int]


def make_customer(**fields: Any) -> Customer:
    number = next(_numbers)
    defaults = {"external_id": f"c{number}", "email": f"c{number}@buyer.example", "created_at": NOW}
    return Customer.objects.create(**{**defaults, **fields})


def make_product(**fields: Any) -> Product:
    number = next(_numbers)
    defaults = {
        "external_id": f"p{number}",
        "title": f"Product {number}",
        "price": Decimal("10.00"),
        "currency": "GBP",
        "created_at": NOW,
    }
    return Product.objects.create(**{**defaults, **fields})


def make_order(customer: Customer | None = None, *, lines: Iterable[LineSpec] = (), **fields: Any) -> Order:
    """An order with its lines; `total` is the sum of the lines unless given. No customer: a guest's."""
    specs = [_read_line(line) for line in lines]
    defaults = {
        "external_id": f"o{next(_numbers)}",
        "placed_at": NOW,
        "currency": "GBP",
        "total": sum((product.price or Decimal(0)) * quantity for product, quantity in specs),
    }
    order = Order.objects.create(customer=customer, **{**defaults, **fields})
    OrderLine.objects.bulk_create(
        OrderLine(order=order, product=product, quantity=quantity, unit_price=product.price or Decimal(0))
        for product, quantity in specs
    )
    return order


def make_cart(customer: Customer, *, lines: Iterable[LineSpec] = (), **fields: Any) -> Cart:
    defaults = {"external_id": f"cart{next(_numbers)}", "updated_at": NOW, "currency": "GBP"}
    cart = Cart.objects.create(customer=customer, **{**defaults, **fields})
    CartLine.objects.bulk_create(
        CartLine(cart=cart, product=product, quantity=quantity, unit_price=product.price or Decimal(0))
        for product, quantity in map(_read_line, lines)
    )
    return cart


def make_event(customer: Customer | None = None, *, kind: str, **fields: Any) -> Event:
    defaults = {
        "source": "test",
        "external_id": f"e{next(_numbers)}",
        "occurred_at": NOW,
        "received_at": NOW,
    }
    return Event.objects.create(customer=customer, kind=kind, **{**defaults, **fields})


def _read_line(line: LineSpec) -> tuple[Product, int]:
    return line if isinstance(line, tuple) else (line, 1)
