"""Services in their time, what is due again, and bundles with an honest price."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from recommendations.bundles import describe_bundle, offer_bundles
from recommendations.engine import Moment, explain, reason, recommend
from recommendations.histories import is_due
from recommendations.models import Bundle, Kind, ServiceOffer
from shop.models import Order, OrderLine
from tests.queries import count_statements
from tests.recommendations.shops import (
    NOW,
    ask,
    connect,
    make_customer,
    make_model,
    make_order,
    make_product,
    titles,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("days", "shown"), [(None, ["Insurance"]), (0, ["Insurance"]), (14, ["Insurance"]),
                                            (15, []), (200, ["Service check"])])  # fmt: skip
def test_a_service_is_offered_in_its_days_after_the_purchase(days: int | None, shown: list[str]) -> None:
    phone = make_product("Phone", product_type="phone")
    insurance, check = make_product("Insurance"), make_product("Service check")
    ServiceOffer.objects.create(kind="insurance", service=insurance, product=phone, closes_after_days=14)
    ServiceOffer.objects.create(
        kind="support", service=check, product_type="phone", opens_after_days=180, closes_after_days=365
    )
    bought_at = None if days is None else NOW - timedelta(days=days)
    moment = Moment.BEFORE if days is None else Moment.AFTER
    [picks] = recommend([ask(phone, complements=0, services=1, bought_at=bought_at, moment=moment)], NOW)
    assert titles(picks) == shown
    assert [reason(pick, language="fr")["text"] for pick in picks] == ["Pour « Phone »"] * len(shown)


@pytest.mark.parametrize(("last", "expected"), [(10, False), (24, True), (30, True), (48, True), (60, False)])
def test_what_is_bought_every_month_is_due_about_a_month_later(last: int, expected: bool) -> None:
    assert is_due(np.array([4]), np.array([90.0]), np.array([float(last)])).tolist() == [expected]


def test_two_orders_in_a_week_and_a_single_one_are_no_rhythm() -> None:
    days_since = np.array([3.0, 3.0])
    assert is_due(np.array([2, 1]), np.array([3.0, 0.0]), days_since).tolist() == [False, False]


def test_what_a_customer_uses_up_comes_back_with_its_own_reason() -> None:
    customer, other = make_customer(), make_customer()
    beans = make_product("Beans", attributes={"consumable": True})
    lamp = make_product("Lamp")
    for days in (62, 31):
        make_order([beans, lamp], customer=customer, days_ago=days)
    found = {
        entry.candidate.product.title: entry.objection
        for entry in explain(ask(customer=customer, complements=0, repeats=2), NOW)
    }
    assert found == {"Beans": "", "Lamp": "no_rhythm"}
    [[pick]] = recommend([ask(customer=customer, complements=0, repeats=1)], NOW)
    assert reason(pick)["text"] == "You have bought this 2 times and may need it again"
    assert recommend([ask(customer=other, complements=0, repeats=1)], NOW) == [[]]


def test_a_customer_with_ten_thousand_orders_takes_no_more_queries() -> None:
    customer, beans = make_customer(), make_product("Beans", attributes={"consumable": True})
    orders = Order.objects.bulk_create(
        Order(
            external_id=f"bulk{number}", customer=customer, currency="GBP", total=0,
            placed_at=NOW - timedelta(days=70 + number * 630 / 10_000),
        )
        for number in range(10_000)
    )  # fmt: skip
    OrderLine.objects.bulk_create(
        OrderLine(order=order, product=beans, quantity=1, unit_price=10) for order in orders[::1000]
    )
    with count_statements() as statements:
        [[pick]] = recommend([ask(customer=customer, complements=0, repeats=1)], NOW)
    assert (pick.product, pick.support) == (beans, 10)
    assert len(statements) <= 18


def test_a_wholesalers_basket_of_a_thousand_lines_is_about_its_first_thirty() -> None:
    products = [make_product() for _ in range(1000)]
    case, late = make_product("Case"), make_product("Late")
    model = make_model()
    connect(model, products[0], case)
    connect(model, products[31], late)
    assert titles(recommend([ask(*products)], NOW)[0]) == ["Case"]


def test_a_bundle_is_the_anchor_with_two_that_go_with_each_other() -> None:
    camera = make_product("Camera", product_type="camera", price=Decimal(300))
    card = make_product("Card", product_type="card", price=Decimal(20))
    tripod = make_product("Tripod", product_type="tripod", price=Decimal(50))
    lonely = make_product("Strap", product_type="strap")
    model = make_model()
    connect(model, camera, lonely, card, tripod)
    connect(model, card, tripod, support=8)
    [offer] = offer_bundles([ask(camera)], NOW)
    assert offer
    told = describe_bundle(offer)
    assert [product["title"] for product in told["products"]] == ["Camera", "Card", "Tripod"]
    assert (told["price"], told["separately"], told["saving"], told["support"]) == ("370.00", "370.00", "", 8)


@pytest.mark.parametrize(("price", "saving"), [("350.00", "20.00"), ("370.00", ""), ("999.00", "")])
def test_a_bundle_of_the_shop_names_a_saving_only_where_it_is_one(price: str, saving: str) -> None:
    camera = make_product("Camera", price=Decimal("300.00"))
    card, tripod = (
        make_product("Card", price=Decimal("20.00")),
        make_product("Tripod", price=Decimal("50.00")),
    )
    bundle = Bundle.objects.create(
        external_id="kit", title="Starter kit", price=Decimal(price), currency="GBP"
    )
    bundle.products.set([camera, card, tripod])
    [offer] = offer_bundles([ask(camera)], NOW)
    assert offer
    told = describe_bundle(offer)
    assert told["saving"] == saving
    assert told["price"] == (price if saving else "370.00")


def test_there_is_no_bundle_with_what_can_not_be_bought() -> None:
    camera, card = make_product("Camera"), make_product("Card", stock=0)
    bundle = Bundle.objects.create(external_id="kit", price=Decimal(5), currency="GBP")
    bundle.products.set([camera, card])
    assert offer_bundles([ask(camera), ask()], NOW) == [None, None]


def test_bundles_for_two_hundred_take_as_many_queries_as_for_five() -> None:
    camera, card = make_product("Camera"), make_product("Card")
    connect(make_model(), camera, card)
    counts = []
    for number in (5, 200):
        with count_statements() as statements:
            offer_bundles([ask(camera)] * number, NOW)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 20


def test_an_upgrade_says_what_it_adds_in_the_customers_language() -> None:
    phone = make_product("Phone 128 GB", price=Decimal(100), attributes={"features": ["5G"]})
    better = make_product(
        "Phone 256 GB", price=Decimal(150), attributes={"features": ["5G", "Wireless charging"]}
    )
    connect(make_model(), phone, better, kind=Kind.UPGRADE)
    [[pick]] = recommend([ask(phone, complements=0, upgrades=1)], NOW)
    assert reason(pick, language="de")["adds"] == ["256 GB statt 128 GB", "Wireless charging"]
    assert reason(pick)["price_difference"] == {"amount": "50.00", "currency": "GBP"}
