"""What an event states about a customer or a product."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from shop.models import Customer, Order, Product
from shop.rows import BatchRows, LineFact
from shop.values import (
    read_country,
    read_currency,
    read_email,
    read_id,
    read_language,
    read_money,
    read_time,
    read_timezone,
    read_url,
)

Readers = Mapping[str, Callable[[Any], object]]


def _same(value: object) -> object:
    return value


def _by_language(titles: dict[str, str]) -> dict[str, str]:
    return {read_language(language): title for language, title in titles.items()}


def _by_currency(prices: dict[str, Any]) -> dict[str, str]:
    return {read_currency(currency): str(read_money(price)) for currency, price in prices.items()}


CUSTOMER_READERS: Readers = {
    "email": read_email,
    "name": str.strip,
    "language": read_language,
    "country": read_country,
    "timezone": read_timezone,
    "currency": read_currency,
    "attributes": _same,
}
PRODUCT_READERS: Readers = {
    "title": str.strip,
    "titles": _by_language,
    "category": str.strip,
    "product_type": str.strip,
    "price": read_money,
    "currency": read_currency,
    "prices": _by_currency,
    "image_url": read_url,
    "url": read_url,
    "stock": int,
    "status": str,
    "attributes": _same,
}


def customer_of(element: dict[str, Any], at: datetime, rows: BatchRows) -> Customer | None:
    """The customer the element names, made where new; of one who was merged, the one who was kept.

    An id alone states nothing.
    """
    statement = element.get("customer")
    if statement is None:
        return None
    customer = rows.find_customer(read_id(statement["id"]))
    if customer is None:
        created_at = read_time(statement["created_at"]) if "created_at" in statement else at
        customer = rows.customers.add(Customer(external_id=read_id(statement["id"]), created_at=created_at))
    if statement.keys() & CUSTOMER_READERS.keys() and state(customer, statement, CUSTOMER_READERS, at):
        rows.customers.touch(customer)
    return customer


def state_product(statement: dict[str, Any], at: datetime, rows: BatchRows) -> Product:
    product = rows.products.get(read_id(statement["id"]))
    if product is None:
        created_at = read_time(statement["created_at"]) if "created_at" in statement else at
        product = rows.products.add(Product(external_id=read_id(statement["id"]), created_at=created_at))
    if state(product, statement, PRODUCT_READERS, at):
        rows.products.touch(product)
    return product


def state(row: Customer | Product | Order, statement: dict[str, Any], readers: Readers, at: datetime) -> bool:
    """Set the stated fields unless the row has heard something newer. True when they were set."""
    if row.stated_at is not None and at < row.stated_at:
        return False
    for name in readers.keys() & statement.keys():
        setattr(row, name, readers[name](statement[name]))
    row.stated_at = at
    return True


def product_mentions(element: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every product an element speaks of, with its path: an id, or an object that states the product."""
    if "product" in element:
        yield "product", element["product"]
    for part in ("order", "cart", "shipment"):
        for number, line in enumerate(element.get(part, {}).get("lines", ())):
            yield f"{part}.lines[{number}].product", line["product"]


def read_lines(lines: list[dict[str, Any]]) -> list[LineFact]:
    return [
        LineFact(_mentioned_id(line["product"]), int(line["quantity"]), read_money(line["unit_price"]))
        for line in lines
    ]


def _mentioned_id(mention: Any) -> str:
    return read_id(mention["id"] if isinstance(mention, dict) else mention)
