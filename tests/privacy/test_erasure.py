"""Erasing and exporting one person, proven by looking into every table there is."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.test import Client

from audience.consent import read_standings, record_consent
from audience.models import Preference, Suppression
from campaigns.leasing import lease_batch
from campaigns.models import (
    Message,
    MessageOutcome,
    PreviewMail,
    ProofEmail,
    RenderedMessage,
    SendBatch,
    TemplateVersion,
    TrackedLink,
    WebhookPayload,
)
from campaigns.preparation import prepare_batch
from campaigns.prepared import Prepared
from campaigns.previews import Choice, gather_context
from campaigns.proofs import queue_proof, send_proofs
from campaigns.records import write_records
from campaigns.sending import commit_intent
from campaigns.transports import DatabasePreviewStore
from delivery.preview import PreviewTransport
from privacy import erasure
from privacy.erasure import erase_person
from privacy.export import export_person
from privacy.people import PersonNotFoundError, find_person
from shop.ingest import record_events
from shop.models import Customer
from tests.factories import make_customer, make_product
from triggers.engine import sweep, take_events, take_steps
from triggers.standard_flows import create_flows

pytestmark = pytest.mark.django_db
ADDRESS, NAME, NUMBER = "canary.person@buyer.example", "Canarina Persona", "canary-c-17"
CANARIES = ("canary.person", "canarina", "persona", "canary-")


def event(kind: str, at: datetime, **parts: Any) -> dict[str, Any]:
    about = {"id": NUMBER, "email": ADDRESS, "name": NAME, "language": "en", "country": "GB"}
    facts = {"id": f"canary-{kind}", "kind": kind, "occurred_at": at.isoformat(), "customer": about}
    return {**facts, **parts}


@pytest.fixture
def person(now: datetime) -> Customer:
    """Someone with an order confirmed, a cart reminder waiting, consent, choices, and words of a provider."""
    create_flows(now - timedelta(days=1))
    about = {"id": make_product().external_id, "title": "Kettle", "currency": "GBP"}
    line = {"product": about, "quantity": 1, "unit_price": "10.00"}
    order = {
        "id": "canary-o-1",
        "currency": "GBP",
        "url": f"https://shop.example/o?{ADDRESS}",
        "lines": [line],
    }
    cart = {
        "id": "canary-cart",
        "currency": "GBP",
        "url": "https://shop.example/canary-cart",
        "lines": [line],
    }
    consent = {"basis": "explicit", "text": "Yes", "proof": f"form signed by {NAME}"}
    later = now + timedelta(minutes=1)
    elements = [
        event("order.placed", now, order=order),
        event("consent.granted", now, consent=consent),
        event("cart.updated", later, cart=cart),
    ]
    receipts = record_events(elements, source="shop", now=later)
    assert not [receipt.errors for receipt in receipts if receipt.errors]
    sweep(later, PreviewTransport(DatabasePreviewStore()))
    customer = Customer.objects.get(external_id=NUMBER)
    Preference.objects.create(customer=customer, pace="weekly", updated_at=now)
    told = json.dumps([{"email": ADDRESS, "event": "delivered"}]).encode()
    WebhookPayload.objects.create(provider="sendgrid", body=told, received_at=now, processed_at=now)
    assert PreviewMail.objects.count() == 1
    return customer


def _as_text(value: object) -> str:
    is_binary = isinstance(value, memoryview | bytes)
    return bytes(value).decode("utf8", "replace") if is_binary else str(value)  # type: ignore[call-overload]


def find_canaries() -> Iterator[str]:
    """Every column of every table whose text holds a trace of the person."""
    for model in apps.get_models():
        for row in model._default_manager.values():
            for column, value in row.items():
                text = _as_text(value)
                if any(canary in text.lower() for canary in CANARIES):
                    yield f"{model.__name__}.{column}"


def test_the_search_finds_the_person_before(person: Customer) -> None:
    found = set(find_canaries())
    expected = "Customer.email Order.url RenderedMessage.context ConsentEntry.proof WebhookPayload.body"
    assert set(expected.split()) <= found


def test_after_erasing_no_table_and_no_log_names_the_person(
    person: Customer, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), log_statements():
        erase_person(find_person(ADDRESS), now)
    assert list(find_canaries()) == []
    logged = "".join(str(record.__dict__) for record in caplog.records)
    assert not any(canary in logged.lower() for canary in CANARIES)
    assert Suppression.objects.get().scope == "all"


@contextmanager
def log_statements() -> Iterator[None]:
    """As on a machine where somebody debugs: Django logs each statement with its values, if it may."""
    connection.force_debug_cursor = True
    try:
        yield
    finally:
        connection.force_debug_cursor = False


def prepare_order_of(now: datetime) -> tuple[SendBatch, list[Prepared]]:
    """A worker in the middle: it holds a batch with the person's email and one of somebody else."""
    line = {"product": {"id": "k", "title": "Kettle", "currency": "GBP"}, "quantity": 1, "unit_price": "1.00"}
    orders = [
        event(
            "order.placed", now, id="canary-2", order={"id": "canary-2", "currency": "GBP", "lines": [line]}
        ),
        event(
            "order.placed",
            now,
            id="other",
            order={"id": "other", "currency": "GBP", "lines": [line]},
            customer={"id": "other", "email": "other@buyer.example"},
        ),
    ]
    assert not [r.errors for r in record_events(orders, source="shop", now=now) if r.errors]
    take_events(now)
    take_steps(now)
    batch = lease_batch(now)
    assert batch
    return batch, prepare_batch(batch, PreviewTransport(DatabasePreviewStore()), now)


@pytest.mark.parametrize("has_written", [True, False])
def test_a_batch_that_is_being_prepared_is_taken_back_and_writes_nothing_down(
    person: Customer, now: datetime, has_written: bool
) -> None:
    later = now + timedelta(minutes=2)
    batch, prepared = prepare_order_of(later)
    assert ADDRESS in {p.envelope.to_email for p in prepared if p.envelope}
    if has_written:
        assert write_records(batch, prepared)
    erase_person(find_person(ADDRESS), later)
    assert write_records(batch, prepared) is False
    assert commit_intent(batch, prepared, later) is None
    assert list(find_canaries()) == []
    sweep(later, PreviewTransport(DatabasePreviewStore()))
    assert [mail.recipient for mail in PreviewMail.objects.all()] == ["other@buyer.example"]
    assert list(find_canaries()) == []


def test_a_batch_whose_intent_was_committed_leaves_and_its_record_names_nobody(
    person: Customer, now: datetime
) -> None:
    later = now + timedelta(minutes=2)
    batch, prepared = prepare_order_of(later)
    write_records(batch, prepared)
    assert len(commit_intent(batch, prepared, later) or []) == 2
    erase_person(find_person(ADDRESS), later)
    assert list(find_canaries()) == []
    ended = batch.messages.with_status().filter(customer=person)
    assert [(m.status, m.reason) for m in ended] == [("unknown", "erased")]  # nobody can say it did not leave


def test_an_email_that_waits_for_a_second_try_after_a_doubt_is_not_called_unsent(
    person: Customer, now: datetime
) -> None:
    message = Message.objects.get(customer=person)
    Message.objects.update(batch=None)
    doubt = MessageOutcome(message=message, kind="unknown", reason="in_doubt", at=now)
    MessageOutcome.objects.bulk_create(
        [doubt, MessageOutcome(message=message, kind="deferred", reason="possible_duplicate", at=now)]
    )
    erase_person(find_person(ADDRESS), now)
    assert Message.objects.with_status().get(pk=message.pk).status == "unknown"


def test_erasing_twice_is_as_erasing_once(person: Customer, now: datetime) -> None:
    found = find_person(ADDRESS)
    assert erase_person(found, now).customers == 1
    rows = {
        model: list(model._default_manager.values()) for model in apps.get_models() if model is not Customer
    }
    erase_person(find_person(ADDRESS), now)
    assert {model: list(model._default_manager.values()) for model in rows} == rows


@pytest.mark.django_db(transaction=True)
def test_an_erasure_that_lost_a_deadlock_is_done_again(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_customer(email=ADDRESS)
    tried: list[set[int]] = []

    def lose_once(customers: set[int]) -> None:
        tried.append(customers)
        if len(tried) == 1:
            raise OperationalError("deadlock detected")

    monkeypatch.setattr(erasure, "lock_customers", lose_once)
    assert erase_person(find_person(ADDRESS), now).customers == 1
    assert len(tried) == 2
    assert not Customer.objects.filter(email=ADDRESS).exists()


def test_what_waits_is_not_sent(person: Customer, now: datetime) -> None:
    transport = PreviewTransport(DatabasePreviewStore())
    erase_person(find_person(ADDRESS), now)
    for hours in (1, 5, 30):
        sweep(now + timedelta(hours=hours), transport)
    assert PreviewMail.objects.count() == 0
    assert RenderedMessage.objects.exclude(recipient="").count() == 0


def test_queued_mail_is_closed_with_the_reason(person: Customer, now: datetime) -> None:
    later = now + timedelta(minutes=2)
    receipts = record_events(
        [event("consent.requested", later, consent={"text": "Yes"})], source="shop", now=later
    )
    assert not receipts[0].errors
    take_events(later)
    take_steps(later)
    assert erase_person(find_person(ADDRESS), later).queued_messages == 1
    newest = Message.objects.with_status().order_by("-queued_at")[0]
    assert (newest.status, newest.reason) == ("skipped", "erased")


def test_an_erased_address_that_comes_back_stays_suppressed(person: Customer, now: datetime) -> None:
    erase_person(find_person(ADDRESS), now)
    again = event("customer.updated", now + timedelta(days=1))
    assert not record_events([again], source="shop", now=now + timedelta(days=1))[0].errors
    customer = Customer.objects.get(external_id=NUMBER)
    assert customer.pk != person.pk
    facts = {"state": "granted", "basis": "explicit", "source": "api"}
    at = now + timedelta(days=1)
    record_consent(customer, **facts, occurred_at=at, now=at)  # type: ignore[arg-type]
    standing = read_standings([customer], now + timedelta(days=2))[customer.pk]
    assert (standing.is_suppressed, standing.may_market) == (True, False)


def test_the_basket_still_teaches(person: Customer, now: datetime) -> None:
    order = person.orders.get()
    erase_person(find_person(ADDRESS), now)
    order.refresh_from_db()
    assert order.customer is None
    assert order.lines.count() == 1


def test_the_export_holds_every_table_that_names_the_person(person: Customer, now: datetime) -> None:
    document = json.loads(export_person(find_person(ADDRESS), now))
    sections = {
        "Customer": "customers",
        "Order": "orders",
        "Cart": "carts",
        "Event": "events",
        "ConsentEntry": "consents",
        "RenderedMessage": "rendered",
        "WebhookPayload": "provider_posts",
        "PreviewMail": "preview_inbox",
    }
    named = {column.partition(".")[0] for column in find_canaries()}
    assert named <= set(sections) | {"TrackedLink"}
    assert all(document[sections[name]] for name in named if name in sections)
    assert document["customers"][0]["email"] == ADDRESS


def test_exporting_changes_nothing(person: Customer, now: datetime) -> None:
    before = {model: list(model._default_manager.values()) for model in apps.get_models()}
    export_person(find_person(NUMBER), now)
    assert {model: list(model._default_manager.values()) for model in before} == before


def test_the_commands_do_both(person: Customer, capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    call_command("export_person", ADDRESS, out=tmp_path / "person.json")
    assert ADDRESS in (tmp_path / "person.json").read_text("utf8")
    assert (tmp_path / "person.json").stat().st_mode & 0o077 == 0
    call_command("erase_person", NUMBER, yes=True)
    assert list(find_canaries()) == []
    with pytest.raises(CommandError, match="Nobody has this address"):
        call_command("export_person", NUMBER)


def test_nobody_is_found_by_a_part_of_an_address(person: Customer) -> None:
    with pytest.raises(PersonNotFoundError):
        find_person("canary")


def staff(*permissions: str) -> Client:
    user = User.objects.create_user("staff", password="secret", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_customer", *permissions]))
    client = Client()
    client.force_login(user)
    return client


def act(client: Client, action: str, customer: Customer, **more: str) -> Any:
    data = {"action": action, "_selected_action": str(customer.pk), **more}
    return client.post("/admin/shop/customer/", data)


def test_staff_without_the_permission_can_do_neither(person: Customer) -> None:
    client = staff()
    act(client, "erase", person, confirmed="yes")
    assert "Content-Disposition" not in act(client, "export_everything", person)
    assert Customer.objects.filter(email=ADDRESS).exists()


def test_staff_with_the_permission_can_export_and_after_a_question_erase(person: Customer) -> None:
    client = staff("erase_customer", "export_customer")
    assert json.loads(act(client, "export_everything", person).content)["customers"][0]["email"] == ADDRESS
    assert "Erase for good" in act(client, "erase", person).content.decode()
    assert Customer.objects.filter(email=ADDRESS).exists()
    act(client, "erase", person, confirmed="yes")
    assert list(find_canaries()) == []


def test_an_address_that_was_changed_is_erased_and_suppressed(person: Customer, now: datetime) -> None:
    Customer.objects.filter(pk=person.pk).update(email="new@buyer.example")
    erase_person(find_person("new@buyer.example"), now)
    assert list(find_canaries()) == []
    back = make_customer(email=ADDRESS)
    assert read_standings([back], now)[back.pk].is_suppressed


def test_an_address_that_is_somebody_elses_now_is_left_alone(person: Customer, now: datetime) -> None:
    Customer.objects.filter(pk=person.pk).update(email="new@buyer.example")
    other = make_customer(email=ADDRESS.upper())
    erase_person(find_person("new@buyer.example"), now)
    other.refresh_from_db()
    assert other.email == ADDRESS.upper()
    assert not read_standings([other], now)[other.pk].is_suppressed


@pytest.mark.parametrize(
    "written", ["persona@xn--bcher-kva.example", "persona@b\\u00fccher.example", "Persona@bücher.example"]
)
def test_what_a_provider_wrote_of_a_domain_beyond_ascii_is_found(now: datetime, written: str) -> None:
    make_customer(email="persona@bücher.example")
    body = f'[{{"email": "{written}", "event": "delivered"}}]'.encode()
    WebhookPayload.objects.create(provider="sendgrid", body=body, received_at=now, processed_at=now)
    person = find_person("persona@bücher.example")
    assert len(json.loads(export_person(person, now))["provider_posts"]) == 1
    erase_person(person, now)
    assert not WebhookPayload.objects.exists()


def test_a_proof_that_shows_the_person_is_erased(person: Customer, now: datetime) -> None:
    version = TemplateVersion.objects.filter(template__steps__campaign__message_class="transactional").first()
    assert version
    choice, asker = Choice(version, "en"), User.objects.create_user("mina", email="mina@shop.example")
    context = gather_context(choice, person, now)
    proof = queue_proof(choice, context, asker, now, about=person)
    assert any(canary in proof.html.lower() for canary in CANARIES)
    send_proofs(now, PreviewTransport(DatabasePreviewStore()))
    erase_person(find_person(ADDRESS), now)
    assert list(find_canaries()) == []
    assert not ProofEmail.objects.exists()


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/o?mail=canary.person%40buyer.example",
        "https://shop.example/o?mail=Canary.Person%40Buyer.Example&x=1",
        "https://mail.shop.example/go?to=https%3A%2F%2Fshop.example%2Fo%3Fm%3Dcanary.person%2540buyer.example",
    ],
)
def test_an_address_that_is_encoded_in_a_link_goes_as_well(now: datetime, url: str) -> None:
    make_customer(email=ADDRESS)
    TrackedLink.objects.create(key=b"12345678", url=url)
    erase_person(find_person(ADDRESS), now)
    assert list(find_canaries()) == []


@pytest.mark.parametrize("inside", ["anna+x%40xn--bcher-kva.example", "anna%2Bx%40b%C3%BCcher.example"])
def test_an_address_with_a_plus_and_a_foreign_domain_goes_from_links(now: datetime, inside: str) -> None:
    make_customer(email="anna+x@b\u00fccher.example")
    TrackedLink.objects.create(key=b"12345678", url=f"https://shop.example/o?m={inside}")
    erase_person(find_person("anna+x@b\u00fccher.example"), now)
    assert inside not in TrackedLink.objects.get().url
