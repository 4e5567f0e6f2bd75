"""The account of a pick, as it is kept with the message that showed it."""

import hashlib
from collections.abc import Mapping
from typing import Any

from recommendations.models import Kind, RuleBook
from recommendations.offers import BY_HAND, Pick
from recommendations.rules import RULES

_CODES = [rule.code for rule in RULES]
_RELEVANCE = [rule.code for rule in RULES if rule.is_relevance]
_DIGEST = hashlib.sha256(f"{_CODES} {_RELEVANCE}".encode()).hexdigest()[:16]


def trace_of(pick: Pick, *, place: str = "") -> dict[str, Any]:
    """Plain data: the place and slot, what raised or lowered the score, the price, and by its digest the
    book of rules that it passed. Whoever stores it sees to it that the book is there (`keep_rule_book`)."""
    return {
        "place": place,
        "slot": Kind(pick.kind).value,
        "price": str(pick.price.amount),
        "currency": pick.price.currency,
        "factors": pick.trace.get("factors", []),
        "rules": _DIGEST,
    }


def keep_rule_book() -> None:
    """Writes down the rules of this release, once. One query, two the first time."""
    if not RuleBook.objects.filter(pk=_DIGEST).exists():
        book = RuleBook(digest=_DIGEST, codes=_CODES, relevance=_RELEVANCE)
        RuleBook.objects.bulk_create([book], ignore_conflicts=True)


def read_passed(trace: Mapping[str, Any], *, scorer: str) -> list[str]:
    """The codes of the rules that a pick passed, as they were when it was shown. One query."""
    book = RuleBook.objects.get(pk=trace["rules"])
    waived = book.relevance if scorer in BY_HAND else ()
    return [code for code in book.codes if code not in waived]
