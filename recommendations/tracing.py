"""The account of a pick, as it is kept with the message that showed it."""

from typing import Any

from recommendations.models import Kind
from recommendations.offers import BY_HAND, Pick
from recommendations.rules import RULES


def trace_of(pick: Pick, *, place: str = "") -> dict[str, Any]:
    """Plain data: the place and slot, what raised or lowered the score, the price, the rules it passed."""
    return {
        "place": place,
        "slot": Kind(pick.kind).value,
        "price": str(pick.price.amount),
        "currency": pick.price.currency,
        "factors": pick.trace.get("factors", []),
        "passed": [rule.code for rule in RULES if not (rule.is_relevance and pick.scorer in BY_HAND)],
    }
