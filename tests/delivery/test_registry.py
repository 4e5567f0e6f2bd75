"""From a name to a transport, or to a sentence that says what to set."""

from collections.abc import Mapping
from typing import Any

import pytest

from delivery.configuration import ConfigurationError
from delivery.preview import PreviewStore, PreviewTransport
from delivery.registry import build_transport
from tests.delivery.envelopes import NOW, make_envelope
from tests.delivery.memory_store import MemoryStore

SETTINGS = {
    "SMTP_URL": "smtps://user:canary@mail.shop.example",
    "SENDGRID_API_KEY": "SG.canary",
    "ANYMAIL_BACKEND": "anymail.backends.postmark.EmailBackend",
    "FROM_EMAIL": "orders@shop.example",
}


@pytest.mark.parametrize("name", ["preview", "smtp", "sendgrid", "anymail"])
def test_each_name_builds_its_transport(name: str) -> None:
    transport = build_transport(name, SETTINGS, store=MemoryStore())
    assert transport.name == name
    assert "canary" not in repr(transport)


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("smtp", "PAIRWELL_SMTP_URL"),
        ("sendgrid", "SENDGRID_API_KEY"),
        ("anymail", "PAIRWELL_ANYMAIL_BACKEND"),
    ],
)
def test_a_missing_setting_is_named(name: str, setting: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{setting}: .* Set it to "):
        build_transport(name, {}, store=MemoryStore())


@pytest.mark.parametrize("name", ["sendgird", "", "nowhere.Transport", "delivery.registry.nothing"])
def test_an_unknown_name_is_refused_with_a_way_out(name: str) -> None:
    with pytest.raises(ConfigurationError, match="PAIRWELL_TRANSPORT"):
        build_transport(name, SETTINGS, store=MemoryStore())


def test_the_known_names_are_told() -> None:
    with pytest.raises(ConfigurationError, match="preview, smtp, sendgrid, anymail"):
        build_transport("sendgird", SETTINGS, store=MemoryStore())


def build_house_transport(settings: Mapping[str, Any], *, store: PreviewStore) -> PreviewTransport:
    assert settings["FROM_EMAIL"]
    return PreviewTransport(store)


def build_nothing(settings: Mapping[str, Any], *, store: PreviewStore) -> object:
    return object()


def test_a_dotted_path_adds_a_transport_from_outside() -> None:
    store = MemoryStore()
    path = f"{__name__}.build_house_transport"
    build_transport(path, SETTINGS, store=store).send([make_envelope()], now=NOW)
    assert len(store.mails) == 1


def test_something_that_is_no_transport_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="without name, validate, send"):
        build_transport(f"{__name__}.build_nothing", SETTINGS, store=MemoryStore())


def test_the_preview_keeps_the_whole_message_and_one_record_for_each_hand_over() -> None:
    store, envelope = MemoryStore(), make_envelope()
    transport = build_transport("preview", {}, store=store)
    transport.send([envelope], now=NOW)
    transport.send([envelope], now=NOW)
    first, second = store.mails
    assert first == second
    assert first.mime.startswith(b"From: ")
    assert (first.recipient, first.subject) == (envelope.to_email, envelope.subject)
