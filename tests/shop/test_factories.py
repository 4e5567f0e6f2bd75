from decimal import Decimal

import pytest

from tests.factories import make_cart, make_customer, make_event, make_order, make_product

pytestmark = pytest.mark.django_db


def test_an_order_is_worth_the_sum_of_its_lines() -> None:
    lamp, bulb = make_product(price=Decimal("20.00")), make_product(price=Decimal("3.50"))
    order = make_order(make_customer(), lines=[lamp, (bulb, 2)])
    assert order.total == Decimal("27.00")
    assert [line.quantity for line in order.lines.order_by("id")] == [1, 2]


def test_a_cart_and_an_event_belong_to_their_customer() -> None:
    customer = make_customer(language="fa")
    cart = make_cart(customer, lines=[make_product()])
    event = make_event(customer, kind="cart.updated", cart=cart)
    assert (cart.customer, event.customer, cart.lines.count()) == (customer, customer, 1)
