"""What might be shown for a request, each slot from its own source, the best first."""

import math
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain

from recommendations.bestsellers import WHOLE_SHOP
from recommendations.catalogue import department_of, shelf_of_type, type_of
from recommendations.facts import Facts, anchors_of
from recommendations.histories import FEWEST_PURCHASES
from recommendations.models import Kind, Slot
from recommendations.neighbours import add_votes
from recommendations.offers import (
    HAND,
    KNOWN_SCORERS,
    NEIGHBOURS,
    OWN_RHYTHM,
    PIN,
    POPULAR,
    TYPE_PAIRS,
    Candidate,
    Request,
)
from recommendations.policy import Fallback, Policy
from recommendations.slots import DEFAULT_SETTING, slot_of
from recommendations.upcoming import given_of, key_of
from shop.models import Product


def find_learnt(request: Request, facts: Facts, policy: Policy, *, kind: Kind) -> Iterator[Candidate]:
    """Neighbours of the anchors, or best-sellers. Raises ValueError for a scorer that does not exist."""
    if request.scorer not in KNOWN_SCORERS:
        raise ValueError(f"There is no scorer {request.scorer!r}: use one of {KNOWN_SCORERS}.")
    if kind != Kind.COMPLEMENT:
        return _combine(request, facts, policy, kind=kind, table=kind)
    if request.scorer == POPULAR:
        return find_popular(request, facts, policy, reach=Fallback.SHOP)
    return _find_complements(request, facts, policy)


def _find_complements(request: Request, facts: Facts, policy: Policy) -> Iterator[Candidate]:
    """By the scorer that the request's slot chose; where best-sellers won, those first."""
    slot = slot_of(request)
    setting = facts.settings.get(slot, DEFAULT_SETTING)
    if setting.habit and slot == Slot.NEXT_NEW:
        found = _find_next(request, facts)
    else:
        found = _combine(request, facts, policy, kind=Kind.COMPLEMENT, table=setting.table)
    if _is_popular(slot, facts):
        found = chain(_sell_from([WHOLE_SHOP], facts), found)
    return _only_new(found, request, facts) if slot == Slot.NEXT_NEW else found


def _only_new(candidates: Iterator[Candidate], request: Request, facts: Facts) -> Iterator[Candidate]:
    """Without what the customer has, unless it is used up."""
    owned = facts.customer(request.customer_id).history.purchases
    return (
        candidate
        for candidate in candidates
        if candidate.product.id not in owned or candidate.product.attributes.get("consumable") is True
    )


def _find_next(request: Request, facts: Facts) -> Iterator[Candidate]:
    for ranked in facts.upcoming.get(key_of(Slot.NEXT_NEW, request), ()):
        if ranked.product_id in facts.products and ranked.because_of in facts.products:
            yield Candidate(
                product=facts.products[ranked.product_id],
                because_of=facts.products[ranked.because_of],
                kind=Kind.COMPLEMENT,
                score=ranked.score,
                support=ranked.support,
                scorer=NEIGHBOURS,
                relevance=ranked.relevance,
            )


def rank_without_rules(request: Request, facts: Facts, policy: Policy) -> list[int]:
    """Product keys as the slot's scorer says before any rule, the shop's best-sellers behind them: what the
    back-test measures. The slot is repeat or upgrade where the request wants these, else of complements."""
    if request.repeats:
        own = [row.product_id for row in facts.upcoming.get(key_of(Slot.REPEAT, request), ())]
        popular = list(_sell_from([WHOLE_SHOP], facts)) if _is_popular(Slot.REPEAT, facts) else []
        return list(dict.fromkeys([*(found.product.id for found in popular), *own]))
    kind = Kind.UPGRADE if request.upgrades else Kind.COMPLEMENT
    found: Iterator[Candidate] = chain(
        find_learnt(request, facts, policy, kind=kind), _sell_from([WHOLE_SHOP], facts)
    )
    if kind == Kind.COMPLEMENT and slot_of(request) == Slot.NEXT_NEW:
        found = _only_new(found, request, facts)
    here = {*request.anchors, *request.exclude}
    return list(dict.fromkeys(one.product.id for one in found if one.product.id not in here))


def _is_popular(slot: Slot, facts: Facts) -> bool:
    return facts.settings.get(slot, DEFAULT_SETTING).is_popular


def find_by_hand(request: Request, facts: Facts, policy: Policy) -> Iterator[Candidate]:
    """Pins first, then the complements that people named for the anchors."""
    for position, key in facts.handmade.pins_at(request.place):
        if key in facts.products:
            yield Candidate(facts.products[key], None, Kind.COMPLEMENT, 1.0, 0, PIN, position=position)
    for anchor in _anchors(request, facts, policy):
        for key in facts.handmade.complements_of(anchor):
            if key in facts.products:
                yield Candidate(facts.products[key], anchor, Kind.COMPLEMENT, 1.0, 0, HAND)


def find_services(request: Request, facts: Facts, policy: Policy, now: datetime) -> Iterator[Candidate]:
    """Services of the anchors whose window is open: days since the purchase, 0 before it."""
    days = max((now - request.bought_at).days, 0) if request.bought_at else 0
    for anchor in _anchors(request, facts, policy):
        for window in facts.handmade.services_of(anchor):
            if window.opens <= days <= window.closes and window.service_id in facts.products:
                yield Candidate(facts.products[window.service_id], anchor, Kind.SERVICE, 1.0, 0, HAND)


def find_repeats(request: Request, facts: Facts) -> Iterator[Candidate]:
    """By the customer's habits; the rules keep what is bought again and again, and is due."""
    owned = facts.customer(request.customer_id).history.purchases
    for key, score, *_behind in facts.upcoming.get(key_of(Slot.REPEAT, request), ()):
        if key in facts.products and key in owned and owned[key] >= FEWEST_PURCHASES:
            yield Candidate(facts.products[key], None, Kind.REPEAT, score, owned[key], OWN_RHYTHM)


def find_fallback(request: Request, facts: Facts, policy: Policy) -> Iterator[Candidate]:
    """Down the chain as far as the policy goes: types that go with the anchors, departments, the shop."""
    if policy.fallback == Fallback.NONE or request.complements < 1:
        return
    yield from _find_by_type(request, facts, policy)
    if policy.fallback in {Fallback.DEPARTMENTS, Fallback.SHOP}:
        yield from find_popular(request, facts, policy, reach=policy.fallback)


def find_popular(request: Request, facts: Facts, policy: Policy, *, reach: str) -> Iterator[Candidate]:
    """Best-sellers of the anchors' departments, then of the shop; the score is relative to the best."""
    departments = [department_of(anchor.category) for anchor in _anchors(request, facts, policy)]
    shelves = [shelf for shelf in departments if shelf != WHOLE_SHOP]
    if reach == Fallback.SHOP:
        shelves.append(WHOLE_SHOP)
    yield from _sell_from(dict.fromkeys(shelves), facts)


def _find_by_type(request: Request, facts: Facts, policy: Policy) -> Iterator[Candidate]:
    """Best-sellers of the types that go with an anchor's type, the surest type first."""
    seen: set[int] = set()
    for anchor in _anchors(request, facts, policy):
        for other, _score in facts.type_neighbours.get(type_of(anchor), ()):
            for key, sold in facts.bestsellers.get(shelf_of_type(other), ()):
                if key in facts.products and key not in seen:
                    seen.add(key)
                    yield Candidate(
                        facts.products[key], anchor, Kind.COMPLEMENT, 1.0 / (1 + len(seen)), sold, TYPE_PAIRS
                    )


def _sell_from(shelves: Iterable[str], facts: Facts) -> Iterator[Candidate]:
    seen: set[int] = set()
    for shelf in shelves:
        rows = facts.bestsellers.get(shelf, ())
        for key, sold in rows:
            if key in facts.products and key not in seen:
                seen.add(key)
                score = sold / rows[0][1]
                yield Candidate(facts.products[key], None, Kind.COMPLEMENT, score, sold, POPULAR)


def _combine(
    request: Request, facts: Facts, policy: Policy, *, kind: Kind, table: str
) -> Iterator[Candidate]:
    """The anchors' say on each product, the best first, because of the anchor that speaks loudest."""
    rows = {
        anchor: found
        for anchor in _given(request, facts, policy)
        if anchor in facts.products and (found := facts.neighbours.get((table, anchor)))
    }
    products = facts.products
    for key, square, anchor, support in zip(*add_votes(rows), strict=True):
        product = products.get(key)
        if product is not None:  # by place, as a batch makes ten thousand: names take twice the time
            yield Candidate(product, products[anchor], kind, math.sqrt(square), support, NEIGHBOURS)


def _given(request: Request, facts: Facts, policy: Policy) -> tuple[int, ...]:
    """The anchors, or the newest order of a customer whom the request asks about without any."""
    if request.anchors:
        return anchors_of(request, policy)
    return given_of(request, facts.customer(request.customer_id).history)[: policy.most_anchors]


def _anchors(request: Request, facts: Facts, policy: Policy) -> list[Product]:
    return [facts.products[key] for key in _given(request, facts, policy) if key in facts.products]
