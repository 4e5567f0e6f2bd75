"""Every page opens, for those who are logged in, and asks the database little."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from tests.dashboard.rows import SmallShop

PAGES: dict[str, Callable[[SmallShop], dict[str, Any]]] = {
    "overview": lambda shop: {},
    "campaigns": lambda shop: {},
    "campaign": lambda shop: {"key": "abandoned-cart"},
    "trigger": lambda shop: {"key": "abandoned-cart"},
    "messages": lambda shop: {},
    "message": lambda shop: {"pk": shop.messages["cart en"].pk},
    "inbox": lambda shop: {},
    "preview": lambda shop: {"pk": shop.preview.pk},
    "customers": lambda shop: {},
    "customer": lambda shop: {"uuid": shop.customers["fa"].uuid},
    "experiments": lambda shop: {},
    "experiment": lambda shop: {"key": "warm-subject"},
    "templates": lambda shop: {},
    "template": lambda shop: {"key": "abandoned_cart"},
    "recommendations": lambda shop: {},
}
# Two of each are the session and the person who is logged in.
MOST_QUERIES = 20


def address(name: str, shop: SmallShop) -> str:
    return reverse(f"dashboard:{name}", kwargs=PAGES[name](shop))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_with_few_queries_and_a_strict_policy(
    name: str, signed_in: Client, small_shop: SmallShop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(MOST_QUERIES):
        response = signed_in.get(address(name, small_shop))
    assert response.status_code == 200
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_a_stranger_to_log_in(name: str, client: Client, small_shop: SmallShop) -> None:
    response = client.get(address(name, small_shop))
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/login/")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_inline_style_or_script(name: str, signed_in: Client, small_shop: SmallShop) -> None:
    html = signed_in.get(address(name, small_shop)).content.decode()
    assert " style=" not in html
    assert "<style" not in html
    assert "<script>" not in html
    assert " onclick=" not in html
