"""RFC 8058: a machine's POST takes a customer out, a machine's GET does not."""

import re
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import Client, RequestFactory

from audience.links import preferences_url, sign, unsubscribe_url
from audience.models import ConsentEntry
from audience.views import unsubscribe
from shop.models import Customer
from tests.audience.people import grant, make_customer

pytestmark = pytest.mark.django_db
MESSAGE = UUID("6a1f0b52-5a1e-4a8a-9a55-3f3f5a0e7c11")
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def customer() -> Customer:
    customer = make_customer()
    grant(customer)
    return customer


@pytest.fixture
def strict_client() -> Client:
    """As a mailbox provider's machine comes: without cookies, to a site that checks CSRF."""
    return Client(enforce_csrf_checks=True)


def path_for(customer: Customer) -> str:
    return urlsplit(unsubscribe_url(customer.uuid, MESSAGE)).path


def withdrawals() -> list[tuple[str, str, str]]:
    rows = ConsentEntry.objects.filter(state="withdrawn")
    return list(rows.values_list("basis", "source", "proof"))


@pytest.mark.parametrize(
    "body",
    [
        {"data": ONE_CLICK},
        {"data": "List-Unsubscribe=One-Click", "content_type": "application/x-www-form-urlencoded"},
    ],
)
def test_one_post_is_enough(strict_client: Client, customer: Customer, body: dict[str, Any]) -> None:
    response = strict_client.post(path_for(customer), **body)
    assert response.status_code == 200
    assert not response.cookies
    assert withdrawals() == [("objection", "one_click", f"message {MESSAGE}")]


def test_a_second_post_answers_alike_and_adds_nothing(strict_client: Client, customer: Customer) -> None:
    first = strict_client.post(path_for(customer), ONE_CLICK)
    second = strict_client.post(path_for(customer), ONE_CLICK)
    assert (second.status_code, second.content) == (200, first.content)
    assert len(withdrawals()) == 1


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_scanner_that_looks_changes_nothing(strict_client: Client, customer: Customer, method: str) -> None:
    response = getattr(strict_client, method)(path_for(customer))
    assert response.status_code == 200
    assert withdrawals() == []


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
def test_other_methods_are_refused(strict_client: Client, customer: Customer, method: str) -> None:
    assert getattr(strict_client, method)(path_for(customer)).status_code == 405
    assert withdrawals() == []


@pytest.mark.parametrize(
    ("body", "content_type", "length"),
    [
        ("", "application/x-www-form-urlencoded", None),
        ("something=else", "application/x-www-form-urlencoded", None),
        ("{broken", "application/json", None),
        ("--x\r\nbroken", "multipart/form-data", None),
        ("--x\r\nbroken", "multipart/form-data; boundary=x", None),
        ("a" * 20_000, "application/x-www-form-urlencoded", None),
        ("List-Unsubscribe=One-Click", "application/x-www-form-urlencoded", "abc"),
        ("List-Unsubscribe=One-Click", "application/x-www-form-urlencoded", "-1"),
        ("List-Unsubscribe=One-Click", "text/plain", "abc"),
    ],
)
def test_a_body_that_can_not_be_read_never_stops_a_no(
    strict_client: Client, customer: Customer, body: str, content_type: str, length: str | None
) -> None:
    odd: dict[str, Any] = {"CONTENT_LENGTH": length} if length else {}
    response = strict_client.post(path_for(customer), data=body, content_type=content_type, **odd)
    assert response.status_code == 200
    assert withdrawals() == [("objection", "one_click", f"message {MESSAGE}")]


def test_a_body_that_never_comes_stops_no_no(customer: Customer) -> None:
    class Silent(BytesIO):
        def read(self, *_: Any) -> bytes:
            raise TimeoutError

    request = RequestFactory().post(path_for(customer), ONE_CLICK)
    request.environ["wsgi.input"] = Silent()
    request = WSGIRequest(request.environ)
    assert unsubscribe(request, path_for(customer).removeprefix("/u/")).status_code == 200
    assert len(withdrawals()) == 1


def test_a_person_who_presses_the_button_on_our_page_is_told_from_a_machine(
    strict_client: Client, customer: Customer
) -> None:
    page = strict_client.get(path_for(customer)).content.decode()
    [action] = re.findall(r'<form method="post" action="([^"]+)"', page)
    strict_client.post(path_for(customer) + action)
    assert withdrawals() == [("objection", "preference_page", f"message {MESSAGE}")]


def test_an_altered_link_changes_nothing(strict_client: Client, customer: Customer) -> None:
    path = path_for(customer)
    altered = path[:-1] + ("A" if path[-1] != "A" else "B")
    assert strict_client.post(altered, ONE_CLICK).status_code == 404
    assert withdrawals() == []


def test_a_preference_link_does_not_unsubscribe(strict_client: Client, customer: Customer) -> None:
    token = preferences_url(customer.uuid).rpartition("/")[2]
    assert strict_client.post(f"/u/{token}", ONE_CLICK).status_code == 404
    assert withdrawals() == []


def test_a_link_of_another_purpose_with_the_same_payload_does_not_unsubscribe(
    strict_client: Client, customer: Customer
) -> None:
    token = sign("click", customer.uuid.bytes + MESSAGE.bytes)
    assert strict_client.post(f"/u/{token}", ONE_CLICK).status_code == 404


def test_a_dead_link_and_a_customer_who_is_gone_look_the_same(strict_client: Client) -> None:
    gone = strict_client.get(urlsplit(unsubscribe_url(MESSAGE, MESSAGE)).path)
    dead = strict_client.get("/u/nonsense")
    assert (gone.status_code, gone.content) == (dead.status_code, dead.content)
    assert dead.status_code == 404
    assert "help@shop.example" in dead.content.decode()
