"""What an email shows: never the wrong thing, never more than three, and always with its reason."""

from decimal import Decimal

import pytest
from django.conf import settings as django_settings
from pytest_django import DjangoAssertNumQueries, Settings

from recommendations.engine import reason, recommend
from recommendations.models import Bestseller, Kind
from recommendations.offers import Moment
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


def test_neighbours_of_the_anchor_are_shown_best_first() -> None:
    phone, case, cable = make_product("Phone"), make_product("Case"), make_product("Cable")
    connect(make_model(), phone, case, cable)
    [picks] = recommend([ask(phone)], NOW)
    assert titles(picks) == ["Case", "Cable"]
    assert [(pick.rank, pick.support, pick.because_of) for pick in picks] == [(0, 20, phone), (1, 20, phone)]


def test_upgrades_come_first_and_there_are_never_more_than_three() -> None:
    phone = make_product("Phone", price=Decimal(100))
    better = [make_product(f"Phone {name}", price=Decimal(150)) for name in ("Plus", "Mega")]
    others = [make_product(name) for name in ("Case", "Cable", "Stand", "Strap")]
    model = make_model()
    connect(model, phone, *others)
    connect(model, phone, *better, kind=Kind.UPGRADE)
    [picks] = recommend([ask(phone, complements=9, upgrades=1)], NOW)
    assert titles(picks) == ["Phone Plus", "Case", "Cable"]
    assert [pick.kind for pick in picks] == [Kind.UPGRADE, Kind.COMPLEMENT, Kind.COMPLEMENT]


def test_as_many_of_a_kind_as_were_asked_for() -> None:
    phone, case, cable = make_product("Phone"), make_product("Case"), make_product("Cable")
    connect(make_model(), phone, case, cable)
    assert [len(picks) for picks in recommend([ask(phone, complements=n) for n in (0, 1, 2)], NOW)] == [
        0,
        1,
        2,
    ]


def test_a_product_that_two_anchors_speak_for_goes_first_because_of_the_louder_one() -> None:
    phone, tablet = make_product("Phone"), make_product("Tablet")
    case, charger = make_product("Case"), make_product("Charger")
    model = make_model()
    connect(model, phone, case, score=0.5, support=50)
    connect(model, phone, charger, score=0.4, support=40)
    connect(model, tablet, charger, score=0.45, support=45)
    [picks] = recommend([ask(phone, tablet)], NOW)
    assert titles(picks) == ["Charger", "Case"]
    assert (picks[0].because_of, picks[0].support) == (tablet, 45)
    assert picks[0].score > 0.5


def test_answers_come_in_the_order_of_the_requests() -> None:
    phone, case, lamp, bulb = (make_product(name) for name in ("Phone", "Case", "Lamp", "Bulb"))
    model = make_model()
    connect(model, phone, case)
    connect(model, lamp, bulb)
    found = recommend([ask(lamp), ask(make_product()), ask(phone)], NOW)
    assert [titles(picks) for picks in found] == [["Bulb"], [], ["Case"]]


def test_a_customer_is_told_the_same_among_others_as_alone() -> None:
    phone, case, cable = make_product("Phone"), make_product("Case"), make_product("Cable")
    connect(make_model(), phone, case, cable)
    alike, like, owner = make_customer(), make_customer(), make_customer()
    make_order([case], customer=owner, days_ago=400)
    for customer in (alike, like, owner):
        make_order([phone], customer=customer)
    requests = [ask(phone, customer=customer, moment=Moment.AFTER) for customer in (alike, like, owner)]
    together = recommend(requests, NOW)
    assert [titles(picks) for picks in together] == [["Case", "Cable"], ["Case", "Cable"], ["Cable"]]
    assert together == [recommend([request], NOW)[0] for request in requests]
    assert together[0] is together[1], "what must be equal is worked out once"


def test_without_a_model_or_a_request_there_is_nothing_to_show() -> None:
    assert recommend([ask(make_product())], NOW) == [[]]
    assert recommend([], NOW) == []


def test_an_unknown_anchor_is_passed_over() -> None:
    phone, case = make_product("Phone"), make_product("Case")
    connect(make_model(), phone, case)
    request = ask(phone)
    unknown = type(request)(None, (10**9, *request.anchors), frozenset(), 3, 1, "GBP")
    assert titles(recommend([unknown], NOW)[0]) == ["Case"]


def test_an_unknown_scorer_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"no scorer 'magic'"):
        recommend([ask(make_product(), scorer="magic")], NOW)


@pytest.mark.parametrize("count", [5, 200])
def test_a_batch_takes_the_same_queries_however_large(
    count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    phones = [make_product(f"Phone{n}") for n in range(10)]
    model = make_model()
    for number, phone in enumerate(phones):
        connect(model, phone, make_product(f"Case{number}"))
    customer = make_customer()
    make_order(phones[:2], customer=customer)
    requests = [ask(phones[n % 10], customer=customer, upgrades=1) for n in range(count)]
    with django_assert_num_queries(16):
        found = recommend(requests, NOW)
    assert all(len(picks) == 1 for picks in found)


def test_prices_are_in_the_customers_currency() -> None:
    phone, case = make_product("Phone"), make_product("Case", prices={"EUR": "12.50"})
    connect(make_model(), phone, case, make_product("Cable"))
    [picks] = recommend([ask(phone, currency="EUR")], NOW)
    assert [(p.product.title, p.price.amount, p.price.currency) for p in picks] == [
        ("Case", Decimal("12.50"), "EUR")
    ]


def test_where_nothing_has_the_customers_currency_each_product_keeps_its_own() -> None:
    phone = make_product("Phone")
    connect(make_model(), phone, make_product("Case"))
    [picks] = recommend([ask(phone, currency="IRR")], NOW)
    assert [(pick.product.title, pick.price.currency) for pick in picks] == [("Case", "GBP")]


def test_the_popular_arm_shows_best_sellers_of_the_anchors_department_first() -> None:
    pan = make_product("Pan", category="Kitchen > Pans")
    lid, lamp = make_product("Lid", category="Kitchen > Lids"), make_product("Lamp", category="Home > Lamps")
    model = make_model()
    connect(model, pan, make_product("Spatula"))
    for department, product, rank, sold in (("Kitchen", lid, 0, 30), ("", lamp, 0, 90), ("", lid, 1, 30)):
        Bestseller.objects.create(model=model, department=department, product=product, rank=rank, sold=sold)
    [picks] = recommend([ask(pan, scorer="popular")], NOW)
    assert titles(picks) == ["Lid", "Lamp"]
    assert [(pick.scorer, pick.because_of, pick.support) for pick in picks] == [
        ("popular", None, 30),
        ("popular", None, 90),
    ]


@pytest.mark.parametrize(("enabled", "shown"), [(False, []), (True, ["Lamp"])])
def test_best_sellers_fill_an_empty_block_only_where_the_shop_wants_it(
    enabled: bool, shown: list[str], settings: Settings
) -> None:
    settings.PAIRWELL = django_settings.PAIRWELL | {"RECOMMENDATION_FALLBACK_TO_POPULAR": enabled}
    pan, lamp = make_product("Pan"), make_product("Lamp")
    Bestseller.objects.create(model=make_model(), department="", product=lamp, rank=0, sold=90)
    assert titles(recommend([ask(pan)], NOW)[0]) == shown
    assert recommend([ask(pan, complements=0)], NOW) == [[]]


def test_a_pick_says_its_reason_in_the_customers_language() -> None:
    phone = make_product("Phone", titles={"fa": "گوشی"}, price=Decimal(100))
    better, case = make_product("Phone Plus", price=Decimal("149.50")), make_product("Case")
    model = make_model()
    connect(model, phone, case, support=41)
    connect(model, phone, better, kind=Kind.UPGRADE, support=7)
    upgrade, complement = recommend([ask(phone, upgrades=1)], NOW)[0]
    assert reason(complement, language="fa-IR") == {
        "code": "bought_together", "because_of": "گوشی", "support": 41, "price_difference": None,
        "adds": [], "text": "اغلب همراه «گوشی» خریده می‌شود",
    }  # fmt: skip
    assert reason(upgrade) == {
        "code": "better_version",
        "because_of": "Phone",
        "support": 7,
        "price_difference": {"amount": "49.50", "currency": "GBP"},
        "adds": [],
        "text": "A step up from Phone, for 49.50 GBP more",
    }


def test_a_best_seller_needs_no_product_to_speak_for_it() -> None:
    pan, lamp = make_product("Pan"), make_product("Lamp")
    Bestseller.objects.create(model=make_model(), department="", product=lamp, rank=0, sold=90)
    [[pick]] = recommend([ask(pan, scorer="popular")], NOW)
    assert (reason(pick)["code"], reason(pick)["because_of"]) == ("popular", "")
    assert reason(pick)["text"] == "Popular in the shop this month"
