"""The rows a batch speaks of: read once, changed in memory, written once.

Rows to be changed are locked while they are read, new ones are inserted plainly. So a second writer either
waits for us or makes our insert fail on a unique key; then the caller rolls back and judges the batch again.
Nothing here can overwrite what somebody else wrote in between.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import Any, Generic, NamedTuple, TypeVar

from django.db import models

from shop.merging import Merges
from shop.models import Cart, CartLine, Customer, Order, OrderLine, Product, Refund

Row = TypeVar("Row", Customer, Product, Order, Refund, Cart)

# SQLite takes 32,766 parameters in one query.
_IDS_PER_QUERY = 10_000
_ROWS_PER_UPDATE = 100
_ROWS_PER_INSERT = 2_000


class LineFact(NamedTuple):
    product: str
    quantity: int
    unit_price: Decimal


class Rows(Generic[Row]):
    """Rows of one model by external id: those that were there, those that are new, those that changed."""

    def __init__(self, model: type[Row], fields: tuple[str, ...], *, related: str = "") -> None:
        self.model: type[Row] = model
        self.fields = fields
        self.related = related
        self._by_id: dict[str, Row] = {}
        self._changed: set[str] = set()

    def load(self, ids: Iterable[str], *, lock: bool) -> None:
        for some in _pieces(sorted(set(ids) - self._by_id.keys()), _IDS_PER_QUERY):
            self.load_where(models.Q(external_id__in=some), lock=lock)

    def load_where(self, condition: models.Q, *, lock: bool) -> None:
        """Rows that are here already may hold changes and stay as they are."""
        found = self.model._default_manager.filter(condition).order_by("pk")
        if self.related:
            found = found.select_related(self.related)
        if lock:
            found = found.select_for_update(of=("self",), no_key=True)
        for row in found:
            self._by_id.setdefault(row.external_id, row)

    def get(self, external_id: str) -> Row | None:
        return self._by_id.get(external_id)

    def add(self, row: Row) -> Row:
        self._by_id[row.external_id] = row
        return row

    def touch(self, row: Row) -> None:
        self._changed.add(row.external_id)

    def write(self) -> None:
        """New rows in the order of their ids, so that two writers can't wait for each other."""
        new = sorted((row for row in self if row._state.adding), key=lambda row: row.external_id)
        changed = [row for row in self if not row._state.adding and row.external_id in self._changed]
        self.model._default_manager.bulk_create(new, batch_size=_ROWS_PER_INSERT)
        if changed:
            self.model._default_manager.bulk_update(changed, self.fields, batch_size=_ROWS_PER_UPDATE)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._by_id.values())


class BatchRows:
    """Every table a batch may touch."""

    def __init__(self) -> None:
        self.customers = Rows(Customer, _fields_of(Customer, without=("uuid", "created_at", "merged_into")))
        self.products = Rows(Product, _fields_of(Product, without=("created_at",)))
        self.orders = Rows(Order, _fields_of(Order), related="customer")
        self.refunds = Rows(Refund, _fields_of(Refund), related="order")
        self.carts = Rows(Cart, _fields_of(Cart), related="customer")
        self.order_lines: dict[str, list[LineFact]] = {}
        self.cart_lines: dict[str, list[LineFact]] = {}
        self.cart_products: dict[str, set[str]] = {}
        self.merges = Merges()

    def load_customers(self, ids: Iterable[str]) -> None:
        """These customers, locked, and whom they were merged into."""
        self.customers.load(ids, lock=True)
        targets = {row.merged_into_id for row in self.customers if row.merged_into_id}
        if targets:
            self.customers.load_where(models.Q(pk__in=targets), lock=True)
            self.merges.learn(self.customers)

    def find_customer(self, external_id: str) -> Customer | None:
        """Who goes by this id now."""
        row = self.customers.get(external_id)
        return self.merges.follow(row) if row else None

    def load_open_carts(self, customer_ids: Iterable[str]) -> None:
        """The open carts of these customers, locked, and which products lie in them."""
        known = [row.pk for row in map(self.find_customer, sorted(set(customer_ids))) if row]
        if known:
            self.carts.load_where(models.Q(customer__in=known, closed_at=None), lock=True)
            lines = CartLine.objects.filter(cart__customer__in=known, cart__closed_at=None)
            for cart_id, product_id in lines.values_list("cart__external_id", "product__external_id"):
                self.cart_products.setdefault(cart_id, set()).add(product_id)

    def replace_order_lines(self, order: Order, lines: list[LineFact]) -> None:
        self.order_lines[order.external_id] = lines

    def replace_cart_lines(self, cart: Cart, lines: list[LineFact]) -> None:
        self.cart_lines[cart.external_id] = lines
        self.cart_products[cart.external_id] = {line.product for line in lines}

    def write(self) -> None:
        self.customers.write()
        self.products.write()
        stale_orders = [row.pk for row in self.orders if row.pk and row.external_id in self.order_lines]
        stale_carts = [row.pk for row in self.carts if row.pk and row.external_id in self.cart_lines]
        self.orders.write()
        self.refunds.write()
        self.carts.write()
        self.merges.write()
        if stale_orders:
            OrderLine.objects.filter(order__in=stale_orders).delete()
        if stale_carts:
            CartLine.objects.filter(cart__in=stale_carts).delete()
        self._write_lines()

    def _write_lines(self) -> None:
        OrderLine.objects.bulk_create(
            (
                OrderLine(order=self.orders.get(order_id), **self._line_fields(line))
                for order_id, lines in self.order_lines.items()
                for line in lines
            ),
            batch_size=_ROWS_PER_INSERT,
        )
        CartLine.objects.bulk_create(
            (
                CartLine(cart=self.carts.get(cart_id), **self._line_fields(line))
                for cart_id, lines in self.cart_lines.items()
                for line in lines
            ),
            batch_size=_ROWS_PER_INSERT,
        )

    def _line_fields(self, line: LineFact) -> dict[str, Any]:
        product = self.products.get(line.product)
        return {"product": product, "quantity": line.quantity, "unit_price": line.unit_price}


def _fields_of(model: type[models.Model], without: tuple[str, ...] = ()) -> tuple[str, ...]:
    fixed = {"id", "external_id", *without}
    return tuple(field.name for field in model._meta.concrete_fields if field.name not in fixed)


def _pieces(items: Iterable[str], size: int) -> Iterator[list[str]]:
    remaining = iter(items)
    while piece := list(islice(remaining, size)):
        yield piece
