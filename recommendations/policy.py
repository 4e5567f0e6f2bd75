"""The numbers that decide what may be recommended, in one place, each with its reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from django.conf import settings

from recommendations.models import OfferRules
from recommendations.models.decisions import MOST_BOOST, Fallback, SameType, Titles
from recommendations.scorers import MIN_SUPPORT

SMALL_SHOP_ORDERS = 500
SMALL_SHOP_SUPPORT = 3
WHOLE_SHOP_RULES = ""

__all__ = ["MOST_BOOST", "Fallback", "Policy", "SameType", "Titles", "read_policies", "read_policy"]


@dataclass(frozen=True)
class Policy:
    """What a build and a recommendation obey. `read_policy` gives the shop's own."""

    # How a build counts.
    history_days: int = 730
    half_life_days: float = 90.0  # a pair bought a season ago weighs half
    max_basket: int = 100  # the work grows with the square of a basket; wholesalers order hundreds of lines
    recent_days: int = 30
    neighbours_kept: int = 50
    models_kept: int = 3

    # What an email may show.
    min_support: int | None = None  # orders that hold both; empty: see `support_floor`
    min_score: float = 0.07  # below it, pairs looked random to a reader
    rebuy_days: int = 90
    most_picks: int = 3
    fewest_picks: int = 1
    is_all_or_nothing: bool = False  # the rule of three: `most_picks` or none
    most_anchors: int = 30  # a wholesale cart of 500 lines is about its first thirty
    dearest_complement: float = 5.0  # times the dearest anchor: the phone is no complement of its charger
    needs_image: bool = False
    is_one_per_type: bool = True  # costs .002 of HR@3 on UCI, and three cups look like a fault
    same_type: str = SameType.LEARNT
    fallback: str = Fallback.DEPARTMENTS  # a best-seller of another department goes with nothing here
    titles: str = Titles.WHERE_TRANSLATED
    most_ignored: int = 5  # shown so often without a click, the customer has answered

    # Boosts: 1.0 is none, and all together never raise a score by more than MOST_BOOST.
    margin_boost: float = 1.0
    new_boost: float = 1.0
    new_days: int = 30
    slow_boost: float = 1.0

    # What counts as a better one.
    price_band: tuple[float, float] = (1.1, 2.0)
    proving_owners: int = 3  # so many customers who own both prove a step up that the titles don't state

    def support_floor(self, order_count: int) -> int:
        """How many orders must hold both products: 5, or 3 in a shop with under 500 orders to learn from."""
        if self.min_support is not None:
            return self.min_support
        return MIN_SUPPORT if order_count >= SMALL_SHOP_ORDERS else SMALL_SHOP_SUPPORT

    @property
    def minimum(self) -> int:
        """With fewer picks than this the block is left out."""
        return self.most_picks if self.is_all_or_nothing else self.fewest_picks


def read_policy() -> Policy:
    """The policy of the whole shop: the defaults, then `settings.PAIRWELL`, then the shop's own row."""
    return read_policies([WHOLE_SHOP_RULES])[WHOLE_SHOP_RULES]


def read_policies(places: Iterable[str]) -> dict[str, Policy]:
    """The policy of each place, by place: the whole shop's with the place's own row on top. One query."""
    wanted = {WHOLE_SHOP_RULES, *places}
    rows = {row.place: row for row in OfferRules.objects.filter(place__in=wanted)}
    whole = _overlay(_read_settings(settings.PAIRWELL), rows.get(WHOLE_SHOP_RULES))
    return {place: whole if not place else _overlay(whole, rows.get(place)) for place in wanted}


def _read_settings(chosen: Mapping[str, Any]) -> Policy:
    whole_chain = chosen.get("RECOMMENDATION_FALLBACK_TO_POPULAR", False)
    return Policy(
        min_support=chosen.get("RECOMMENDATION_MIN_SUPPORT"),
        fallback=Fallback.SHOP if whole_chain else Policy.fallback,
    )


def _overlay(policy: Policy, row: OfferRules | None) -> Policy:
    if row is None:
        return policy
    names = {field.name for field in fields(Policy)} & {field.name for field in OfferRules._meta.fields}
    stated = {name: value for name in names if (value := getattr(row, name)) not in (None, "")}
    return replace(policy, **stated)
