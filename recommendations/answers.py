"""The answer to a shop's own pages: products as plain data, kept for a minute."""

from datetime import datetime
from hashlib import sha256
from typing import Any

from django.core.cache import cache

from recommendations.bundles import describe_bundle, offer_bundles
from recommendations.catalogue import title_in
from recommendations.engine import recommend
from recommendations.models import Kind
from recommendations.offers import Pick
from recommendations.questions import Question
from recommendations.reasons import reason
from recommendations.withholding import find_withheld

SECONDS = 60
NOTHING_FITS = "nothing_fits"


def answer(question: Question, now: datetime) -> dict[str, Any]:
    """What to show, with the reasons; `empty_because` where it is nothing: no_suggestions, held_out or
    nothing_fits. Holds products only, and nothing that tells who asked.

    The same question is answered from memory for a minute. Whether the customer wants any suggestions is
    looked up every time.
    """
    withheld = find_withheld([question.customer], now) if question.customer else {}
    if withheld:
        return _nothing(question, next(iter(withheld.values())))
    key = _key_of(question)
    known = cache.get(key)
    if known is None:
        known = _work_out(question, now)
        cache.set(key, known, SECONDS)
    return dict(known)


def _work_out(question: Question, now: datetime) -> dict[str, Any]:
    if question.kind == "bundle":
        [offer] = offer_bundles([question.request._replace(most=None)], now)
        found = describe_bundle(offer, language=question.language) if offer else None
        return {**_nothing(question, "" if offer else NOTHING_FITS), "bundle": found}
    [picks] = recommend([question.request], now)
    shown = [describe_pick(pick, question.language) for pick in picks]
    return {**_nothing(question, "" if picks else NOTHING_FITS), "recommendations": shown}


def _nothing(question: Question, code: str) -> dict[str, Any]:
    return {"kind": question.kind, "recommendations": [], "bundle": None, "empty_because": code}


def describe_pick(pick: Pick, language: str) -> dict[str, Any]:
    """A pick for a page: the product, its price, and why it is there."""
    return {
        "product": pick.product.external_id,
        "title": title_in(pick.product, language),
        "price": str(pick.price.amount),
        "currency": pick.price.currency,
        "image": pick.product.image_url,
        "url": pick.product.url,
        "kind": Kind(pick.kind).value,
        "rank": pick.rank,
        "score": round(pick.score, 6),
        "scorer": pick.scorer or "neighbours",
        "model": pick.model_id,
        "reason": reason(pick, language=language),
    }


def _key_of(question: Question) -> str:
    text = repr((question.request, question.kind, question.language))
    return "recommendations:" + sha256(text.encode()).hexdigest()
