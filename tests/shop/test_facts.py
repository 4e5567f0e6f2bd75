"""What events say about customers, products, orders, refunds and carts."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from shop.models import Cart, Customer, Event, Order, Product, Refund
from tests.factories import make_cart, make_customer, make_product
from tests.shop.elements import cart, event, line, order, placed, product, record

pytestmark = pytest.mark.django_db

EARLY, LATE, LATER = (f"2026-03-02T0{hour}:00:00+00:00" for hour in (7, 8, 9))
SARA = {"id": "sara"}


@pytest.fixture(autouse=True)
def teapot() -> Product:
    return make_product(external_id="teapot")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def told(kind: str, *, at: str = LATE, **parts: Any) -> None:
    """Record one event and see that it was taken."""
    [receipt] = record(event(kind, number=f"{kind} {at} {Event.objects.count()}", at=at, **parts))
    assert receipt.status == "recorded", receipt.errors


def test_a_customer_is_kept_in_clean_form() -> None:
    told(
        "customer.updated",
        customer={
            "id": 17,
            "email": "Sara@Buyer.EXAMPLE",
            "language": "fa_ir",
            "country": "ir",
            "name": " سارا ",
        },
    )
    sara = Customer.objects.get(external_id="17")
    assert (sara.email, sara.language, sara.country, sara.name) == (
        "Sara@buyer.example",
        "fa-IR",
        "IR",
        "سارا",
    )
    assert sara.created_at == moment(LATE)


def test_a_field_left_out_stays_and_an_empty_one_is_cleared() -> None:
    told("customer.updated", at=EARLY, customer={"id": "sara", "name": "Sara", "country": "IR"})
    told("customer.updated", at=LATE, customer={"id": "sara", "country": ""})
    sara = Customer.objects.get()
    assert (sara.name, sara.country) == ("Sara", "")


@pytest.mark.parametrize("together", [True, False])
def test_older_news_never_overwrites_newer(*, together: bool) -> None:
    new = event("customer.updated", number="new", at=LATE, customer={"id": "sara", "name": "New"})
    old = event("customer.updated", number="old", at=EARLY, customer={"id": "sara", "name": "Old"})
    receipts = record(new, old) if together else record(new) + record(old)
    assert [receipt.status for receipt in receipts] == ["recorded", "recorded"]
    assert Customer.objects.get().name == "New"


def test_naming_a_customer_says_nothing_about_them() -> None:
    told("order.placed", at=LATER, customer=SARA, order=order())
    told("customer.updated", at=EARLY, customer={"id": "sara", "name": "Sara"})
    assert Customer.objects.get().name == "Sara"


def test_a_product_can_come_with_the_line_that_sells_it() -> None:
    told(
        "order.placed",
        order=order(lines=[line(product("lamp", titles={"fa": "چراغ"}, prices={"EUR": 9})), line("lamp")]),
    )
    lamp = Product.objects.get(external_id="lamp")
    assert (lamp.titles, lamp.prices) == ({"fa": "چراغ"}, {"EUR": "9.00"})
    assert Order.objects.get().lines.filter(product=lamp).count() == 2


def test_a_product_sent_earlier_in_the_batch_is_known() -> None:
    first = event("product.updated", number="p", product=product("lamp"))
    assert [r.status for r in record(first, placed(lines=[line("lamp")]))] == ["recorded", "recorded"]


def test_an_older_price_never_overwrites_a_newer() -> None:
    told("product.updated", at=LATE, product=product("lamp", price="30"))
    told("product.updated", at=EARLY, product=product("lamp", price="20"))
    assert Product.objects.get(external_id="lamp").price == Decimal("30.00")


@pytest.mark.parametrize(
    ("given", "kept"), [("3.335", "3.34"), (0.1 + 0.2, "0.30"), (7, "7.00"), ("3.334", "3.33")]
)
def test_money_is_rounded_half_up_to_two_decimals(given: object, kept: str) -> None:
    told("product.updated", product=product("lamp", price=given))
    assert Product.objects.get(external_id="lamp").price == Decimal(kept)


def test_the_total_of_an_order_is_the_sum_of_its_lines_unless_given() -> None:
    told("order.placed", order=order("1", lines=[line(quantity=2, price="10.50"), line(price="0.99")]))
    told("order.placed", order=order("2", total="20.00"))
    assert list(Order.objects.order_by("external_id").values_list("total", flat=True)) == [
        Decimal("21.99"),
        Decimal(20),
    ]


def test_an_order_told_again_replaces_its_lines() -> None:
    told("order.placed", at=EARLY, customer=SARA, order=order(lines=[line(), line()]))
    told("order.placed", at=LATE, order=order(lines=[line(quantity=5)]))
    placed_order = Order.objects.get()
    assert [row.quantity for row in placed_order.lines.all()] == [5]
    assert placed_order.customer == Customer.objects.get()


def test_an_order_is_delivered_and_cancelled_when_the_events_say() -> None:
    told("order.placed", at=EARLY, customer=SARA, order=order())
    told("order.delivered", at=LATE, order={"id": "1001"})
    told("order.cancelled", at=LATER, order={"id": "1001"})
    row = Order.objects.get()
    assert (row.placed_at, row.delivered_at, row.cancelled_at) == (moment(EARLY), moment(LATE), moment(LATER))
    assert set(Event.objects.values_list("customer", flat=True)) == {row.customer_id}


def test_an_order_nobody_told_of_can_come_whole_with_its_delivery() -> None:
    told("order.delivered", at=LATER, order=order(placed_at=EARLY))
    row = Order.objects.get()
    assert (row.placed_at, row.delivered_at, row.lines.count()) == (moment(EARLY), moment(LATER), 1)


def test_a_refund_is_a_fact_of_its_own() -> None:
    told("order.placed", order=order())
    told("order.refunded", order={"id": "1001"}, refund={"id": "r1", "amount": "4.00"})
    refund = Refund.objects.get()
    assert (refund.amount, refund.currency, refund.order.total) == (Decimal("4.00"), "GBP", Decimal("24.00"))


def test_a_refund_cannot_move_to_another_order() -> None:
    for number in ("1", "2"):
        told("order.placed", order=order(number))
    told("order.refunded", order={"id": "1"}, refund={"id": "r1", "amount": "4.00"})
    [receipt] = record(event("order.refunded", order={"id": "2"}, refund={"id": "r1", "amount": "4.00"}))
    assert "belongs to the order '1'" in receipt.errors[0].message


def test_a_cart_is_as_it_was_last_seen() -> None:
    told("cart.updated", at=LATE, customer=SARA, cart=cart(lines=[line(quantity=2)]))
    told("cart.updated", at=EARLY, customer=SARA, cart=cart(lines=[line(quantity=9)]))
    row = Cart.objects.get()
    assert (row.updated_at, row.lines.get().quantity, row.closed_at) == (moment(LATE), 2, None)


def test_an_emptied_cart_is_closed_and_filling_it_opens_it() -> None:
    told("cart.updated", at=EARLY, customer=SARA, cart=cart(lines=[]))
    assert Cart.objects.get().closed_at == moment(EARLY)
    told("cart.updated", at=LATE, customer=SARA, cart=cart())
    assert Cart.objects.get().closed_at is None


def test_a_closed_cart_stays_closed_when_older_news_arrives() -> None:
    told("cart.updated", at=EARLY, customer=SARA, cart=cart())
    told("cart.closed", at=LATER, cart={"id": "cart-9"})
    told("cart.updated", at=LATE, customer=SARA, cart=cart(lines=[line(quantity=2)]))
    assert Cart.objects.get().closed_at == moment(LATER)


def test_an_order_closes_the_cart_it_names() -> None:
    sara = make_customer(external_id="sara")
    named, other = (make_cart(sara, external_id=name, updated_at=moment(EARLY)) for name in ("a", "b"))
    told("order.placed", at=LATE, customer=SARA, order=order(cart="a"))
    named.refresh_from_db()
    other.refresh_from_db()
    assert (named.closed_at, other.closed_at) == (moment(LATE), None)


def test_an_order_that_names_none_closes_the_carts_that_share_a_product(teapot: Product) -> None:
    sara, omid = make_customer(external_id="sara"), make_customer(external_id="omid")
    shared = make_cart(sara, lines=[teapot, make_product()], updated_at=moment(EARLY))
    different = make_cart(sara, lines=[make_product()], updated_at=moment(EARLY))
    of_another = make_cart(omid, lines=[teapot], updated_at=moment(EARLY))
    told("order.placed", at=LATE, customer=SARA, order=order())
    closed = set(Cart.objects.exclude(closed_at=None))
    assert closed == {shared}
    assert {different, of_another} == set(Cart.objects.filter(closed_at=None))


def test_an_order_does_not_close_a_cart_that_was_filled_after_it(teapot: Product) -> None:
    make_cart(make_customer(external_id="sara"), lines=[teapot], updated_at=moment(LATER))
    told("order.placed", at=LATE, customer=SARA, order=order())
    assert Cart.objects.get().closed_at is None


def test_a_cart_and_the_order_that_closes_it_may_share_a_batch() -> None:
    filled = event("cart.updated", number="c", at=EARLY, customer=SARA, cart=cart())
    record(filled, placed(at=LATE))
    assert Cart.objects.get().closed_at == moment(LATE)


def test_a_guest_closes_nobodys_cart(teapot: Product) -> None:
    make_cart(make_customer(), lines=[teapot], updated_at=moment(EARLY))
    told("order.placed", at=LATE, order=order())
    assert Cart.objects.get().closed_at is None


def test_consent_waits_in_the_log_for_the_ledger() -> None:
    told("consent.granted", customer=SARA, consent={"basis": "explicit", "text": "Yes, send me offers."})
    row = Event.objects.get()
    assert row.payload["consent"] == {"basis": "explicit", "text": "Yes, send me offers."}
    assert row.customer == Customer.objects.get()
    assert (row.consent_applied_at, row.received_at.tzinfo) == (None, UTC)
