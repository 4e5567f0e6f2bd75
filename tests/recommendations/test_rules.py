"""Each rule takes out what it should, says so, and lets the rest through."""

from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings as django_settings
from pytest_django import Settings

from recommendations.engine import Request, explain, recommend
from recommendations.models import Kind, NeighbourModel
from recommendations.rules import OBJECTIONS, RULES
from shop.models import Product
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


@pytest.fixture
def phone() -> Product:
    return make_product("Phone", product_type="phone", price=Decimal(100))


@pytest.fixture
def model() -> NeighbourModel:
    return make_model()


def objections(request: Request) -> dict[str, str]:
    return {entry.candidate.product.title: entry.objection for entry in explain(request, NOW)}


def test_every_rule_can_say_its_objection_in_words() -> None:
    assert [rule.code for rule in RULES] == list(OBJECTIONS)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"status": "hidden"}, "not_active"),
        ({"status": "retired"}, "not_active"),
        ({"attributes": {"recommendable": False}}, "kept_out"),
        ({"price": None}, "no_price"),
        ({"price": Decimal(0)}, "no_price"),
        ({"currency": "EUR"}, "no_price"),
        ({"currency": "EUR", "prices": {"GBP": "not a number"}}, "no_price"),
        ({"currency": "EUR", "prices": {"GBP": "9.99"}}, ""),
        ({"stock": 0}, "out_of_stock"),
        ({"stock": 1}, ""),
        ({"stock": None}, ""),
        ({"price": Decimal(501)}, "too_dear"),
        ({"price": Decimal(500)}, ""),
        ({"product_type": "phone"}, "substitute"),
        ({"title": "Phone Red", "product_type": ""}, "variant_of_anchor"),
    ],
)
def test_what_can_not_be_sold_or_makes_no_sense_is_left_out(
    fields: dict[str, Any], code: str, phone: Product, model: NeighbourModel
) -> None:
    odd = make_product(**({"title": "Odd"} | fields))
    connect(model, phone, odd, make_product("Cable"))
    assert objections(ask(phone)) == {odd.title: code, "Cable": ""}
    assert titles(recommend([ask(phone)], NOW)[0]) == ([odd.title] if not code else []) + ["Cable"]


def test_what_is_in_the_order_or_the_cart_is_never_suggested(phone: Product, model: NeighbourModel) -> None:
    case, cable, strap = make_product("Case"), make_product("Cable"), make_product("Strap")
    connect(model, phone, case, cable, strap)
    connect(model, case, phone)
    request = ask(phone, case, exclude=frozenset([cable.pk]))
    assert objections(request) == {
        "Phone": "in_this_order", "Case": "in_this_order", "Cable": "in_this_order", "Strap": ""
    }  # fmt: skip


def test_what_the_customer_bought_in_the_last_90_days_is_not_suggested(
    phone: Product, model: NeighbourModel
) -> None:
    customer, other = make_customer(), make_customer()
    fresh, old, cancelled, beans = (make_product(name) for name in ("Fresh", "Old", "Cancelled", "Beans"))
    Product.objects.filter(pk=beans.pk).update(attributes={"consumable": True})
    make_order([fresh, beans], customer=customer, days_ago=89)
    make_order([old], customer=customer, days_ago=91)
    make_order([cancelled], customer=customer, days_ago=3, cancelled_at=NOW)
    connect(model, phone, fresh, old, cancelled, beans)
    assert objections(ask(phone, customer=customer)) == {
        "Fresh": "bought_recently", "Old": "", "Cancelled": "", "Beans": ""
    }  # fmt: skip
    assert objections(ask(phone, customer=other))["Fresh"] == ""
    assert objections(ask(phone))["Fresh"] == ""


def test_a_pair_of_few_orders_or_of_a_faint_score_is_not_suggested(
    phone: Product, model: NeighbourModel
) -> None:
    connect(model, phone, make_product("Rare"), support=4)
    connect(model, phone, make_product("Enough"), support=5)
    connect(model, phone, make_product("Faint"), score=0.04)
    assert objections(ask(phone)) == {"Rare": "little_support", "Enough": "", "Faint": "low_score"}


@pytest.mark.parametrize(("orders", "configured", "floor"), [(499, None, 3), (500, None, 5), (500, 9, 9)])
def test_a_small_shop_has_a_lower_floor_unless_it_sets_its_own(
    orders: int, configured: int | None, floor: int, phone: Product, settings: Settings
) -> None:
    settings.PAIRWELL = django_settings.PAIRWELL | {"RECOMMENDATION_MIN_SUPPORT": configured}
    model = NeighbourModel.objects.create(built_at=NOW, is_active=True, order_count=orders)
    connect(model, phone, make_product("Below"), support=floor - 1)
    connect(model, phone, make_product("At"), support=floor)
    assert objections(ask(phone)) == {"At": "", "Below": "little_support"}


def test_of_each_type_only_the_best_is_shown(phone: Product, model: NeighbourModel) -> None:
    leather, silk = (make_product(title, product_type="case") for title in ("Leather sleeve", "Silk pouch"))
    connect(model, phone, leather, silk, make_product("Cable", product_type="cable"))
    assert objections(ask(phone)) == {"Leather sleeve": "", "Silk pouch": "type_shown", "Cable": ""}


def test_the_leaf_of_the_category_stands_in_for_a_type(phone: Product, model: NeighbourModel) -> None:
    sleeve, pouch = (make_product(title, category="Phones > Cases") for title in ("Sleeve", "Pouch"))
    connect(model, phone, sleeve, pouch)
    assert objections(ask(phone)) == {"Sleeve": "", "Pouch": "type_shown"}


def test_of_two_designs_only_the_better_is_shown(phone: Product, model: NeighbourModel) -> None:
    connect(model, phone, make_product("Red Retrospot Bag"), make_product("Pink Retrospot Bag"))
    assert objections(ask(phone)) == {"Red Retrospot Bag": "", "Pink Retrospot Bag": "variant_shown"}


def test_another_of_its_type_goes_with_a_thing_that_customers_collect() -> None:
    rose, fern = (make_product(title, product_type="cup") for title in ("Rose Teacup", "Regency Saucer"))
    connect(make_model(collected_types=["cup"]), rose, fern)
    assert objections(ask(rose)) == {"Regency Saucer": ""}


def test_another_design_is_shown_to_who_has_two_of_them_already() -> None:
    red, pink, blue = (
        make_product(f"{colour} Retrospot Bag", product_type="bag") for colour in ("Red", "Pink", "Blue")
    )
    model = make_model(collected_types=["bag"])
    connect(model, red, blue)
    assert objections(ask(red)) == {"Blue Retrospot Bag": "variant_of_anchor"}
    assert objections(ask(red, pink)) == {"Blue Retrospot Bag": ""}


def test_who_has_just_bought_a_phone_is_not_told_of_the_better_one(
    phone: Product, model: NeighbourModel
) -> None:
    customer = make_customer()
    make_order([phone], customer=customer, days_ago=1)
    better = make_product("Phone Plus", product_type="phone", price=Decimal(150))
    connect(model, phone, better, kind=Kind.UPGRADE)
    assert objections(ask(phone, customer=customer, upgrades=1)) == {"Phone Plus": "just_bought"}
    assert objections(ask(phone, upgrades=1)) == {"Phone Plus": ""}


@pytest.mark.parametrize(
    ("price", "code"), [("109.99", "no_step_up"), ("110", ""), ("200", ""), ("200.01", "no_step_up")]
)
def test_a_price_that_moved_since_the_build_can_undo_an_upgrade(
    price: str, code: str, phone: Product, model: NeighbourModel
) -> None:
    better = make_product("Phone Plus", product_type="phone", price=Decimal(price))
    connect(model, phone, better, kind=Kind.UPGRADE, support=0)
    assert objections(ask(phone, upgrades=1)) == {"Phone Plus": code}


def test_when_all_is_out_of_stock_nothing_is_shown(phone: Product, model: NeighbourModel) -> None:
    connect(model, phone, *(make_product(f"Thing{n}", stock=0) for n in range(5)))
    assert recommend([ask(phone, upgrades=1)], NOW) == [[]]


def test_an_anchor_without_a_price_has_complements_but_no_upgrade(model: NeighbourModel) -> None:
    anchor = make_product("Phone", price=None)
    connect(model, anchor, make_product("Cable"))
    connect(model, anchor, make_product("Phone Plus"), kind=Kind.UPGRADE)
    assert objections(ask(anchor, upgrades=1)) == {"Phone Plus": "no_step_up", "Cable": ""}


def test_explain_lists_what_found_no_place(phone: Product, model: NeighbourModel) -> None:
    connect(model, phone, *(make_product(name) for name in ("Case", "Cable", "Stand", "Strap")))
    assert list(objections(ask(phone)).values()) == ["", "", "", "no_room"]
