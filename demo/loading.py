"""History goes in as facts: products, customers, orders, lines, refunds and consents, without events."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from audience.models import ConsentEntry
from demo.dates import Calendar
from demo.deriving import choose_delivery
from demo.retail.prepared import Retail, RetailOrder
from demo.rows import (
    CURRENCY,
    insert_lines,
    make_consents,
    make_customer,
    make_order,
    make_product,
    to_money,
)
from shop.models import Customer, Order, Product, Refund

# One event may name so many products. A guest's basket over 100 lines is a day's takings of another channel,
# written as one invoice: nobody gets mail for it. Both stay facts.
MOST_EVENT_LINES = 500
MOST_GUEST_LINES = 100


@dataclass
class Shelved:
    """The sample by row: what every order holds, and which orders are history and which are lived."""

    retail: Retail
    calendar: Calendar
    lines: dict[int, list[tuple[int, int, int]]]  # by order row: product row, quantity, pence
    history: list[int]
    live: list[int]

    def placed_at(self, row: int) -> datetime:
        return self.calendar.move(self.retail.orders[row].time)

    def delivered_at(self, row: int) -> datetime:
        order = self.retail.orders[row]
        return choose_delivery(order.invoice, self.placed_at(row), country=order.country)

    def pence(self, row: int) -> int:
        return sum(quantity * pence for _, quantity, pence in self.lines[row])


@dataclass(frozen=True, slots=True)
class Loaded:
    """How much history went in, and how many orders of the live days were too large for an event."""

    products: int
    customers: int
    wholesalers: int
    orders: int
    guest_orders: int
    lines: int
    refunds: int
    consents: int
    large_orders: int


def shelve(retail: Retail, calendar: Calendar) -> Shelved:
    """Sorts the orders into history and live days. Touches no database."""
    lines: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for order, product, quantity, pence in retail.lines:
        lines[order].append((product, quantity, pence))
    history: list[int] = []
    live: list[int] = []
    for row, placed in enumerate(retail.orders):
        most = MOST_GUEST_LINES if placed.customer is None else MOST_EVENT_LINES
        is_lived = calendar.is_live(calendar.move(placed.time)) and len(lines[row]) <= most
        (live if is_lived else history).append(row)
    return Shelved(retail, calendar, lines, history, live)


@transaction.atomic
def load_history(shelved: Shelved) -> Loaded:
    """Writes everything before the live days in one transaction; the tables must hold none of it yet."""
    products = _load_products(shelved)
    customers = _load_customers(shelved)
    orders = _load_orders(shelved, customers)
    insert_lines(
        (orders[row].pk, products[product].pk, quantity, str(to_money(pence)))
        for row in shelved.history
        for product, quantity, pence in shelved.lines[row]
    )
    return Loaded(
        products=len(products),
        customers=len(customers),
        wholesalers=sum(c.attributes["segment"] == "wholesale" for c in customers.values()),
        orders=len(orders),
        guest_orders=sum(order.customer_id is None for order in orders.values()),
        lines=sum(len(shelved.lines[row]) for row in shelved.history),
        refunds=_load_refunds(shelved, orders),
        consents=_load_consents(shelved, customers),
        large_orders=sum(shelved.calendar.is_live(order.placed_at) for order in orders.values()),
    )


def first_orders(shelved: Shelved) -> dict[int, datetime]:
    """When each known customer of the history ordered first."""
    first: dict[int, datetime] = {}
    for row in shelved.history:
        order = shelved.retail.orders[row]
        if order.customer is not None:
            first.setdefault(order.customer, shelved.placed_at(row))
    return first


def _load_products(shelved: Shelved) -> list[Product]:
    created_at = shelved.placed_at(0)
    rows = [make_product(product, created_at=created_at) for product in shelved.retail.products]
    return Product.objects.bulk_create(rows, batch_size=1000)


def _load_customers(shelved: Shelved) -> dict[int, Customer]:
    first = first_orders(shelved)
    known = [customer for customer in shelved.retail.customers if customer.number in first]
    rows = [make_customer(customer, created_at=first[customer.number]) for customer in known]
    Customer.objects.bulk_create(rows, batch_size=1000)
    return {customer.number: row for customer, row in zip(known, rows, strict=True)}


def _load_orders(shelved: Shelved, customers: dict[int, Customer]) -> dict[int, Order]:
    orders = {row: _make_order(shelved, row, customers) for row in shelved.history}
    Order.objects.bulk_create(orders.values(), batch_size=1000)
    return orders


def _make_order(shelved: Shelved, row: int, customers: dict[int, Customer]) -> Order:
    """Deliveries inside the live days are left out here: they come as events."""
    order: RetailOrder = shelved.retail.orders[row]
    delivered_at = shelved.delivered_at(row)
    return make_order(
        order,
        customer=None if order.customer is None else customers[order.customer],
        placed_at=shelved.placed_at(row),
        delivered_at=delivered_at if delivered_at < shelved.calendar.live_from else None,
        pence=shelved.pence(row),
        line_count=len(shelved.lines[row]),
    )


def _load_refunds(shelved: Shelved, orders: dict[int, Order]) -> int:
    rows = [
        Refund(
            external_id=refund.external_id,
            order=orders[refund.order],
            amount=to_money(refund.pence),
            currency=CURRENCY,
            refunded_at=shelved.calendar.move(refund.time),
        )
        for refund in shelved.retail.refunds
        if refund.order in orders and shelved.calendar.move(refund.time) < shelved.calendar.live_from
    ]
    return len(Refund.objects.bulk_create(rows, batch_size=1000))


def _load_consents(shelved: Shelved, customers: dict[int, Customer]) -> int:
    rows = [
        entry
        for customer in customers.values()
        for entry in make_consents(
            customer, first_order_at=customer.created_at, now=shelved.calendar.live_from
        )
    ]
    return len(ConsentEntry.objects.bulk_create(rows, batch_size=1000))
