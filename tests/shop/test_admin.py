"""The plain admin opens, finds, and never writes to the log."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from shop.api_keys import check_api_key, create_api_key
from shop.models import ApiKey, Event
from tests.factories import NOW, make_cart, make_customer, make_event, make_order, make_product

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin_client() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("admin"))
    return client


@pytest.mark.parametrize("name", ["customer", "product", "order", "refund", "cart", "event", "apikey"])
def test_every_list_opens_and_is_searched(admin_client: Client, name: str) -> None:
    customer = make_customer(external_id="sara")
    make_order(customer, lines=[make_product()])
    make_cart(customer)
    make_event(customer, kind="customer.updated")
    for query in ({}, {"q": "sara"} if name != "apikey" else {}):
        assert admin_client.get(f"/admin/shop/{name}/", query).status_code == 200


def test_the_log_cannot_be_changed_or_deleted(admin_client: Client) -> None:
    event = make_event(kind="order.placed")
    page = f"/admin/shop/event/{event.pk}/"
    assert admin_client.get(f"{page}change/").status_code == 200
    assert admin_client.post(f"{page}change/", {"kind": "other"}).status_code == 403
    assert admin_client.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    assert Event.objects.get().kind == "order.placed"


def test_a_key_revoked_in_the_admin_opens_nothing(admin_client: Client) -> None:
    key, plain = create_api_key("till", now=NOW)
    admin_client.post("/admin/shop/apikey/", {"action": "revoke", "_selected_action": [key.pk]})
    assert ApiKey.objects.get().revoked_at is not None
    assert check_api_key(plain) is None
