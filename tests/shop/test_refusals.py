"""Malformed events: each is refused with the place and a telling message, the good one beside it is kept."""

from typing import Any

import pytest

from shop.checking import CLOCK_TOLERANCE
from shop.models import Event, Order, Product
from tests.factories import NOW, make_product
from tests.shop.elements import cart, event, line, order, placed, product, record

pytestmark = pytest.mark.django_db

SOON = (NOW + CLOCK_TOLERANCE * 2).isoformat()
SARA = {"id": "sara"}


def customer(**fields: Any) -> dict[str, Any]:
    return event("customer.updated", customer={"id": "sara", **fields})


def about(**fields: Any) -> dict[str, Any]:
    return event("product.updated", product=product("lamp", **fields))


def with_line(**fields: Any) -> dict[str, Any]:
    return placed(lines=[line(), line(**fields)])


def nested(depth: int) -> dict[str, Any]:
    return {"deeper": nested(depth - 1)} if depth else {}


MALFORMED = [
    # the envelope
    (None, "$", "is not an object"),
    ("order.placed", "$", "is not an object"),
    ([placed()], "$", "is not an object"),
    ({}, "kind", "missing"),
    ({"kind": "order.palced"}, "kind", "'order.palced' is not an event kind"),
    ({"kind": ["order.placed"]}, "kind", "is not an event kind"),
    ({"id": "1", "kind": "order.placed", "order": order()}, "occurred_at", "missing"),
    ({"kind": "customer.updated", "occurred_at": NOW, "customer": SARA}, "id", "missing"),
    (event("customer.updated"), "customer", "missing"),
    (event("order.placed", number=""), "id", "empty"),
    (event("order.placed", number="x" * 101, order=order()), "id", "101 characters"),
    (event("order.placed", number=True, order=order()), "id", "wrong type"),
    (event("order.placed", number=" 1", order=order()), "id", "spaces at an end"),
    (event("order.placed", number="1\n", order=order()), "id", "line break"),
    ({**placed(), "custmer": {}}, "custmer", "unknown"),
    # times
    (placed(at="2026-03-02T11:00:00"), "occurred_at", "has no offset"),
    (placed(at="2026-03-02"), "occurred_at", "has no offset"),
    (placed(at="last Tuesday"), "occurred_at", "is not a time"),
    (placed(at="2026-02-30T11:00:00Z"), "occurred_at", "is not a time"),
    (placed(at="1970-01-21T11:00:00Z"), "occurred_at", "before 1990"),
    (placed(at="0001-01-01T00:00:00+14:00"), "occurred_at", "before 1990"),
    (placed(at=SOON), "occurred_at", "in the future"),
    (event("order.placed", at=1772449200), "occurred_at", "wrong type"),  # type: ignore[arg-type]  # the point
    (placed(placed_at=SOON), "order.placed_at", "in the future"),
    # texts
    (customer(name="Sa\x00ra"), "customer.name", "control character"),
    (customer(name="Sara\nBcc: all@shop.example"), "customer.name", "line break"),
    (customer(name="\ud800"), "customer.name", "surrogate"),
    (customer(name="x" * 121), "customer.name", "121 characters"),
    (customer(name=None), "customer.name", "null is not a value"),
    (customer(attributes={"note": "x" * 10_001}), "customer.attributes.note", "10001 characters"),
    (customer(attributes=nested(12)), "customer.attributes" + ".deeper" * 8, "nested too deeply"),
    (customer(attributes={"size": float("nan")}), "customer.attributes.size", "NaN"),
    (customer(attributes={"size": 2**70}), "customer.attributes.size", "too large"),
    (customer(attributes={"size": object()}), "customer.attributes.size", "object is not JSON"),
    (customer(attributes={1: "one"}), "customer.attributes", "is not text"),
    (customer(attributes={f"a{n}": n for n in range(51)}), "customer.attributes", "51 entries"),
    (customer(attributes={f"a{n}": ["x" * 9999] * 3 for n in range(50)}), "$", "bytes"),
    # the customer
    (customer(email="sara"), "customer.email", "not an email address"),
    (customer(email="sara@buyer..example"), "customer.email", "not an email address"),
    (customer(email=["sara@buyer.example"]), "customer.email", "wrong type"),
    (customer(language="Persian"), "customer.language", "'Persian' is not a language tag"),
    (customer(country="UK"), "customer.country", "'UK' is not a country code"),
    (customer(country="GBR"), "customer.country", "3 characters"),
    (customer(timezone="UTC+3:30"), "customer.timezone", "is not a time zone"),
    (customer(currency="IRT"), "customer.currency", "'IRT' is not a currency code"),
    (customer(emial="sara@buyer.example"), "customer.emial", "unknown"),
    (event("customer.updated", customer={"name": "Sara"}), "customer.id", "missing"),
    # products
    (about(title=""), "product.title", "empty"),
    (about(currency="gbp"), "product.currency", "'gbp' is not a currency code"),
    (about(price="1,234.50"), "product.price", "is not an amount"),
    (about(price="-1.00"), "product.price", "negative"),
    (about(price="1e3"), "product.price", "is not an amount"),
    (about(price="1000000000000"), "product.price", "too large"),
    (about(price=True), "product.price", "wrong type"),
    (about(prices={"EURO": "1"}), "product.prices.EURO", "is not a currency code"),
    (about(titles={"Persian": "قوری"}), "product.titles.Persian", "is not a language tag"),
    (about(url="javascript:alert(1)"), "product.url", "is not a web address"),
    (about(image_url="http://[broken"), "product.image_url", "is not a web address"),
    (about(stock=-1), "product.stock", "too small"),
    (about(stock=2**31), "product.stock", "too large"),
    (about(status="sold out"), "product.status", "is not allowed"),
    (event("product.viewed", customer=SARA, product="lamp"), "product", "'lamp' is unknown"),
    # orders, carts, refunds, consent
    (placed(currency="POUND"), "order.currency", "5 characters"),
    (placed(lines=[]), "order.lines", "empty"),
    (placed(lines=[line()] * 2001), "order.lines", "2001 entries"),
    (placed(total="-24.00"), "order.total", "negative"),
    (placed(lines=[line(price="999999999999", quantity=2)]), "order.lines", "sum is too large"),
    (with_line(product="lamp"), "order.lines[1].product", "'lamp' is unknown"),
    (with_line(product={"id": "lamp"}), "order.lines[1].product.title", "missing"),
    (with_line(product=None), "order.lines[1].product", "null is not a value"),
    (with_line(quantity=0), "order.lines[1].quantity", "too small"),
    (with_line(quantity=1.5), "order.lines[1].quantity", "wrong type"),
    (with_line(quantity="1"), "order.lines[1].quantity", "wrong type"),
    (with_line(price="free"), "order.lines[1].unit_price", "is not an amount"),
    (event("order.delivered", order={"id": "77"}), "order.id", "'77' is unknown"),
    (event("order.delivered", order={"id": "77", "lines": [line()]}), "order.placed_at", "missing"),
    (event("order.refunded", order={"id": "77"}), "refund", "missing"),
    (event("cart.updated", cart=cart()), "customer", "missing"),
    (
        event("cart.updated", customer=SARA, cart=cart(lines=[line("lamp")])),
        "cart.lines[0].product",
        "unknown",
    ),
    (event("cart.closed", cart={"id": "gone"}), "cart.id", "'gone' is unknown"),
    (event("consent.granted", customer=SARA), "consent", "missing"),
    (event("consent.granted", customer=SARA, consent={"basis": "explicit"}), "consent.text", "missing"),
    (
        event("consent.granted", customer=SARA, consent={"basis": "silence", "text": "-"}),
        "consent.basis",
        "not allowed",
    ),
]


@pytest.mark.parametrize(("bad", "path", "telling"), MALFORMED)
def test_a_malformed_event_is_refused_and_the_good_one_beside_it_kept(
    bad: Any, path: str, telling: str
) -> None:
    make_product(external_id="teapot")
    before, refused, after = record(placed("before"), bad, placed("after", id="1002"))
    errors = {error.path: error for error in refused.errors}
    assert refused.status == "refused"
    assert path in errors
    assert telling in errors[path].message
    assert errors[path].hint
    assert (before.status, after.status) == ("recorded", "recorded")
    assert Event.objects.count() == 2


def test_every_error_of_an_event_is_told_at_once() -> None:
    [receipt] = record(placed(customer=None, currency="x", lines=[line(quantity=0, price="free")]))
    assert {error.path for error in receipt.errors} == {
        "customer.id",
        "order.currency",
        "order.lines[0].quantity",
        "order.lines[0].unit_price",
    }


def test_a_slip_of_the_pen_is_met_with_a_guess() -> None:
    [receipt] = record(customer(emial="sara@buyer.example"))
    assert receipt.errors[0].hint == "Did you mean email?"


def test_an_address_never_stands_in_an_error() -> None:
    [receipt] = record(customer(email="sara.secret@@buyer.example"))
    assert "secret" not in str(receipt)


def test_a_refused_event_leaves_nothing_behind() -> None:
    record(placed(lines=[line(product("lamp")), line("unknown")]))
    assert not Order.objects.exists()
    assert not Product.objects.exists()


def test_a_refused_event_can_be_sent_again_when_mended() -> None:
    assert record(placed())[0].status == "refused"
    make_product(external_id="teapot")
    assert record(placed())[0].status == "recorded"


def test_a_product_of_a_refused_event_is_not_known_to_the_next() -> None:
    bad = event("product.updated", number="bad", product=product("lamp", price="free"))
    _, viewed = record(bad, event("product.viewed", customer=SARA, product="lamp"))
    assert viewed.status == "refused"
