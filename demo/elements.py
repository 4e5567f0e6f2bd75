"""Events in the words of the HTTP API: what a shop would post, as plain dicts."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from demo.addresses import cart_url, order_url
from demo.deriving import CONSENT_TEXT, conditions_of

Element = dict[str, Any]
CartLine = tuple[str | Element, int, Decimal]  # product (its id or all of it), quantity, unit price


def order_placed(
    number: str,
    lines: Iterable[CartLine],
    *,
    at: datetime,
    currency: str,
    customer: Element | None = None,
    cart: str = "",
    marks: Element | None = None,
) -> Element:
    order: Element = {"id": number, "currency": currency, "url": order_url(number), "lines": _lines(lines)}
    order |= {"cart": cart} if cart else {}
    order |= {"attributes": marks} if marks else {}
    return _event("order.placed", number, at=at, customer=customer) | {"order": order}


def order_delivered(number: str, *, at: datetime) -> Element:
    return _event("order.delivered", number, at=at) | {"order": {"id": number}}


def order_refunded(number: str, *, at: datetime, refund: str, amount: Decimal) -> Element:
    body = {"id": refund, "amount": str(amount)}
    return _event("order.refunded", refund, at=at) | {"order": {"id": number}, "refund": body}


def cart_updated(
    number: str, lines: Iterable[CartLine], *, at: datetime, currency: str, customer: Element
) -> Element:
    """A cart made for the demo, which is what `is_derived` says."""
    cart: Element = {"id": number, "currency": currency, "url": cart_url(number), "lines": _lines(lines)}
    cart["is_derived"] = True
    return _event("cart.updated", number, at=at, customer=customer) | {"cart": cart}


def consent_granted(customer: Element, *, at: datetime, basis: str, proof: str) -> Element:
    consent = {"basis": basis, "proof": proof, "text": CONSENT_TEXT, **conditions_of(basis)}
    return _event("consent.granted", customer["id"], at=at, customer=customer) | {"consent": consent}


def consent_withdrawn(customer: Element, *, at: datetime, proof: str) -> Element:
    event = _event("consent.withdrawn", customer["id"], at=at, customer=customer)
    return event | {"consent": {"basis": "objection", "proof": proof}}


def occurred_at(element: Element) -> datetime:
    return datetime.fromisoformat(element["occurred_at"])


def sort_by_time(elements: Iterable[Element]) -> list[Element]:
    """In the order in which they happened; of one moment, in the order in which they were given."""
    return sorted(elements, key=occurred_at)


def _event(kind: str, about: str, *, at: datetime, customer: Element | None = None) -> Element:
    event: Element = {"id": f"{kind}:{about}", "kind": kind, "occurred_at": at.isoformat()}
    return event | ({"customer": customer} if customer else {})


def _lines(lines: Iterable[CartLine]) -> Sequence[Element]:
    return [
        {"product": product, "quantity": quantity, "unit_price": str(price)}
        for product, quantity, price in lines
    ]
