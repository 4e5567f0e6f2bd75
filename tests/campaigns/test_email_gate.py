"""No side doors: what does not come through the outbox is refused, and so are strangers in a test shop."""

import ast
from datetime import datetime
from pathlib import Path

import pytest
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail import EmailMessage, get_connection, mail_admins, send_mail
from django.test import Client
from django.urls import NoReverseMatch, include, path, reverse
from pytest_django import Settings

from campaigns.email_gate import AllowListTransport, MailRefusedError, guard
from campaigns.models import Message, RefusedMail
from campaigns.outbox import gather_due
from campaigns.sending import send_due
from campaigns.transports import DatabasePreviewStore
from delivery.base import OutcomeKind
from delivery.preview import PreviewTransport
from tests.campaigns.conftest import QueueOrders
from tests.delivery.envelopes import make_envelope
from tests.delivery.memory_store import MemoryStore

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def real_backend(settings: Settings) -> None:
    """pytest-django puts its own in place of the one that the settings name."""
    settings.EMAIL_BACKEND = "campaigns.email_gate.OutboxOnlyBackend"


def test_django_s_own_way_to_send_is_closed_and_says_who_tried() -> None:
    with pytest.raises(MailRefusedError, match=r"test_email_gate\.py:\d+ tried to send"):
        send_mail("Hi", "there", "a@shop.example", ["canary@buyer.example", "b@buyer.example"])
    refused = RefusedMail.objects.values().get()
    assert (refused["reason"], refused["recipients"]) == ("not_from_outbox", 2)
    assert "canary" not in str(refused)


def test_a_silent_try_sends_nothing_either() -> None:
    assert send_mail("Hi", "there", "a@shop.example", ["b@buyer.example"], fail_silently=True) == 0
    assert RefusedMail.objects.count() == 1


def test_a_password_reset_is_refused_as_well() -> None:
    User.objects.create_user("staff", "staff@shop.example", "secret")
    form = PasswordResetForm({"email": "staff@shop.example"})
    assert form.is_valid()
    connection = get_connection()
    with pytest.raises(MailRefusedError, match="changepassword"):
        EmailMessage("Reset", "link", "a@shop.example", ["staff@shop.example"], connection=connection).send()


urlpatterns = [path("accounts/", include("django.contrib.auth.urls"))]


@pytest.mark.urls(__name__)
def test_a_shop_that_adds_the_reset_page_gets_no_mail_past_the_outbox_and_a_trace(client: Client) -> None:
    User.objects.create_user("staff", "canary@shop.example", "secret")
    answer = client.post("/accounts/password_reset/", {"email": "canary@shop.example"})
    assert answer.status_code == 302, "whoever asks learns nothing of who has an account"
    assert mail.outbox == []
    refused = RefusedMail.objects.values().get()
    assert (refused["reason"], refused["recipients"]) == ("not_from_outbox", 1)
    assert "canary" not in str(refused)


def test_our_own_pages_offer_no_reset() -> None:
    with pytest.raises(NoReverseMatch):
        reverse("password_reset")
    assert reverse("dashboard:login")


def test_errors_are_not_mailed_to_admins(settings: Settings) -> None:
    settings.ADMINS = [("Op", "op@shop.example")]
    with pytest.raises(MailRefusedError):
        mail_admins("Error", "trace")


def test_the_settings_name_the_gate() -> None:
    from config import settings as module

    assert module.EMAIL_BACKEND == "campaigns.email_gate.OutboxOnlyBackend"


def test_only_delivery_speaks_to_mail_servers_and_only_sending_hands_over() -> None:
    """Who else could send would do so past consent, suppression and caps."""
    apps = ("audience", "shop", "triggers", "campaigns", "dashboard", "experiments", "privacy", "config")
    for module in (file for app in apps for file in (ROOT / app).rglob("*.py")):
        tree = ast.parse(module.read_text("utf8"))
        nodes = list(ast.walk(tree))
        names = {alias.name for n in nodes if isinstance(n, ast.Import) for alias in n.names}
        froms = {n.module for n in nodes if isinstance(n, ast.ImportFrom)}
        assert not (names | froms) & {"smtplib", "sendgrid", "aiosmtplib"}, module


@pytest.mark.parametrize(
    ("allowed", "address", "kind"),
    [
        (["sara@customer.example"], "SARA@customer.example", OutcomeKind.ACCEPTED),
        (["@customer.example"], "sara@customer.example", OutcomeKind.ACCEPTED),
        (["@customer.example"], "sara@evil-customer.example", OutcomeKind.REJECTED),
        (["customer.example"], "sara@customer.example", OutcomeKind.REJECTED),
        ([], "sara@customer.example", OutcomeKind.REJECTED),
    ],
)
def test_only_addresses_on_the_list_get_mail(
    allowed: list[str], address: str, kind: OutcomeKind, now: datetime
) -> None:
    store = MemoryStore()
    transport = AllowListTransport(PreviewTransport(store), allowed)
    [outcome] = transport.send([make_envelope(to_email=address)], now=now)
    assert outcome.kind is kind
    assert len(store.mails) == (kind is OutcomeKind.ACCEPTED)


def test_outcomes_keep_their_order_when_some_are_refused(now: datetime) -> None:
    transport = AllowListTransport(PreviewTransport(MemoryStore()), ["@ok.example"])
    addresses = ["a@ok.example", "b@no.example", "c@ok.example", "d@no.example"]
    outcomes = transport.send([make_envelope(to_email=a) for a in addresses], now=now)
    assert [o.reason for o in outcomes] == ["", "recipient_not_allowed", "", "recipient_not_allowed"]


def test_a_refused_recipient_is_kept_with_the_reason(queue_confirmations: QueueOrders, now: datetime) -> None:
    queue_confirmations(2)
    gather_due(now)
    send_due(now, AllowListTransport(PreviewTransport(DatabasePreviewStore()), []))
    found = Message.objects.with_status().values_list("status", "reason")
    assert set(found) == {("rejected", "recipient_not_allowed")}


def test_in_production_nothing_stands_between() -> None:
    class Elsewhere(PreviewTransport):
        name = "smtp"

    transport = Elsewhere(MemoryStore())
    assert guard(transport, ["*"]) is transport
    assert isinstance(guard(transport, []), AllowListTransport)
