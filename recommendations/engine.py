"""Which products an email shows, why these, and why not the others."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from recommendations.catalogue import price_in
from recommendations.choosing import choose, consider
from recommendations.facts import read_facts
from recommendations.models import Kind
from recommendations.offers import POPULAR, Candidate, Considered, Pick, Request
from recommendations.policy import read_policy
from shop.models import Product

__all__ = ["Candidate", "Considered", "Pick", "Request", "explain", "reason", "recommend"]


def recommend(requests: Sequence[Request], now: datetime) -> list[list[Pick]]:
    """The picks of each request, in the requests' order, read in at most six queries together.

    Each list holds at most three, upgrades first, and is empty when nothing passes the rules: then the
    email leaves the block out. Raises ValueError for an unknown scorer.
    """
    if not requests:
        return []
    policy = read_policy()
    facts = read_facts(requests, now, policy)
    return [choose(request, facts, policy) for request in requests]


def explain(request: Request, now: datetime) -> list[Considered]:
    """Every candidate of a request with what became of it. Those without an objection are what is shown."""
    policy = read_policy()
    return consider(request, read_facts([request], now, policy), policy)


def reason(pick: Pick, *, language: str = "") -> dict[str, Any]:
    """Why a pick is shown, for a text to say: code, because_of (a title), support, price_difference.

    `code` is bought_together, better_version or popular. Titles come in the language where the shop has
    them. `price_difference` is {"amount": "12.50", "currency": "GBP"} for an upgrade, else None.
    """
    return {
        "code": _code_of(pick),
        "because_of": title_in(pick.because_of, language) if pick.because_of else "",
        "support": pick.support,
        "price_difference": _price_difference(pick),
    }


def title_in(product: Product, language: str) -> str:
    """The title in a language ("fa-IR" is content with "fa"), or the product's own."""
    titles = product.titles
    return str(titles.get(language) or titles.get(language.split("-")[0]) or product.title)


def _code_of(pick: Pick) -> str:
    if pick.kind == Kind.UPGRADE:
        return "better_version"
    return "popular" if pick.scorer == POPULAR else "bought_together"


def _price_difference(pick: Pick) -> dict[str, str] | None:
    if pick.kind != Kind.UPGRADE or pick.because_of is None:
        return None
    before = price_in(pick.because_of, pick.price.currency)
    if before is None:
        return None
    return {"amount": str(pick.price.amount - before.amount), "currency": pick.price.currency}
