"""The numbers that decide what may be recommended, in one place, each with its reason."""

from dataclasses import dataclass

from django.conf import settings

from recommendations.scorers import MIN_SUPPORT

SMALL_SHOP_ORDERS = 500
SMALL_SHOP_SUPPORT = 3


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
    most_anchors: int = 30  # a wholesale cart of 500 lines is about its first thirty
    fallback_to_popular: bool = False
    dearest_complement: float = 5.0  # times the dearest anchor: the phone is no complement of its charger

    # What counts as a better one.
    price_band: tuple[float, float] = (1.1, 2.0)

    def support_floor(self, order_count: int) -> int:
        """How many orders must hold both products: 5, or 3 in a shop with under 500 orders to learn from."""
        if self.min_support is not None:
            return self.min_support
        return MIN_SUPPORT if order_count >= SMALL_SHOP_ORDERS else SMALL_SHOP_SUPPORT


def read_policy() -> Policy:
    """The policy with what the shop configured in `settings.PAIRWELL`, both keys optional."""
    chosen = settings.PAIRWELL
    return Policy(
        min_support=chosen.get("RECOMMENDATION_MIN_SUPPORT"),
        fallback_to_popular=bool(chosen.get("RECOMMENDATION_FALLBACK_TO_POPULAR", False)),
    )
