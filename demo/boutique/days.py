"""What the boutique's named customers do during the live days, in five languages."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from demo.boutique.catalogue import price_in, read_people
from demo.elements import Element, cart_updated, order_delivered, order_placed


class Deed(NamedTuple):
    """`day` counts from the first live day; the hour is on the customer's own wall."""

    day: int
    hour: int
    who: str
    does: str  # "order", "cart" (and leaves it), or "cart then order" a day later
    products: tuple[str, ...]
    arrives_after: int = 3


DEEDS: tuple[Deed, ...] = (
    Deed(0, 10, "bq-sara", "order", ("bq-phone", "bq-case")),
    Deed(0, 19, "bq-emma", "order", ("bq-phone",), 2),
    Deed(1, 11, "bq-layla", "order", ("bq-laptop", "bq-mouse")),
    Deed(1, 20, "bq-anna", "order", ("bq-novel", "bq-lamp")),
    Deed(2, 12, "bq-noa", "order", ("bq-coat", "bq-trousers"), 2),
    Deed(2, 21, "bq-reza", "cart", ("bq-laptop", "bq-laptop-bag")),
    Deed(3, 13, "bq-omar", "cart", ("bq-phone", "bq-film")),
    Deed(3, 18, "bq-james", "cart", ("bq-coat", "bq-scarf")),
    Deed(4, 20, "bq-david", "cart", ("bq-earbuds", "bq-charger")),
    Deed(5, 10, "bq-maryam", "order", ("bq-shoes",), 2),
    Deed(5, 17, "bq-ivan", "cart then order", ("bq-shoes", "bq-polish")),
    Deed(6, 15, "bq-nour", "order", ("bq-novel",), 2),
    Deed(8, 12, "bq-reza", "order", ("bq-laptop", "bq-laptop-bag")),
    Deed(9, 20, "bq-sara", "cart", ("bq-earbuds",)),
    Deed(10, 19, "bq-layla", "cart", ("bq-coat", "bq-scarf")),
    Deed(11, 9, "bq-david", "order", ("bq-novel", "bq-audiobook")),
    Deed(11, 21, "bq-anna", "cart", ("bq-laptop",)),
    Deed(12, 11, "bq-omar", "order", ("bq-phone", "bq-film")),
    Deed(12, 20, "bq-noa", "cart", ("bq-phone", "bq-case")),
    Deed(13, 9, "bq-emma", "cart", ("bq-shoes", "bq-trousers")),
)
_PEOPLE = {person["id"]: person for person in read_people()}


def tell_boutique(first_day: datetime) -> list[Element]:
    """All events of the named customers, from the midnight that `first_day` is on; made up, every one."""
    return [element for deed in DEEDS for element in _tell(deed, first_day)]


def _tell(deed: Deed, first_day: datetime) -> Iterator[Element]:
    person = _PEOPLE[deed.who]
    currency = person["currency"]
    at = _moment(deed, first_day, person["timezone"])
    lines = [(product, 1, price_in(product, currency)) for product in deed.products]
    customer = {"id": deed.who}
    number = f"{deed.who}-{deed.day}"
    cart = f"cart-{number}" if deed.does != "order" else ""
    if cart:
        yield cart_updated(cart, lines, at=at, currency=currency, customer=customer)
    if deed.does == "cart":
        return
    at += timedelta(days=1) if cart else timedelta()
    marks = {"is_made_up": True}
    yield order_placed(number, lines, at=at, currency=currency, customer=customer, cart=cart, marks=marks)
    yield order_delivered(number, at=at + timedelta(days=deed.arrives_after))


def _moment(deed: Deed, first_day: datetime, timezone: str) -> datetime:
    day = first_day.date() + timedelta(days=deed.day)
    return datetime.combine(day, time(deed.hour, 15), tzinfo=ZoneInfo(timezone))
