"""What no score outweighs, and what the shop's own rows change."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from recommendations.engine import Moment, account_for, explain, recommend
from recommendations.models import Bestseller, ComplementRule, Kind, Listing, OfferRules, Pin
from recommendations.models.responses import CustomerResponse
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


def objections(request: Any) -> dict[str, str]:
    return {entry.candidate.product.title: entry.objection for entry in explain(request, NOW)}


@pytest.mark.parametrize(
    ("attributes", "customer", "code"),
    [
        ({"countries": ["DE"]}, {"country": "FR"}, "not_sold_there"),
        ({"countries": ["DE"]}, {"country": "DE"}, ""),
        ({"stock": {"FR": 0}}, {"country": "FR"}, "out_of_stock"),
        ({"stock": {"FR": 0}}, {"country": "DE"}, ""),
        ({"min_age": 18}, {"attributes": {"born": "2008-05-05"}}, "too_young"),
        ({"min_age": 18}, {"attributes": {"born": "2008-05-04"}}, ""),
        ({"min_age": 18}, {"attributes": {"born": "last year"}}, "too_young"),
        ({"min_age": 18}, {}, "too_young"),
    ],
)
def test_what_the_market_and_the_law_forbid_is_not_shown(
    attributes: dict[str, Any], customer: dict[str, Any], code: str, phone: Product
) -> None:
    connect(make_model(), phone, make_product("Odd", attributes=attributes))
    assert objections(ask(phone, customer=make_customer(**customer))) == {"Odd": code}


def test_exclude_wins_over_include_and_over_what_a_person_named(phone: Product) -> None:
    case, cable, strap = (
        make_product(name, category="Phones > Extras") for name in ("Case", "Cable", "Strap")
    )
    connect(make_model(), phone, case, cable, strap, make_product("Lamp"))
    Listing.objects.create(side="include", category="Phones")
    Listing.objects.create(side="exclude", product=cable)
    ComplementRule.objects.create(product=phone, complement=cable)
    found = objections(ask(phone))
    assert found == {"Cable": "excluded", "Case": "", "Strap": "type_shown", "Lamp": "not_included"}


def test_a_list_holds_at_its_place_and_in_its_days_only(phone: Product) -> None:
    connect(make_model(), phone, make_product("Case"), make_product("Cable"))
    case = Product.objects.get(title="Case")
    Listing.objects.create(side="exclude", product=case, place="cart-mail")
    cable = Product.objects.get(title="Cable")
    Listing.objects.create(side="exclude", product=cable, ends_on=(NOW - timedelta(days=1)).date())
    assert objections(ask(phone)) == {"Case": "", "Cable": ""}
    assert objections(ask(phone, place="cart-mail")) == {"Case": "excluded", "Cable": ""}


def test_a_better_one_is_offered_before_the_purchase_and_never_after(phone: Product) -> None:
    better = make_product("Phone Plus", product_type="phone", price=Decimal(150))
    connect(make_model(), phone, better, kind=Kind.UPGRADE)
    assert objections(ask(phone, upgrades=1)) == {"Phone Plus": ""}
    assert objections(ask(phone, upgrades=1, moment=Moment.AFTER)) == {"Phone Plus": "purchase_closed"}


def test_two_upgrades_in_a_circle_go_up_only(phone: Product) -> None:
    better = make_product("Phone Plus", product_type="phone", price=Decimal(150))
    model = make_model()
    connect(model, phone, better, kind=Kind.UPGRADE)
    connect(model, better, phone, kind=Kind.UPGRADE)
    assert titles(recommend([ask(phone, upgrades=1)], NOW)[0]) == ["Phone Plus"]
    assert objections(ask(better, upgrades=1)) == {"Phone": "no_step_up"}


def test_another_variant_of_what_was_bought_is_not_suggested(phone: Product) -> None:
    customer = make_customer()
    red, blue = (make_product(name, attributes={"parent": "bottle"}) for name in ("Thermos", "Flask"))
    make_order([red], customer=customer, days_ago=5)
    connect(make_model(), phone, blue)
    assert objections(ask(phone, customer=customer)) == {"Flask": "bought_recently"}
    assert objections(ask(phone)) == {"Flask": ""}


@pytest.mark.parametrize(
    ("chosen", "language", "shown"),
    [
        ("", "fa", ["Case"]),  # the shop has translated some: the others would be a foreign word in an email
        ("", "de", ["Case", "Cable"]),  # it has translated nothing into German
        ("own_language", "de", []),
        ("any", "fa", ["Case", "Cable"]),
        ("own_language", "en", ["Case", "Cable"]),  # titles are in the language of the shop
    ],
)
def test_titles_are_in_the_readers_language_where_the_shop_has_them(
    chosen: str, language: str, shown: list[str], phone: Product
) -> None:
    OfferRules.objects.create(titles=chosen)
    connect(make_model(), phone, make_product("Case", titles={"fa": "قاب"}), make_product("Cable"))
    assert titles(recommend([ask(phone, language=language)], NOW)[0]) == shown


def test_a_product_without_a_name_or_a_price_is_never_shown(phone: Product) -> None:
    nameless, unpriced = make_product("x"), make_product("Unpriced", price=None)
    Product.objects.filter(pk=nameless.pk).update(title="")
    connect(make_model(), phone, nameless, unpriced)
    assert set(objections(ask(phone)).values()) == {"no_title", "no_price"}


def test_a_shop_that_is_sold_out_leaves_the_block_out(phone: Product) -> None:
    case, charger = make_product(stock=0), make_product(stock=0)
    model = make_model()
    connect(model, phone, case)
    connect(model, phone, charger)
    assert recommend([ask(phone, complements=3)], NOW) == [[]]


def test_what_a_customer_wants_fewer_of_is_gone_for_a_year(phone: Product) -> None:
    customer = make_customer()
    case, cable = make_product("Case"), make_product("Cable")
    connect(make_model(), phone, case, cable)
    for product, days in ((case, 364), (cable, 366)):
        asked = NOW - timedelta(days=days)
        CustomerResponse.objects.create(customer=customer, product=product, fewer_at=asked)
    assert objections(ask(phone, customer=customer)) == {"Case": "wants_fewer", "Cable": ""}


def test_what_was_ignored_often_sinks_and_then_is_shown_no_more(phone: Product) -> None:
    customer = make_customer()
    case, cable = make_product("Case"), make_product("Cable")
    connect(make_model(), phone, case, cable)
    response = CustomerResponse.objects.create(customer=customer, product=case, shown=3, ignored=3)
    assert list(objections(ask(phone, customer=customer)).items()) == [("Cable", ""), ("Case", "")]
    CustomerResponse.objects.filter(pk=response.pk).update(ignored=5)
    assert objections(ask(phone, customer=customer))["Case"] == "ignored"


def test_the_shops_row_and_the_row_of_a_place_set_the_limits(phone: Product) -> None:
    connect(make_model(), phone, *(make_product(name) for name in ("Case", "Cable", "Stand")))
    OfferRules.objects.create(most_picks=2)
    OfferRules.objects.create(place="small", most_picks=1)
    OfferRules.objects.create(place="pictures", needs_image=True)
    requests = [ask(phone), ask(phone, place="small"), ask(phone, place="pictures")]
    assert [titles(picks) for picks in recommend(requests, NOW)] == [["Case", "Cable"], ["Case"], []]


@pytest.mark.parametrize(
    ("rules", "shown"),
    [({"fewest_picks": 2}, 2), ({"fewest_picks": 3}, 0), ({"is_all_or_nothing": True}, 0), ({}, 2)],
)
def test_a_block_of_too_few_is_left_out_whole(rules: dict[str, Any], shown: int, phone: Product) -> None:
    connect(make_model(), phone, make_product("Case"), make_product("Cable"))
    OfferRules.objects.create(**rules)
    outcome = account_for(ask(phone), NOW)
    assert (len(outcome.picks), outcome.hidden) == (shown, "" if shown else "too_few")


def test_limits_that_contradict_each_other_are_refused_in_words() -> None:
    with pytest.raises(ValidationError, match="no block could ever be shown"):
        OfferRules(fewest_picks=3, most_picks=2).full_clean()
    with pytest.raises(ValidationError, match=r"less than or equal to 1\.3"):
        OfferRules(margin_boost=2.0).full_clean()
    with pytest.raises(ValidationError, match="Name a product or a category"):
        Listing(side="exclude").full_clean()


def test_a_pin_takes_its_position_but_passes_no_limit(phone: Product) -> None:
    pinned, gone = make_product("Pinned"), make_product("Gone", stock=0)
    connect(make_model(), phone, make_product("Case"), make_product("Cable"))
    Pin.objects.create(product=pinned, position=2)
    Pin.objects.create(product=gone, position=1)
    [picks] = recommend([ask(phone)], NOW)
    assert titles(picks) == ["Case", "Pinned", "Cable"]
    assert objections(ask(phone))["Gone"] == "out_of_stock"


def test_what_a_person_named_goes_first_and_needs_no_orders(phone: Product) -> None:
    glass = make_product("Screen glass", price=Decimal(999))
    for_type = make_product("Film")
    ComplementRule.objects.create(product=phone, complement=glass)
    ComplementRule.objects.create(product_type="phone", complement=for_type)
    [picks] = recommend([ask(phone)], NOW)
    assert [(pick.product.title, pick.scorer, pick.model_id) for pick in picks] == [
        ("Screen glass", "hand", None),
        ("Film", "hand", None),
    ]


def test_types_that_go_together_step_in_where_a_product_has_no_orders(phone: Product) -> None:
    model = make_model()
    model.type_neighbours.create(product_type="phone", neighbour_type="case", score=0.6, support=40)
    case = make_product("Case", product_type="case")
    Bestseller.objects.create(model=model, department="= case", product=case, rank=0, sold=30)
    [[pick]] = recommend([ask(phone)], NOW)
    assert (pick.product, pick.scorer, pick.because_of) == (case, "type_pairs", phone)


@pytest.mark.parametrize(
    ("fallback", "shown"), [("none", []), ("types", []), ("departments", ["Lid"]), ("shop", ["Lid", "Lamp"])]
)
def test_the_fallback_goes_down_as_far_as_the_shop_lets_it(fallback: str, shown: list[str]) -> None:
    pan, model = make_product("Pan", category="Kitchen > Pans"), make_model()
    lid, lamp = make_product("Lid", category="Kitchen > Lids"), make_product("Lamp")
    for department, product in (("Kitchen", lid), ("", lamp)):
        Bestseller.objects.create(model=model, department=department, product=product, rank=0, sold=30)
    OfferRules.objects.create(fallback=fallback)
    assert titles(recommend([ask(pan)], NOW)[0]) == shown


def test_the_same_category_is_listed_once_on_every_database(phone: Product) -> None:
    Listing.objects.create(side=Listing.Side.EXCLUDE, category="toys")
    with pytest.raises(IntegrityError, match="category"), transaction.atomic():
        Listing.objects.create(side=Listing.Side.EXCLUDE, category="toys")
    ComplementRule.objects.create(product_type="phone", complement=phone)
    with pytest.raises(IntegrityError, match="type"), transaction.atomic():
        ComplementRule.objects.create(product_type="phone", complement=phone)
