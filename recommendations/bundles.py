"""A product with one or two others that go with it and with each other, for one honest price.

A bundle that the shop sells has a price of its own; without one the price is the sum, and no saving is named.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import combinations
from typing import Any

from recommendations.catalogue import Price, own_price, price_in, title_in, type_of
from recommendations.choosing import choose
from recommendations.facts import Facts, read_facts
from recommendations.models import Bundle, Kind, Neighbour
from recommendations.offers import Pick, Request
from recommendations.policy import Policy, read_policies
from shop.models import Product

CANDIDATES = 6

Pairs = Mapping[tuple[int, int], int]


@dataclass(frozen=True)
class Offer:
    """`picks` begin with the anchor. `price` is what they cost together, `separately` what they cost one by
    one; `saving` is None unless it is real. `support` is the weakest pair's number of orders."""

    picks: tuple[Pick, ...]
    price: Price
    separately: Price
    saving: Price | None
    support: int
    bundle_id: str = ""
    title: str = ""
    url: str = ""


@dataclass(frozen=True)
class _Stored:
    bundle: Bundle
    keys: frozenset[int]


def offer_bundles(requests: Sequence[Request], now: datetime) -> list[Offer | None]:
    """The best bundle of each request's first anchor, or None; a fixed number of queries for all of them.

    The others of a bundle pass every rule that a single complement passes, are of types of their own, and
    have been bought with each other as well as with the anchor. A bundle that the shop sells goes first.
    """
    if not requests:
        return []
    wide = [r._replace(complements=CANDIDATES, upgrades=0, services=0, repeats=0) for r in requests]
    policies = read_policies(request.place for request in wide)
    stored = _read_stored({request.anchors[0] for request in wide if request.anchors}, now)
    facts = _add_parts(read_facts(wide, now, policies), stored)
    picks = [choose(request, facts, _widen(policies[request.place])) for request in wide]
    pairs = _read_pairs(facts, picks)
    return [_offer(request, facts, found, pairs, stored) for request, found in zip(wide, picks, strict=True)]


def describe_bundle(offer: Offer, *, language: str = "") -> dict[str, Any]:
    """The bundle as plain data for a template or an answer: money is text."""
    return {
        "title": offer.title,
        "products": [_describe(pick, language) for pick in offer.picks],
        "price": str(offer.price.amount),
        "separately": str(offer.separately.amount),
        "saving": str(offer.saving.amount) if offer.saving else "",
        "currency": offer.price.currency,
        "support": offer.support,
        "url": offer.url,
    }


def _describe(pick: Pick, language: str) -> dict[str, str]:
    return {
        "id": pick.product.external_id,
        "title": title_in(pick.product, language),
        "price": str(pick.price.amount),
        "currency": pick.price.currency,
        "image": pick.product.image_url,
        "url": pick.product.url,
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
    rows = Bundle.objects.filter(Bundle.in_force(now.date()), products__in=anchors)
    return [
        _Stored(row, frozenset(product.pk for product in row.products.all()))
        for row in rows.distinct().prefetch_related("products")
    ]


def _add_parts(facts: Facts, stored: Sequence[_Stored]) -> Facts:
    """The parts of the shop's own bundles are complements that a person named."""
    parts: dict[int, list[int]] = defaultdict(list)
    for row in stored:
        for key in row.keys:
            parts[key] += sorted(row.keys - {key})
    complements = {key: [*keys, *facts.handmade.complements.get(key, ())] for key, keys in parts.items()}
    products = {product.pk: product for row in stored for product in row.bundle.products.all()}
    return replace(
        facts,
        products={**products, **facts.products},
        handmade=replace(facts.handmade, complements={**facts.handmade.complements, **complements}),
    )


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
    own = _find_own(anchor, together, stored)
    chosen = own[0] if own else next(iter(_combine(anchor, together, pairs)), ())
    return _price_bundle(anchor, price, chosen, pairs, own[1] if own else None) if chosen else None


def _find_own(
    anchor: Product, picks: Sequence[Pick], stored: Sequence[_Stored]
) -> tuple[tuple[Pick, ...], Bundle] | None:
    """The first bundle of the shop whose other products may all be shown."""
    by_key = {pick.product.pk: pick for pick in picks}
    for row in stored:
        others = row.keys - {anchor.pk}
        if anchor.pk in row.keys and others and others <= by_key.keys():
            return tuple(by_key[key] for key in sorted(others)), row.bundle
    return None


def _combine(anchor: Product, picks: Sequence[Pick], pairs: Pairs) -> list[tuple[Pick, ...]]:
    """Two that were bought with each other, the best first; then the best alone."""
    fitting = [pick for pick in picks if type_of(pick.product) != type_of(anchor) or not type_of(anchor)]
    mutual = [pair for pair in combinations(fitting, 2) if _key(*pair) in pairs and _differ_in_type(*pair)]
    mutual.sort(key=lambda pair: -sum(pick.score for pick in pair))
    return [*mutual[:1], *((pick,) for pick in fitting[:1])]


def _price_bundle(
    anchor: Product, price: Price, chosen: Sequence[Pick], pairs: Pairs, own: Bundle | None
) -> Offer:
    """The shop's price where it is a real saving, else the sum of the parts."""
    total = price.amount + sum((pick.price.amount for pick in chosen), Decimal(0))
    among = [pairs.get(_key(left, right), 0) for left, right in combinations(chosen, 2)]
    support = min([pick.support for pick in chosen] + among)
    apart = Price(total, price.currency)
    first = chosen[0]._replace(product=anchor, because_of=None, rank=0, price=price)
    offer = Offer((first, *chosen), apart, apart, None, support)
    if own is None or own.currency != price.currency or own.price >= total:
        return offer
    cost, saving = (Price(amount, price.currency) for amount in (own.price, total - own.price))
    return replace(offer, price=cost, saving=saving, bundle_id=own.external_id, title=own.title, url=own.url)


def _price(product: Product, currency: str) -> Price | None:
    return price_in(product, currency) if currency else own_price(product)


def _key(left: Pick, right: Pick) -> tuple[int, int]:
    first, second = left.product.pk, right.product.pk
    return min(first, second), max(first, second)


def _differ_in_type(left: Pick, right: Pick) -> bool:
    kind, other = type_of(left.product), type_of(right.product)
    return not kind or not other or kind != other
