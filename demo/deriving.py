"""What the source doesn't have and the demo derives: deliveries, consents, carts, stock.

Everything here is a seeded draw over real ids, so that two runs agree, and none of it is a measurement.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from demo.seeded import draw, draw_between

EXPLICIT_SHARE = 0.12
REFUSED_SHARE = 0.08
ORDERED_CART_SHARE = 0.25
ABANDONED_SHARE = 0.10
LATER_SHARE = 0.40
OUT_OF_STOCK_SHARE = 0.03

CONSENT_TEXT = "Yes, send me offers and suggestions by email."
DERIVED_PROOF = "derived for the sample shop, seeded"


class Attitude(StrEnum):
    """What a customer said about marketing: soft opt-in with the first order, a plain yes, or a no."""

    SOFT_OPT_IN = "soft_opt_in"
    EXPLICIT = "explicit"
    OBJECTED = "objected"
    WITHDREW = "withdrew"


class CartFate(StrEnum):
    NONE = "none"  # no cart was seen: the order is all there is
    ORDERED = "ordered"  # a cart some time before the order
    LATER = "later"  # the order comes one or two days after the cart
    ABANDONED = "abandoned"  # the real order is withheld


@dataclass(frozen=True, slots=True)
class CartStory:
    """When the cart was last touched and when the order came, None where it never does."""

    fate: CartFate
    updated_at: datetime
    ordered_at: datetime | None


def conditions_of(basis: str) -> dict[str, str | bool]:
    """What makes the customer relation of a made-up buyer a basis: a sale, and a way to refuse then."""
    return {"sale": "first order", "opt_out_offered": True} if basis == "soft_opt_in" else {}


def choose_attitude(customer: str) -> Attitude:
    """About 80 % soft opt-in, 12 % explicit, 4 % objected at once, 4 % withdrew later."""
    chance = draw("consent", customer)
    if chance < REFUSED_SHARE / 2:
        return Attitude.OBJECTED
    if chance < REFUSED_SHARE:
        return Attitude.WITHDREW
    return Attitude.EXPLICIT if chance < REFUSED_SHARE + EXPLICIT_SHARE else Attitude.SOFT_OPT_IN


def tell_cart(order: str, placed_at: datetime) -> CartStory:
    """The cart of a real order: 25 % ordered, 6 % abandoned, 4 % ordered later, else none seen."""
    chance = draw("cart", order)
    if chance < ABANDONED_SHARE * LATER_SHARE:
        wait = timedelta(minutes=draw_between(24 * 60, 48 * 60, "later", order))
        return CartStory(CartFate.LATER, placed_at, placed_at + wait)
    if chance < ABANDONED_SHARE:
        return CartStory(CartFate.ABANDONED, placed_at, None)
    if chance < ABANDONED_SHARE + ORDERED_CART_SHARE:
        before = timedelta(minutes=draw_between(10, 360, "before", order))
        return CartStory(CartFate.ORDERED, placed_at - before, placed_at)
    return CartStory(CartFate.NONE, placed_at, placed_at)


def choose_delivery(order: str, placed_at: datetime, *, country: str) -> datetime:
    """Two to five days later at home, four to nine abroad, in working hours."""
    low, high = (2, 5) if country in {"GB", ""} else (4, 9)
    day = placed_at.date() + timedelta(days=draw_between(low, high, "delivery", order))
    minutes = draw_between(9 * 60, 18 * 60, "hour", order)
    return datetime.combine(day, time(minutes // 60, minutes % 60), tzinfo=placed_at.tzinfo)


def choose_stock(product: str) -> int:
    """Pieces on hand; about 3 % of the products are out of stock."""
    if draw("stock", product) < OUT_OF_STOCK_SHARE:
        return 0
    return draw_between(3, 240, "pieces", product)
