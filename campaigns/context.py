"""What a template gets to see: plain data, read for a whole batch at once.

Money is a string and a time is ISO 8601, so that the context can be stored as JSON with the message and
rendered to the very same email again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from django.conf import settings

from audience.links import break_url, confirm_url, preferences_url, unsubscribe_url
from campaigns.envelopes import law_between
from campaigns.languages import format_money
from campaigns.lines import Line
from campaigns.models import Message, Step
from campaigns.told import describe_told, list_products, read_rating
from recommendations.bundles import Offer, describe_bundle
from recommendations.catalogue import price_in
from recommendations.engine import Pick, reason, title_in
from recommendations.feedback import fewer_url
from recommendations.models import Kind
from shop.models import Cart, Event, Order, Product

Context = dict[str, Any]


@dataclass
class Described:
    """What was described for a batch already: many emails of it show the same products."""

    shops: dict[str, Context] = field(default_factory=dict)
    products: dict[tuple[int, str], tuple[Pick, Context]] = field(default_factory=dict)  # picks live in it
    lines: dict[tuple[int, int, Decimal, str], Context] = field(default_factory=dict)

    def shop(self, country: str) -> Context:
        if country not in self.shops:
            self.shops[country] = describe_shop(country)
        return self.shops[country]

    def pick(self, pick: Pick, language: str) -> Context:
        key = id(pick), language
        if key not in self.products:
            self.products[key] = pick, _describe_pick(pick, language)
        return self.products[key][1]

    def line(self, line: Line, language: str) -> Context:
        key = line.product.id, line.quantity, line.unit_price, language
        if key not in self.lines:
            self.lines[key] = _describe_line(line, language)
        return self.lines[key]


def build_context(
    message: Message,
    lines: Sequence[Line],
    picks: Sequence[Pick],
    *,
    language: str,
    bundle: Offer | None = None,
    offer: Mapping[str, str] | None = None,
    event: Event | None = None,
    described: Described | None = None,
) -> Context:
    """The context of one message, as docs/architecture.md gives it. Touches no database.

    Contexts made with the same `described` share parts: nobody may change them.
    """
    customer, described = message.customer, described or Described()
    # Services and what is due again stand among them, each with its own reason.
    others = [p for p in picks if p.kind != Kind.UPGRADE]
    is_about_others = message.step.products == Step.Products.SUGGESTED
    return {
        "shop": described.shop(customer.country),
        "customer": {
            "name": customer.name,
            "first_name": customer.name.split(" ")[0] if customer.name else "",
            "language": language,
            "country": customer.country,
            "offer_leaving": law_between(customer.country).leaving_in_transactional,
        },
        "order": _describe_order(message.order, lines, language, described) if message.order else None,
        "cart": _describe_cart(message.cart, lines, language, described) if message.cart else None,
        "upgrades": [described.pick(p, language) for p in picks if p.kind == Kind.UPGRADE],
        "complements": [] if is_about_others else [described.pick(p, language) for p in others],
        "products": [_describe_suggested(p, message, language, described) for p in others]
        if is_about_others
        else list_products(message, event, lines, language),
        **describe_told(event, lines, language),
        "bundle": _describe_bundle(bundle, language) if bundle else None,
        "coupon": _describe_coupon(message, offer) if offer else None,
        "links": _make_links(message, picks, is_about_others=is_about_others),
    }


def _make_links(message: Message, picks: Sequence[Pick], *, is_about_others: bool) -> Context:
    customer = message.customer
    links = {
        "unsubscribe": unsubscribe_url(customer.uuid, message.id),
        "preferences": preferences_url(customer.uuid),
        "fewer": fewer_url(customer.uuid, [p.product.id for p in picks]),
    }
    if is_about_others:
        links["pause"] = break_url(customer.uuid)
    if message.campaign.is_legal and message.event_id:
        links["confirm"] = confirm_url(customer.uuid, message.event_id)
    return links


def describe_shop(country: str = "") -> Context:
    """Who writes. `legal` holds the lines that the law of the reader's country wants at the end."""
    config = settings.PAIRWELL
    legal = config["SHOP_LEGAL"]
    return {
        "name": config["SHOP_NAME"],
        "url": config["SHOP_URL"],
        "address": config["SHOP_ADDRESS"],
        "support_email": config["SUPPORT_EMAIL"],
        "logo": config["SHOP_LOGO"],
        "return_days": config["RETURN_DAYS"],
        "legal": legal.get(country or config["COUNTRY"], legal.get("", [])),
    }


def _describe_coupon(message: Message, offer: Mapping[str, str]) -> Context:
    """The offer of a variant, with a place for all it may say. Amounts are in the currency of the basket."""
    basket = message.order or message.cart
    nothing = {"percent": "", "amount": "", "minimum": "", "ends_at": ""}
    return {"currency": basket.currency if basket else settings.PAIRWELL["CURRENCY"], **nothing, **offer}


def _describe_order(order: Order, lines: Sequence[Line], language: str, described: Described) -> Context:
    return {
        "number": order.external_id,
        "placed_at": _iso(order.placed_at),
        "url": order.url or settings.PAIRWELL["SHOP_URL"],
        "currency": order.currency,
        "total": str(order.total),
        "lines": [described.line(line, language) for line in lines],
    }


def _describe_cart(cart: Cart, lines: Sequence[Line], language: str, described: Described) -> Context:
    total = sum((line.unit_price * line.quantity for line in lines), Decimal(0))
    return {
        "number": cart.external_id,
        "placed_at": _iso(cart.updated_at),
        "url": cart.url or settings.PAIRWELL["SHOP_URL"],
        "currency": cart.currency,
        "total": str(total),
        "lines": [described.line(line, language) for line in lines],
    }


def _describe_line(line: Line, language: str) -> Context:
    return {
        "title": title_in(line.product, language),
        "quantity": line.quantity,
        "unit_price": str(line.unit_price),
        "total": str(line.unit_price * line.quantity),
        "image": line.product.image_url,
        "url": line.product.url,
        "care": _care_of(line.product, language),
    }


def _care_of(product: Product, language: str) -> str:
    """How to look after it: `attributes.care`, a text or one per language; "" where the shop says nothing."""
    care = product.attributes.get("care") or ""
    if isinstance(care, dict):
        care = care.get(language) or care.get(language.split("-")[0]) or ""
    return care if isinstance(care, str) else ""


def _describe_pick(pick: Pick, language: str) -> Context:
    rating = read_rating(pick.product)
    return {
        "title": title_in(pick.product, language),
        "price": str(pick.price.amount),
        "currency": pick.price.currency,
        "image": pick.product.image_url,
        "url": pick.product.url,
        "reason": tell_reason(pick, language),
        "instead_of": _describe_replaced(pick, language) if pick.kind == Kind.UPGRADE else None,
        **({"rating": rating} if rating else {}),
    }


def _describe_suggested(pick: Pick, message: Message, language: str, described: Described) -> Context:
    """A suggestion that the email is about: its reader may wave each one away."""
    return {**described.pick(pick, language), "fewer": fewer_url(message.customer.uuid, [pick.product.id])}


def tell_reason(pick: Pick, language: str) -> Context:
    """Why a pick is shown, with money written as the email writes it."""
    write_money = partial(format_money, language=language)
    return reason(pick, language=language, write_money=write_money)


def _describe_bundle(bundle: Offer, language: str) -> Context:
    return {**describe_bundle(bundle, language=language), "sum": str(bundle.separately.amount)}


def _describe_replaced(pick: Pick, language: str) -> Context | None:
    """What the customer has, for an upgrade to stand beside; priced only in the same currency."""
    if pick.because_of is None:
        return None
    price = price_in(pick.because_of, pick.price.currency)
    return {
        "title": title_in(pick.because_of, language),
        "price": str(price.amount) if price else "",
        "image": pick.because_of.image_url,
        "url": pick.because_of.url,
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat()
