"""From a snapshot of facts to the products of one email. No database, no clock."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice, tee
from typing import Any

from recommendations.bestsellers import WHOLE_SHOP
from recommendations.candidates import (
    find_by_hand,
    find_fallback,
    find_learnt,
    find_repeats,
    find_services,
)
from recommendations.catalogue import Price, has_title_in, price_in, shelf_of_country
from recommendations.factors import rank_again
from recommendations.facts import Facts, anchors_of
from recommendations.handmade import Lists
from recommendations.models import Kind
from recommendations.offers import PIN, POPULAR, Candidate, Considered, Pick, Request
from recommendations.policy import Policy, Titles
from recommendations.rules import find_objection, find_rules, has_no_room, may_be_shown
from recommendations.situation import Common, Situation

TOO_FEW = "too_few"
PREVIEWED = 60  # candidates that tell whether the shop has the customer's currency and language


@dataclass(frozen=True)
class Outcome:
    """The picks, everything considered on the way, and why the block is hidden ("" or "too_few")."""

    picks: list[Pick]
    considered: list[Considered]
    hidden: str = ""


def choose(request: Request, facts: Facts, policy: Policy) -> list[Pick]:
    """At most three picks: upgrades, services, what is due again, complements. Nothing when too few pass the
    rules: the email hides the block.

    Where too few complements pass, the fallback of the policy steps in under the same rules. Raises
    ValueError for a scorer that does not exist.
    """
    return decide(request, facts, policy, is_complete=False).picks


def decide(request: Request, facts: Facts, policy: Policy, *, is_complete: bool = True) -> Outcome:
    """The same choice with the whole account of it: every candidate in the order the rules met it.

    Without `is_complete` it stops when the places are taken, and gives no account: of a thousand candidates
    that a large order has, ten are looked at.
    """
    policy = replace(policy, most_picks=request.most) if request.most else policy
    slots = _find_slots(request, facts, policy)
    sources = [tee(source) for source, _is_ranked in slots]
    preview = chain.from_iterable(peeked for _source, peeked in sources)
    situation = _describe(request, facts, policy, preview=preview)
    ranked = (
        rank_again(source, situation) if is_ranked else source
        for (source, _peeked), (_slot, is_ranked) in zip(sources, slots, strict=True)
    )
    considered = _consider(chain.from_iterable(ranked), situation, is_complete=is_complete)
    if len(situation.chosen) < policy.minimum and request.scorer != POPULAR:
        rest = find_fallback(request, facts, policy)
        considered += _consider(rank_again(rest, situation), situation, is_complete=is_complete)
    hidden = TOO_FEW if 0 < len(situation.chosen) < policy.minimum else ""
    picks = [] if hidden else _make_picks(situation, facts)
    return Outcome(picks, considered, hidden)


def _find_slots(request: Request, facts: Facts, policy: Policy) -> list[tuple[Iterator[Candidate], bool]]:
    """The sources in the order they are asked, and whether boosts and this customer's taste rank them again:
    what a person decided and what is due keeps its place."""
    slots: list[tuple[Iterator[Candidate], bool]] = []
    if request.upgrades > 0:
        slots.append((find_learnt(request, facts, policy, kind=Kind.UPGRADE), True))
    if request.services > 0:
        slots.append((find_services(request, facts, policy, facts.now), False))
    if request.repeats > 0:
        slots.append((find_repeats(request, facts), False))
    if request.complements > 0:
        slots.append((find_by_hand(request, facts, policy), False))
        slots.append((find_learnt(request, facts, policy, kind=Kind.COMPLEMENT), True))
    return slots


def _consider(
    candidates: Iterable[Candidate], situation: Situation, *, is_complete: bool = False
) -> list[Considered]:
    if not is_complete:
        _take(candidates, situation)
        return []
    considered = []
    for candidate in candidates:
        objection = find_objection(candidate, situation)
        considered.append(Considered(candidate, objection))
        if not objection:
            situation.take(candidate)
    return considered


def _take(candidates: Iterable[Candidate], situation: Situation) -> None:
    """The cheapest rule first: nobody asks which one it was."""
    rules, most = find_rules(situation), situation.policy.most_picks
    for candidate in candidates:
        if len(situation.chosen) >= most:
            return
        if not has_no_room(candidate, situation) and may_be_shown(candidate, situation, rules):
            situation.take(candidate)


def _describe(request: Request, facts: Facts, policy: Policy, *, preview: Iterator[Candidate]) -> Situation:
    customer = facts.customer(request.customer_id)
    country = customer.country or facts.home_country
    first = islice(chain(preview, find_fallback(request, facts, policy)), PREVIEWED)
    for_currency, for_language = tee(first)
    currency = _choose_currency(for_currency, request.currency)
    language = _choose_language(
        for_language, request.language or customer.language, policy, shop_language=facts.home_language
    )
    situation = Situation(
        policy=policy,
        anchors=tuple(facts.products[key] for key in anchors_of(request, policy) if key in facts.products),
        exclude=request.exclude | frozenset(request.anchors),
        support_floor=facts.support_floor if policy.min_support is None else policy.min_support,
        collected_types=facts.collected_types,
        room={
            Kind.UPGRADE: request.upgrades,
            Kind.COMPLEMENT: request.complements,
            Kind.SERVICE: request.services,
            Kind.REPEAT: request.repeats,
        },
        now=facts.now,
        moment=request.moment,
        currency=currency,
        language=language,
        shop_language=facts.home_language,
        country=country,
        customer=customer,
        lists=facts.handmade.lists.get(request.place, _NO_LISTS),
        popular=facts.popular_on(WHOLE_SHOP),
        popular_here=facts.popular_on(shelf_of_country(country)),
        common=facts.common.setdefault(
            (request.place, request.moment, currency, language, country), Common()
        ),
    )
    if situation.common.dearest is None:
        situation.note_prices(facts.products.values())
    return situation


_NO_LISTS = Lists()


def _choose_currency(candidates: Iterator[Candidate], currency: str) -> str:
    """The customer's currency where any candidate has a price in it; else "": each product in its own.

    A shop that sells in one currency thus still writes to a customer whose profile names another, and one
    that has prices in the customer's never mixes two in an email.
    """
    return currency if any(price_in(candidate.product, currency) for candidate in candidates) else ""


def _choose_language(
    candidates: Iterator[Candidate], language: str, policy: Policy, *, shop_language: str
) -> str:
    """The language that titles must be in, "" where any will do: where the shop has translated nothing that
    could be shown, titles in its own language are what its customers know."""
    if not language or policy.titles == Titles.ANY:
        return ""
    if policy.titles == Titles.OWN_LANGUAGE:
        return language
    is_translated = any(
        has_title_in(candidate.product, language, shop_language=shop_language) for candidate in candidates
    )
    return language if is_translated else ""


def _make_picks(situation: Situation, facts: Facts) -> list[Pick]:
    """In the order chosen, the pinned ones on their positions."""
    order = [candidate for candidate in situation.chosen if candidate.scorer != PIN]
    pins = sorted((c for c in situation.chosen if c.scorer == PIN), key=lambda pin: pin.position)
    for pin in pins:
        order.insert(pin.position - 1, pin)
    return [
        _pick(rank, candidate, price, model_id=facts.model_id)
        for rank, candidate in enumerate(order)
        if (
            price := situation.price_of(candidate.product)
        )  # always: the rules let none without a price through
    ]


def _pick(rank: int, candidate: Candidate, price: Price, *, model_id: int | None) -> Pick:
    trace: dict[str, Any] = {"factors": [[name, round(value, 4)] for name, value in candidate.factors]}
    return Pick(
        product=candidate.product,
        because_of=candidate.because_of,
        kind=candidate.kind,
        rank=rank,
        score=candidate.score,
        support=candidate.support,
        scorer=candidate.scorer,
        model_id=model_id,
        price=price,
        trace=trace,
    )
