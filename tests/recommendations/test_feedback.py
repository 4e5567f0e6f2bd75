"""What customers answer is counted once, and "fewer of these" takes one click and no login."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client

from recommendations.engine import recommend
from recommendations.feedback import (
    MOST_PRODUCTS,
    Response,
    ask_for_fewer,
    count_responses,
    fewer_url,
    read_acceptance,
)
from recommendations.freshness import find_stale
from recommendations.models import CustomerResponse, Kind, ProductResponse
from shop.models import Product
from tests.queries import count_statements
from tests.recommendations.shops import NOW, ask, connect, make_customer, make_model, make_product, titles

pytestmark = pytest.mark.django_db


def respond(*what: str, customer: int, product: int) -> list[Response]:
    return [
        Response(customer, product, "complement", word, NOW + timedelta(minutes=number))
        for number, word in enumerate(what)
    ]


def test_a_click_ends_the_row_of_times_that_a_product_was_ignored() -> None:
    customer, product = make_customer().pk, make_product().pk
    count_responses(respond("shown", "shown", customer=customer, product=product))
    assert CustomerResponse.objects.get().ignored == 2
    count_responses(respond("shown", "clicked", "shown", customer=customer, product=product))
    row = CustomerResponse.objects.get()
    assert (row.shown, row.clicked, row.ignored) == (4, 1, 1)


def test_acceptance_is_what_became_of_a_product_in_its_slot() -> None:
    first, second, product = make_customer(), make_customer(), make_product()
    count_responses(respond("shown", "shown", "clicked", "bought", customer=first.pk, product=product.pk))
    count_responses(respond("shown", "shown", customer=second.pk, product=product.pk))
    ask_for_fewer(second, [product], NOW)
    [row] = read_acceptance(NOW.date())
    assert (row.product, row.shown, row.clicked, row.bought, row.fewer) == (product, 4, 1, 1, 1)
    assert (row.click_rate, row.purchase_rate) == (0.25, 0.25)
    assert ProductResponse.objects.count() == 1


def test_counting_five_hundred_takes_as_many_statements_as_counting_five() -> None:
    customer = make_customer().pk
    products = [make_product().pk for _ in range(100)]
    counts = []
    for number in (5, 100):
        responses = [Response(customer, product, "complement", "shown", NOW) for product in products[:number]]
        with count_statements() as statements, transaction.atomic():
            count_responses(responses)
        counts.append(len([s for s in statements if "SAVEPOINT" not in s]))
    assert counts[1] <= counts[0] + 2  # rows to change besides rows to create


def test_the_page_asks_first_and_takes_one_click(client: Client) -> None:
    customer = make_customer(language="fa", email="mina@buyer.example")
    case, cable = make_product("Case", titles={"fa": "قاب گوشی"}), make_product("Cable")
    url = fewer_url(customer.uuid, [case.pk, cable.pk]).partition("8000")[2]
    page = client.get(url)
    assert (page.status_code, "قاب گوشی" in page.content.decode()) == (200, True)
    assert 'dir="rtl"' in page.content.decode()
    assert not CustomerResponse.objects.exists()
    assert client.post(url).status_code == 200
    assert CustomerResponse.objects.filter(customer=customer).exclude(fewer_at=None).count() == 2
    client.post(url)
    assert CustomerResponse.objects.count() == 2


def test_a_forged_link_changes_nothing_and_tells_nothing(client: Client) -> None:
    url = fewer_url(make_customer().uuid, [make_product().pk]).partition("8000")[2]
    forged = url[:-1] + ("A" if url[-1] != "A" else "B")
    assert client.post(forged).status_code == 404
    assert client.get("/f/nonsense").status_code == 404
    assert not CustomerResponse.objects.exists()


def test_an_email_without_products_has_no_such_link() -> None:
    customer = make_customer()
    assert fewer_url(customer.uuid, []) == ""
    assert fewer_url(customer.uuid, list(range(1, 99))).count("/f/") == 1
    assert MOST_PRODUCTS == 6


@pytest.mark.parametrize(
    ("change", "code"),
    [({}, ""), ({"stock": 0}, "gone"), ({"status": "hidden"}, "gone"), ({"price": "11.00"}, "price_changed"),
     ({"title": "New name"}, "")],
)  # fmt: skip
def test_stock_and_price_are_looked_at_again_before_an_email_leaves(
    change: dict[str, object], code: str
) -> None:
    phone, case = make_product("Phone"), make_product("Case")
    connect(make_model(), phone, case)
    [picks] = recommend([ask(phone)], NOW)
    assert titles(picks) == ["Case"]
    Product.objects.filter(pk=case.pk).update(**change)
    with count_statements() as statements:
        assert find_stale([picks, [], picks]) == [code, "", code]
    assert len(statements) == 1


def test_an_upgrade_is_stale_when_the_price_it_is_measured_against_moved() -> None:
    phone, better = make_product("Phone", price=100), make_product("Phone Plus", price=150)
    connect(make_model(), phone, better, kind=Kind.UPGRADE)
    [picks] = recommend([ask(phone, complements=0, upgrades=1)], NOW)
    Product.objects.filter(pk=phone.pk).update(price=90)
    assert find_stale([picks]) == ["price_changed"]
