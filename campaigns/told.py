"""What a message is about besides an order or a cart: what its event told, and the products to show.

A shop tells of parcels, reduced prices, birthdays and links to pass on in events; what an event said is
shown only as far as it is still true.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings

from campaigns.lines import Line
from campaigns.models import Message, Step
from recommendations.catalogue import Price, own_price, price_in, stock_in, title_in
from recommendations.feedback import fewer_url
from shop.models import Customer, Event, Product

TELLING = ("product.viewed", "product.back_in_stock", "product.price_reduced", "order.shipped",
           "customer.occasion", "referral.offered")  # fmt: skip
MOST_PRODUCTS = 5  # more than that are no longer looked at

Part = dict[str, Any]  # of a context


def read_events(messages: Iterable[Message]) -> dict[UUID, Event]:
    """The event of each message that was queued by one that tells something. One query at most."""
    by_message = {m.id: m.event_id for m in messages if m.event_id}
    if not by_message:
        return {}
    telling = Event.objects.filter(kind__in=TELLING).select_related("product")
    found = telling.in_bulk(set(by_message.values()))
    return {pk: found[event] for pk, event in by_message.items() if event in found}


def find_newest_event(customer: Customer) -> Event | None:
    """The last thing told of a customer, for a preview."""
    told = Event.objects.filter(customer=customer, kind__in=TELLING).select_related("product")
    return told.order_by("-occurred_at").first()


def describe_told(event: Event | None, lines: Sequence[Line], language: str) -> Part:
    """`shipment`, `occasion` and `referral` of a context; None for what the event does not tell."""
    said = event.payload if event else {}
    return {
        "shipment": _describe_shipment(said["shipment"], lines, language) if "shipment" in said else None,
        "occasion": {"years": 1, **said["occasion"]} if "occasion" in said else None,
        "referral": _describe_referral(said["referral"]) if "referral" in said else None,
    }


def list_products(message: Message, event: Event | None, lines: Sequence[Line], language: str) -> list[Part]:
    """What the email is about where it is no order and no cart: what the event or the order tells."""
    if event and event.product:
        return _describe_told_product(message, event, language)
    if message.step.products != Step.Products.ORDERED:
        return []
    bought = {line.product.pk: line.product for line in lines}
    return [describe_product(product, message, language) for product in [*bought.values()][:MOST_PRODUCTS]]


def find_lacking(needs: Iterable[str], context: Mapping[str, Any]) -> list[str]:
    """Which of a template's needs, such as `products` or `links.confirm`, the context does not meet."""
    return [need for need in needs if not _look_up(need.split("."), context)]


def _look_up(path: Sequence[str], found: Any) -> Any:
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def describe_product(product: Product, message: Message, language: str) -> Part:
    """A product by itself, priced in the customer's currency, or else in its own."""
    price = find_price(product, message)
    return {
        "title": title_in(product, language),
        "price": str(price.amount) if price else "",
        "currency": price.currency if price else "",
        "image": product.image_url,
        "url": product.url,
        "rating": read_rating(product),
        "review_url": _text(product.attributes.get("review_url")),
        "fewer": fewer_url(message.customer.uuid, [product.pk]),
    }


def find_price(product: Product, message: Message) -> Price | None:
    currency = message.customer.currency or settings.PAIRWELL["CURRENCY"]
    return price_in(product, currency) or own_price(product)


def read_rating(product: Product) -> Part | None:
    """`attributes.rating`: {"average": 4.6, "count": 128}; None where the shop says nothing of the kind."""
    rating = product.attributes.get("rating")
    if not isinstance(rating, Mapping):
        return None
    average, count = rating.get("average"), rating.get("count")
    if not isinstance(count, int) or count < 1 or not isinstance(average, int | float | str):
        return None
    return {"average": str(average), "count": count}


def _describe_told_product(message: Message, event: Event, language: str) -> list[Part]:
    """The product of the event, while it can be bought, and costs less where that is what was told."""
    product = event.product
    if product is None or not _is_for_sale(product, message.customer.country):
        return []
    described = describe_product(product, message, language)
    if event.kind != "product.price_reduced":
        return [described]
    before = _find_price_before(event.payload.get("reduction", {}), find_price(product, message))
    return [{**described, "price_before": before}] if before is not None else []


def _find_price_before(reduction: Mapping[str, Any], now: Price | None) -> str | None:
    """The price to cross out, "" where the shop vouches for none; None where it costs no less any more."""
    if not reduction or now is None or reduction["currency"] != now.currency:
        return ""
    before = Decimal(str(reduction["price_before"]))
    return str(before) if before > now.amount else None


def _is_for_sale(product: Product, country: str) -> bool:
    return product.status == Product.Status.ACTIVE and stock_in(product, country) != 0


def _describe_shipment(shipment: Mapping[str, Any], lines: Sequence[Line], language: str) -> Part:
    ordered = {line.product.external_id: line.product for line in lines}
    whole = [{"product": line.product.external_id, "quantity": line.quantity} for line in lines]
    packed = [(str(one["product"]), one["quantity"]) for one in shipment.get("lines", whole)]
    return {
        **{name: shipment.get(name, "") for name in ("carrier", "tracking_number", "tracking_url")},
        "expected_at": shipment.get("expected_at", ""),
        "lines": [
            {"title": title_in(ordered[key], language), "quantity": quantity}
            for key, quantity in packed
            if key in ordered
        ],
    }


def _describe_referral(referral: Mapping[str, Any]) -> Part:
    nothing = {"percent": "", "amount": ""}
    return {
        "url": referral["url"],
        "code": referral.get("code", ""),
        "friend": {**nothing, **referral["friend"]},
        "you": {**nothing, **referral["you"]},
    }


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
