"""The back office reads the ledger and can not rewrite it."""

import pytest
from django.test import Client

from audience.models import ConsentEntry, Suppression
from tests.audience.people import NOW, grant, make_customer, standing_of

pytestmark = pytest.mark.django_db


def test_a_superuser_can_read_the_ledger_but_not_change_it(admin_client: Client) -> None:
    entry = grant(make_customer())
    page = f"/admin/audience/consententry/{entry.pk}/"
    assert admin_client.get("/admin/audience/consententry/").status_code == 200
    assert admin_client.post(f"{page}change/", {"state": "withdrawn"}).status_code == 403
    assert admin_client.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    assert admin_client.get("/admin/audience/consententry/add/").status_code == 403
    assert ConsentEntry.objects.get().state == "granted"


def test_an_address_put_on_the_list_by_hand_gets_no_mail(admin_client: Client) -> None:
    customer = make_customer(email="sara@buyer.example")
    form = {"address": "Sara@buyer.example", "scope": "all", "detail": "asked by phone"}
    admin_client.post("/admin/audience/suppression/add/", form)
    assert Suppression.objects.get().reason == "manual"
    assert standing_of(customer, NOW).is_suppressed


def test_putting_an_address_on_the_list_twice_is_refused_with_words(admin_client: Client) -> None:
    form = {"address": "sara@buyer.example", "scope": "all"}
    admin_client.post("/admin/audience/suppression/add/", form)
    response = admin_client.post("/admin/audience/suppression/add/", form)
    assert "suppressed in this scope already" in response.content.decode()


def test_a_suppressed_address_can_be_found_by_writing_it(admin_client: Client) -> None:
    admin_client.post("/admin/audience/suppression/add/", {"address": "sara@buyer.example", "scope": "all"})
    found = admin_client.get("/admin/audience/suppression/?q=sara@buyer.example").content.decode()
    other = admin_client.get("/admin/audience/suppression/?q=omid@buyer.example").content.decode()
    assert "1 suppression" in found
    assert "0 suppressions" in other
