"""A product with one or two others that go with it and with each other, for one honest price.

A bundle that the shop sells has a price of its own; without one the price is the sum, and no saving is named.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import combinations
from typing import Any

from django.db.models import Q

from recommendations.catalogue import Price, own_price, price_in, title_in, type_of
from recommendations.choosing import choose
from recommendations.facts import Facts, read_facts
from recommendations.models import Bundle, Kind, Neighbour
from recommendations.offers import Pick, Request
from recommendations.policy import Policy, read_policies
from shop.models import Product

CANDIDATES = 6
FEWEST = 2

Pairs = Mapping[tuple[int, int], int]


@dataclass(frozen=True)
class Offer:
    """`products` begin with the anchor. `price` is what they cost together, `sum` what they cost one by one;
    `saving` is None unless it is real. `support` is the weakest pair's number of orders."""

    products: tuple[Product, ...]
    price: Price
    sum: Price
    saving: Price | None
    support: int
    bundle_id: str = ""
    url: str = ""


@dataclass(frozen=True)
class _Stored:
    bundle: Bundle
    keys: frozenset[int]


def offer_bundles(requests: Sequence[Request], now: datetime) -> list[Offer | None]:
    """The best bundle of each request's first anchor, or None; a fixed number of queries for all of them.

    The others of a bundle pass every rule that a single complement passes, are of types of their own, and have
    been bought with each other as well as with the anchor.
    """
    if not requests:
        return []
    wide = [
        replace(request, complements=CANDIDATES, upgrades=0, services=0, repeats=0) for request in requests
    ]
    policies = read_policies(request.place for request in wide)
    facts = read_facts(wide, now, policies)
    picks = [choose(request, facts, _widen(policies[request.place])) for request in wide]
    pairs = _read_pairs(facts, picks)
    stored = _read_stored({request.anchors[0] for request in wide if request.anchors}, now)
    return [_offer(request, facts, found, pairs, stored) for request, found in zip(wide, picks, strict=True)]


def describe_bundle(offer: Offer, *, language: str = "") -> dict[str, Any]:
    """The bundle as plain data for a template or an answer: money is text."""
    return {
        "products": [_describe(product, offer.price.currency, language) for product in offer.products],
        "price": str(offer.price.amount),
        "sum": str(offer.sum.amount),
        "saving": str(offer.saving.amount) if offer.saving else "",
        "currency": offer.price.currency,
        "support": offer.support,
        "url": offer.url,
    }


def _describe(product: Product, currency: str, language: str) -> dict[str, str]:
    price = _price(product, currency)
    return {
        "id": product.external_id,
        "title": title_in(product, language),
        "price": str(price.amount) if price else "",
        "currency": currency,
        "image": product.image_url,
        "url": product.url,
    }


def _widen(policy: Policy) -> Policy:
    """More to choose from than an email shows, and only what orders or people say goes with it."""
    return replace(policy, most_picks=CANDIDATES, fewest_picks=1, is_all_or_nothing=False, fallback="none")


def _read_pairs(facts: Facts, picks: Sequence[Sequence[Pick]]) -> dict[tuple[int, int], int]:
    """How many orders hold two of the picked products, for those that were ever counted."""
    keys = {pick.product.pk for found in picks for pick in found}
    rows = Neighbour.objects.filter(
        model=facts.model_id, kind=Kind.COMPLEMENT, product__in=keys, neighbour__in=keys
    )
    pairs: dict[tuple[int, int], int] = {}
    for left, right, support in rows.values_list("product_id", "neighbour_id", "support"):
        key = (min(left, right), max(left, right))
        pairs[key] = max(support, pairs.get(key, 0))
    return pairs


def _read_stored(anchors: set[int], now: datetime) -> list[_Stored]:
    today = now.date()
    in_force = Q(starts_on=None) | Q(starts_on__lte=today)
    rows = Bundle.objects.filter(in_force, Q(ends_on=None) | Q(ends_on__gte=today), products__in=anchors)
    return [
        _Stored(row, frozenset(product.pk for product in row.products.all()))
        for row in rows.distinct().prefetch_related("products")
    ]


def _offer(
    request: Request, facts: Facts, picks: Sequence[Pick], pairs: Pairs, stored: Sequence[_Stored]
) -> Offer | None:
    anchor = facts.products.get(request.anchors[0]) if request.anchors else None
    if anchor is None or not picks:
        return None
    price = _price(anchor, picks[0].price.currency)
    if price is None:
        return None
    together = [pick for pick in picks if pick.price.currency == price.currency]
    for chosen in _combine(anchor, together, pairs):
        return _price_bundle(anchor, price, chosen, pairs, stored)
    return None


def _combine(anchor: Product, picks: Sequence[Pick], pairs: Pairs) -> list[tuple[Pick, ...]]:
    """Two that were bought with each other, the best first; then the best alone."""
    fitting = [pick for pick in picks if type_of(pick.product) != type_of(anchor) or not type_of(anchor)]
    mutual = [pair for pair in combinations(fitting, 2) if _key(*pair) in pairs and _differ_in_type(*pair)]
    mutual.sort(key=lambda pair: -sum(pick.score for pick in pair))
    return [*mutual[:1], *((pick,) for pick in fitting[:1])]


def _price_bundle(
    anchor: Product, price: Price, chosen: Sequence[Pick], pairs: Pairs, stored: Sequence[_Stored]
) -> Offer:
    products = (anchor, *(pick.product for pick in chosen))
    total = price.amount + sum((pick.price.amount for pick in chosen), Decimal(0))
    support = min([pick.support for pick in chosen] + [pairs[_key(*chosen)]] * (len(chosen) == FEWEST))
    one_by_one = Price(total, price.currency)
    keys = frozenset(product.pk for product in products)
    for row in stored:
        real = row.keys == keys and row.bundle.currency == price.currency and row.bundle.price < total
        if real:
            saving = Price(total - row.bundle.price, price.currency)
            cost = Price(row.bundle.price, price.currency)
            return Offer(products, cost, one_by_one, saving, support, row.bundle.external_id, row.bundle.url)
    return Offer(products, one_by_one, one_by_one, None, support)


def _price(product: Product, currency: str) -> Price | None:
    return price_in(product, currency) if currency else own_price(product)


def _key(left: Pick, right: Pick) -> tuple[int, int]:
    first, second = left.product.pk, right.product.pk
    return min(first, second), max(first, second)


def _differ_in_type(left: Pick, right: Pick) -> bool:
    kind, other = type_of(left.product), type_of(right.product)
    return not kind or not other or kind != other
