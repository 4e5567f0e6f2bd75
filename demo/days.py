"""The live days of the retail sample, told as events: real orders, derived carts, deliveries, consents."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from demo.countries import read_code
from demo.deriving import DERIVED_PROOF, Attitude, CartFate, CartStory, choose_attitude, tell_cart
from demo.elements import (
    CartLine,
    Element,
    cart_updated,
    consent_granted,
    consent_withdrawn,
    order_delivered,
    order_placed,
    order_refunded,
    sort_by_time,
)
from demo.loading import Shelved, first_orders
from demo.retail.prepared import RetailCustomer
from demo.rows import CURRENCY, describe_order, name_customer, to_money


class LiveDays:
    """Tells the events once; `counts` then says what was derived and what was withheld."""

    def __init__(self, shelved: Shelved) -> None:
        self.counts: Counter[str] = Counter()
        self._shelved = shelved
        self._customers = {customer.number: customer for customer in shelved.retail.customers}
        self._known = set(first_orders(shelved))
        self._withheld: set[int] = set()
        self._delays: dict[int, timedelta] = {}

    def tell(self) -> list[Element]:
        """All events of the live days, oldest first. Two calls on equal samples tell the same."""
        told = [element for row in self._shelved.live for element in self._tell_order(row)]
        told += self._tell_old_deliveries()
        told += self._tell_refunds()
        return sort_by_time(told)

    def _tell_order(self, row: int) -> Iterator[Element]:
        order = self._shelved.retail.orders[row]
        placed_at = self._shelved.placed_at(row)
        if order.customer is None:
            self.counts["guest orders"] += 1
            yield self._place(row, placed_at, customer=None)
            return
        story = tell_cart(order.invoice, placed_at)
        self.counts[f"carts {story.fate}"] += story.fate is not CartFate.NONE
        yield from self._tell_story(row, story, self._customers[order.customer])

    def _tell_story(self, row: int, story: CartStory, customer: RetailCustomer) -> Iterator[Element]:
        about = self._introduce(customer)
        is_new = customer.number not in self._known
        cart = ""
        if story.fate is not CartFate.NONE:
            cart = f"cart-{self._shelved.retail.orders[row].invoice}"
            lines = self._list_lines(row)
            yield cart_updated(cart, lines, at=story.updated_at, currency=CURRENCY, customer=about)
        if story.ordered_at is None or not self._shelved.calendar.is_live(story.ordered_at):
            self._withheld.add(row)
            return
        if is_new:
            self._known.add(customer.number)
            yield from _tell_attitude(about, story.ordered_at)
        yield self._place(row, story.ordered_at, customer=about, cart=cart)
        self._delays[row] = story.ordered_at - self._shelved.placed_at(row)
        at = self._shelved.delivered_at(row) + self._delays[row]
        yield order_delivered(self._shelved.retail.orders[row].invoice, at=at)

    def _place(self, row: int, at: datetime, *, customer: Element | None, cart: str = "") -> Element:
        order = self._shelved.retail.orders[row]
        lines = self._list_lines(row)
        marks = describe_order(order, len(lines))
        return order_placed(
            order.invoice, lines, at=at, currency=CURRENCY, customer=customer, cart=cart, marks=marks
        )

    def _tell_old_deliveries(self) -> Iterator[Element]:
        """Orders of the history that arrive during the live days."""
        for row in self._shelved.history:
            order = self._shelved.retail.orders[row]
            at = self._shelved.delivered_at(row)
            if (
                order.customer is not None
                and at >= self._shelved.calendar.live_from > self._shelved.placed_at(row)
            ):
                yield order_delivered(order.invoice, at=at)

    def _tell_refunds(self) -> Iterator[Element]:
        for refund in self._shelved.retail.refunds:
            at = self._shelved.calendar.move(refund.time) + self._delays.get(refund.order, timedelta())
            if not self._shelved.calendar.is_live(at):
                continue
            if refund.order in self._withheld:
                self.counts["refunds of withheld orders"] += 1
                continue
            order = self._shelved.retail.orders[refund.order]
            amount = to_money(refund.pence)
            yield order_refunded(order.invoice, at=at, refund=refund.external_id, amount=amount)

    def _list_lines(self, row: int) -> list[CartLine]:
        products = self._shelved.retail.products
        lines = self._shelved.lines[row]
        return [(products[product].code, quantity, to_money(pence)) for product, quantity, pence in lines]

    def _introduce(self, customer: RetailCustomer) -> Element:
        """The whole customer until the shop knows them, from then on the id alone."""
        name = name_customer(customer.number)
        if customer.number in self._known:
            return {"id": name}
        country = read_code(customer.country)
        about = {
            "id": name,
            "email": f"{name}@example.com",
            "language": country.language,
            "country": country.code,
            "timezone": country.timezone,
            "currency": CURRENCY,
            "attributes": {"segment": customer.segment},
        }
        return {key: value for key, value in about.items() if value}


def _tell_attitude(about: Element, at: datetime) -> Iterator[Element]:
    """What a new customer says with the first order; a withdrawal comes a day later."""
    attitude = choose_attitude(about["id"])
    if attitude is Attitude.OBJECTED:
        yield consent_withdrawn(about, at=at, proof=DERIVED_PROOF)
        return
    basis = "explicit" if attitude is Attitude.EXPLICIT else "soft_opt_in"
    yield consent_granted(about, at=at, basis=basis, proof=DERIVED_PROOF)
    if attitude is Attitude.WITHDREW:
        yield consent_withdrawn(about, at=at + timedelta(days=1), proof=DERIVED_PROOF)
