"""What a shop's own pages are told, quickly, with a reason, and never against the customer's word."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from audience.models import Preference
from recommendations.models import Kind
from recommendations.withholding import find_withheld, register_reader
from shop.api_keys import create_api_key
from shop.models import Cart, CartLine, Product
from shop.openapi import build_document
from tests.queries import count_statements
from tests.recommendations.shops import NOW, connect, make_customer, make_model, make_order, make_product

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Client:
    _, plain = create_api_key("web shop", now=NOW)
    return Client(headers={"Authorization": f"Bearer {plain}"})


@pytest.fixture
def phone() -> Product:
    phone = make_product("Phone", titles={"fa": "گوشی"}, price=Decimal(100))
    connect(make_model(), phone, make_product("Case"), make_product("Cable"))
    return phone


def ask(shop: Client, **parameters: Any) -> Any:
    return shop.get("/api/v1/recommendations", parameters)


def test_a_product_page_is_told_what_goes_with_it_and_why(shop: Client, phone: Product) -> None:
    answer = ask(shop, product=phone.external_id, language="fa", limit=1)
    assert answer.status_code == 200
    [found] = answer.json()["recommendations"]
    assert (found["title"], found["kind"], found["price"], found["currency"]) == (
        "Case", "complement", "10.00", "GBP"
    )  # fmt: skip
    assert found["reason"]["text"] == "اغلب همراه «گوشی» خریده می‌شود"
    assert answer.json()["empty_because"] == ""


def test_a_cart_is_answered_like_its_products(shop: Client, phone: Product) -> None:
    cart = Cart.objects.create(external_id="c9", customer=make_customer(), updated_at=NOW, currency="GBP")
    CartLine.objects.create(cart=cart, product=phone, quantity=1, unit_price=100)
    by_cart, by_product = ask(shop, cart="c9").json(), ask(shop, product=phone.external_id).json()
    assert by_cart == by_product
    assert len(by_cart["recommendations"]) == 2


@pytest.mark.parametrize(("name", "value"), [("currency", "WRONG"), ("language", "klingonish-" * 9)])
def test_a_currency_or_a_language_that_does_not_exist_is_refused(
    shop: Client, phone: Product, name: str, value: str
) -> None:
    answer = ask(shop, product=phone.external_id, **{name: value})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("parameters", "status", "words"),
    [
        ({}, 400, "Nothing is asked about"),
        ({"product": "nope"}, 404, "No product has the id 'nope'"),
        ({"cart": "nope"}, 404, "No cart has the id 'nope'"),
        ({"product": "p", "cart": "c"}, 400, "both given"),
        ({"product": "p", "customer": "nope"}, 404, "No customer has the id 'nope'"),
        ({"product": "p", "kind": "magic"}, 400, "kind 'magic' does not exist"),
        ({"product": "p", "limit": "0"}, 400, "limit '0'"),
        ({"product": "p", "limit": "13"}, 400, "limit '13'"),
        ({"product": "p", "limit": "٣"}, 400, "limit '٣'"),
        ({"product": "p", "color": "red"}, 400, "no parameter 'color'"),
        ({"product": ["p"] * 101}, 400, "101 products are too many"),
        ({"kind": "repeat"}, 400, "needs a customer"),
        ({"product": "p\0"}, 400, "product holds a NUL"),
        ({"kind": "complement", "cart": "c\0"}, 400, "cart holds a NUL"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(
    shop: Client, parameters: dict[str, Any], status: int, words: str
) -> None:
    answer = ask(shop, **parameters)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert words in error["message"]
    assert error["hint"]


def test_without_a_key_nothing_is_told(client: Client, phone: Product) -> None:
    assert ask(client, product=phone.external_id).status_code == 401


def test_the_same_answer_is_not_sent_twice(shop: Client, phone: Product) -> None:
    first = ask(shop, product=phone.external_id)
    assert first["Cache-Control"] == "private, max-age=60"
    again = shop.get(
        "/api/v1/recommendations", {"product": phone.external_id}, headers={"If-None-Match": first["ETag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


def test_a_question_is_answered_from_memory_for_a_minute(shop: Client, phone: Product) -> None:
    customer = make_customer()
    parameters = {"product": phone.external_id, "customer": customer.external_id}
    with count_statements() as first:
        ask(shop, **parameters)
    with count_statements() as again:
        ask(shop, **parameters)
    assert len(first) <= 25
    assert len(again) <= 9


def test_who_wants_no_suggestions_gets_none_at_once(shop: Client, phone: Product) -> None:
    customer = make_customer()
    parameters = {"product": phone.external_id, "customer": customer.external_id}
    assert len(ask(shop, **parameters).json()["recommendations"]) == 2
    Preference.objects.create(customer=customer, no_suggestions=True, updated_at=NOW)
    answer = ask(shop, **parameters).json()
    assert (answer["recommendations"], answer["empty_because"]) == ([], "no_suggestions")


def test_an_app_above_can_keep_people_without_suggestions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recommendations.withholding._readers", [])
    kept, other = make_customer(), make_customer()
    register_reader(lambda _customers, _now: {kept.pk: "held_out"})
    assert find_withheld([kept, other], NOW) == {kept.pk: "held_out"}


def test_nothing_in_an_answer_tells_who_asked(shop: Client, phone: Product) -> None:
    customer = make_customer(name="Mina Karimi", email="mina@buyer.example", country="FR")
    make_order([phone], customer=customer)
    text = ask(shop, product=phone.external_id, customer=customer.external_id).content.decode()
    assert not [word for word in ("Mina", "mina@", customer.external_id, str(customer.uuid)) if word in text]


def test_a_better_one_and_a_bundle_can_be_asked_for(shop: Client, phone: Product) -> None:
    better = make_product("Phone Plus", price=Decimal(150))
    connect(phone.neighbours.first().model, phone, better, kind=Kind.UPGRADE)  # type: ignore[union-attr]
    [upgrade] = ask(shop, product=phone.external_id, kind="upgrade").json()["recommendations"]
    assert upgrade["reason"]["price_difference"] == {"amount": "50.00", "currency": "GBP"}
    bundle = ask(shop, product=phone.external_id, kind="bundle").json()["bundle"]
    assert bundle["price"] == "110.00"


def test_the_contract_tells_of_the_endpoint_and_holds_the_answer(shop: Client, phone: Product) -> None:
    document = build_document()
    documented = document["components"]["schemas"]["Recommendations"]
    answer = ask(shop, product=phone.external_id).json()
    assert set(documented["required"]) == set(answer)
    offer = documented["properties"]["recommendations"]["items"]
    assert all(set(offer["required"]) == set(found) for found in answer["recommendations"])
    assert "get" in document["paths"]["/recommendations"]
