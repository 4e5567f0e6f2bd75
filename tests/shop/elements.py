"""Small valid elements to start from."""

from typing import Any

from shop.ingest import Receipt, record_events
from tests.factories import NOW

AT = "2026-03-02T11:00:00+00:00"


def line(product: object = "teapot", *, quantity: object = 1, price: object = "24.00") -> dict[str, Any]:
    return {"product": product, "quantity": quantity, "unit_price": price}


def order(number: object = "1001", **fields: Any) -> dict[str, Any]:
    return {"id": number, "currency": "GBP", "lines": [line()], **fields}


def cart(number: object = "cart-9", **fields: Any) -> dict[str, Any]:
    return {"id": number, "currency": "GBP", "lines": [line()], **fields}


def product(number: object = "teapot", **fields: Any) -> dict[str, Any]:
    return {"id": number, "title": "Porcelain teapot", "currency": "GBP", "price": "24.00", **fields}


def event(kind: str, *, number: object = "e1", at: str = AT, **parts: Any) -> dict[str, Any]:
    return {"id": number, "kind": kind, "occurred_at": at, **parts}


def placed(number: object = "e1", *, at: str = AT, customer: Any = "sara", **fields: Any) -> dict[str, Any]:
    return event("order.placed", number=number, at=at, customer={"id": customer}, order=order(**fields))


def record(*elements: object, source: str = "api") -> list[Receipt]:
    return record_events(elements, source=source, now=NOW)
