"""Double opt-in from the form to the ledger: the email, the button, and nobody asked for ever."""

import email
import re
import zlib
from datetime import datetime, timedelta
from email import policy as mail_policy
from urllib.parse import urlsplit

import pytest
from django.test import Client

from audience.double_opt_in import ASK_AGAIN_AFTER, VALID_FOR, confirm_request
from audience.links import read_confirm
from audience.models import ConsentEntry, ConsentRequest
from audience.standings import read_standings
from campaigns.models import Message, PreviewMail
from campaigns.transports import DatabasePreviewStore
from delivery.preview import PreviewTransport
from shop.ingest import record_events
from shop.models import Customer
from tests.factories import make_customer
from triggers.engine import sweep
from triggers.standard_flows import create_flows

pytestmark = pytest.mark.django_db
MARKETING_WORDS = ("Goes well with", "Often bought", "View product", "Unsubscribe", "Popular")


@pytest.fixture
def customer(now: datetime) -> Customer:
    create_flows(now - timedelta(days=1))
    return make_customer(external_id="c-17", email="sara@buyer.example")


def ask(number: int, at: datetime) -> None:
    said = {"text": "Yes, send me offers.", "text_version": "footer form 2", "proof": "newsletter form"}
    element = {
        "id": f"ask-{number}",
        "kind": "consent.requested",
        "occurred_at": at.isoformat(),
        "customer": {"id": "c-17"},
        "consent": said,
    }
    [receipt] = record_events([element], source="shop", now=at)
    assert not receipt.errors
    sweep(at, PreviewTransport(DatabasePreviewStore()))


def read_mail() -> str:
    mail = email.message_from_bytes(
        zlib.decompress(PreviewMail.objects.latest("pk").mime), policy=mail_policy.default
    )
    body = mail.get_body(("plain",))
    assert body
    return f"{mail.items()}\n{body.get_content()}"


def confirm_path() -> str:
    found = re.search(r"http\S+/y/[\w-]+", read_mail())
    assert found
    return urlsplit(found[0]).path


def may_market(customer: Customer, at: datetime) -> bool:
    return read_standings([customer], at)[customer.pk].may_market


def test_the_email_asks_and_offers_nothing(customer: Customer, now: datetime) -> None:
    ask(1, now)
    mail = read_mail()
    assert "Was it you?" in mail
    assert not [word for word in MARKETING_WORDS if word in mail]
    assert "List-Unsubscribe" not in mail
    assert not re.search(r"/c/|/o/", mail)
    assert not may_market(customer, now)


def test_only_the_button_confirms(customer: Customer, now: datetime, client: Client) -> None:
    ask(1, now)
    path = confirm_path()
    for look in (client.get, client.head):
        assert look(path).status_code == 200
    assert not ConsentEntry.objects.exists()
    link = read_confirm(path.rpartition("/")[2])
    assert link
    confirm_request(*link, proof="link in the email", now=now)
    entry = ConsentEntry.objects.get()
    assert (entry.basis, entry.source, entry.text_version) == ("explicit", "double_opt_in", "footer form 2")
    assert "newsletter form" in entry.proof
    assert may_market(customer, now)


def test_pressing_twice_says_the_same_and_adds_no_line(
    customer: Customer, now: datetime, client: Client
) -> None:
    ask(1, now)
    ConsentRequest.objects.update(expires_at=now + timedelta(days=9999))
    strict = Client(enforce_csrf_checks=True)
    first, second = strict.post(confirm_path()), strict.post(confirm_path())
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    assert ConsentEntry.objects.count() == 1


def test_a_request_runs_out(customer: Customer, now: datetime) -> None:
    ask(1, now)
    link = read_confirm(confirm_path().rpartition("/")[2])
    assert link
    assert confirm_request(*link, proof="", now=now + VALID_FOR) == "expired"
    assert not ConsentEntry.objects.exists()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "This request has run out"),
        ("fa", "مهلت این درخواست تمام شده است"),
        ("he", "תוקף הבקשה פג"),
        ("ar", "انتهت صلاحية هذا الطلب"),
        ("ru", "Срок запроса истёк"),
    ],
)
def test_a_link_that_has_run_out_says_so_and_that_it_is_gone_for_good(
    customer: Customer, now: datetime, client: Client, language: str, words: str
) -> None:
    ask(1, now)
    Customer.objects.filter(pk=customer.pk).update(language=language)
    ConsentRequest.objects.update(expires_at=now - VALID_FOR)
    answer = client.post(confirm_path())
    assert answer.status_code == 410
    page = answer.content.decode()
    assert words in page
    assert customer.email not in page
    assert "<form" not in page, "there is nothing left to press"
    assert client.post(confirm_path()).status_code == 410
    assert not ConsentEntry.objects.exists()


def test_whoever_does_not_answer_is_asked_twice_in_all(customer: Customer, now: datetime) -> None:
    times = [
        now,
        now + timedelta(minutes=1),
        now + ASK_AGAIN_AFTER - timedelta(seconds=1),
        now + ASK_AGAIN_AFTER,
        now + 10 * ASK_AGAIN_AFTER,
    ]
    for number, at in enumerate(times):
        ask(number, at)
    reasons = ConsentRequest.objects.order_by("pk").values_list("refused_for", flat=True)
    assert list(reasons) == ["", "asked_recently", "asked_recently", "", "asked_enough"]
    assert PreviewMail.objects.count() == 2
    outcomes = Message.objects.with_status().order_by("queued_at").values_list("status", "reason")
    assert list(outcomes) == [
        ("accepted", ""),
        ("skipped", "asked_recently"),
        ("skipped", "asked_recently"),
        ("accepted", ""),
        ("skipped", "asked_enough"),
    ]


def test_a_flood_in_one_batch_makes_one_email(customer: Customer, now: datetime) -> None:
    elements = [
        {
            "id": f"flood-{number}",
            "kind": "consent.requested",
            "occurred_at": now.isoformat(),
            "customer": {"id": "c-17"},
            "consent": {"text": "Yes."},
        }
        for number in range(50)
    ]
    record_events(elements, source="shop", now=now)
    sweep(now, PreviewTransport(DatabasePreviewStore()))
    assert PreviewMail.objects.count() == 1


def test_whoever_has_agreed_is_not_asked(customer: Customer, now: datetime) -> None:
    ask(1, now)
    link = read_confirm(confirm_path().rpartition("/")[2])
    assert link
    confirm_request(*link, proof="", now=now)
    ask(2, now + timedelta(days=40))
    assert ConsentRequest.objects.latest("pk").refused_for == "already_subscribed"
    assert PreviewMail.objects.count() == 1


def test_a_link_of_another_purpose_confirms_nothing(
    customer: Customer, now: datetime, client: Client
) -> None:
    ask(1, now)
    token = confirm_path().rpartition("/")[2]
    wrong = ["x" + token[1:], token[:-1], token + "A"]
    assert {client.post(f"/y/{bad}").status_code for bad in wrong} == {404}
    assert client.post(f"/u/{token}").status_code == client.post(f"/p/{token}").status_code == 404
    assert not ConsentEntry.objects.exists()
