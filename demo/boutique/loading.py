"""The boutique's products, people and past as rows. Fast enough for a test's set-up: well under a second."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from audience.models import ConsentEntry
from demo.addresses import order_url
from demo.boutique.catalogue import (
    BASE_CURRENCY,
    LANGUAGES,
    describe_product,
    price_in,
    read_people,
    read_products,
)
from demo.boutique.history import DAYS, MadeUpOrder, make_up_history
from demo.deriving import CONSENT_TEXT, conditions_of
from demo.seeded import name_uuid
from shop.models import Customer, Order, OrderLine, Product

MADE_UP = {"is_made_up": True}


@dataclass(frozen=True, slots=True)
class Boutique:
    """What was loaded, by external id."""

    products: dict[str, Product]
    customers: dict[str, Customer]
    orders: dict[str, Order]

    def speaker_of(self, language: str) -> Customer:
        """The first customer who reads this language. Raises KeyError where nobody does."""
        for customer in self.customers.values():
            if customer.language == language:
                return customer
        raise KeyError(f"Nobody in the boutique reads {language!r}; there are {', '.join(LANGUAGES)}.")


@transaction.atomic
def load_boutique(now: datetime) -> Boutique:
    """Catalogue, named customers with their consents, and the made-up orders of the half year before `now`.

    Writes no events: `demo.boutique.days.tell_boutique` tells those.
    """
    products = _load_products(now - timedelta(days=DAYS + 1))
    customers = _load_people(now - timedelta(days=DAYS))
    return Boutique(products, customers, _load_orders(products, list(make_up_history(now))))


def _load_products(created_at: datetime) -> dict[str, Product]:
    rows = []
    for described in map(describe_product, read_products()):
        price = Decimal(described.pop("price"))
        code = described.pop("id")
        rows.append(Product(external_id=code, price=price, created_at=created_at, **described))
    return {row.external_id: row for row in Product.objects.bulk_create(rows)}


def _load_people(since: datetime) -> dict[str, Customer]:
    rows = [
        Customer(
            external_id=person["id"],
            uuid=name_uuid(person["id"]),
            created_at=since,
            attributes={"segment": "boutique"} | MADE_UP,
            **{key: person[key] for key in ("name", "email", "language", "country", "timezone", "currency")},
        )
        for person in read_people()
    ]
    Customer.objects.bulk_create(rows)
    bases = {person["id"]: person["consent"] for person in read_people()}
    ConsentEntry.objects.bulk_create(_say(row, bases[row.external_id], since) for row in rows)
    return {row.external_id: row for row in rows}


def _say(customer: Customer, basis: str, at: datetime) -> ConsentEntry:
    is_no = basis == ConsentEntry.Basis.OBJECTION
    return ConsentEntry(
        customer=customer,
        state=ConsentEntry.State.WITHDRAWN if is_no else ConsentEntry.State.GRANTED,
        basis=basis,
        conditions=conditions_of(basis),
        source="demo",
        proof="made up for the sample shop" + ("" if is_no else f" · {CONSENT_TEXT}"),
        occurred_at=at,
        recorded_at=at,
    )


def _load_orders(products: dict[str, Product], made_up: Sequence[MadeUpOrder]) -> dict[str, Order]:
    orders = Order.objects.bulk_create(_make_order(order) for order in made_up)
    OrderLine.objects.bulk_create(
        OrderLine(order=row, product=products[code], quantity=1, unit_price=price_in(code, BASE_CURRENCY))
        for row, order in zip(orders, made_up, strict=True)
        for code in order.products
    )
    return {row.external_id: row for row in orders}


def _make_order(order: MadeUpOrder) -> Order:
    return Order(
        external_id=order.number,
        placed_at=order.placed_at,
        delivered_at=order.placed_at + timedelta(days=3),
        currency=BASE_CURRENCY,
        total=sum((price_in(code, BASE_CURRENCY) for code in order.products), Decimal(0)),
        url=order_url(order.number),
        attributes=MADE_UP,
    )
