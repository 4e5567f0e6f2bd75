"""Every page opens, for the staff, and asks the database little."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from tests.dashboard.sent import SmallShop

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
    "experiment_new": lambda shop: {},
    "experiment_planner": lambda shop: {},
    "templates": lambda shop: {},
    "template": lambda shop: {"key": "abandoned_cart"},
    "recommendations": lambda shop: {},
    "recommendation_rules": lambda shop: {},
    "evaluation": lambda shop: {},
    "sending": lambda shop: {},
}
# Two of each are the session and the person who is logged in, two more what holds mail back.
MOST_QUERIES = 22


def address(name: str, shop: SmallShop) -> str:
    return reverse(f"dashboard:{name}", kwargs=PAGES[name](shop))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_with_few_queries_and_a_strict_policy(
    name: str, signed_in: Client, small_shop: SmallShop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(MOST_QUERIES):
        response = signed_in.get(address(name, small_shop))
    assert response.status_code == 200
    policy, html = response.headers["Content-Security-Policy"], response.content.decode()
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r" style=|<style|<script>| on[a-z]+=", html), "the policy would block it"


def test_every_page_asks_a_stranger_to_log_in(client: Client, small_shop: SmallShop) -> None:
    responses = [client.get(address(name, small_shop)) for name in PAGES]
    assert {response.status_code for response in responses} == {302}
    assert all(response.headers["Location"].startswith("/login/") for response in responses)
