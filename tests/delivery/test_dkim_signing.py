"""DKIM over a real SMTP connection, verified by dkimpy against a DNS that holds our key."""

import re

import dkim
import pytest

from delivery.base import Envelope, OutcomeKind
from delivery.configuration import ConfigurationError
from delivery.dkim_signing import DkimSigner, read_signer
from delivery.mime import build_mime
from delivery.smtp import SmtpTransport
from tests.delivery.dns_zone import make_key
from tests.delivery.envelopes import NOW, make_envelope
from tests.servers.smtp_server import SmtpServer

HEADERS = {"List-Id": "<offers.shop.example>", "Feedback-ID": "winback:marketing:shop"}


@pytest.fixture(scope="module")
def signer() -> DkimSigner:
    found = read_signer("s1", make_key()[0])
    assert found
    return found


def answer_dns(name: bytes, timeout: int = 5) -> bytes | None:
    records = {b"s1._domainkey.shop.example.": f"v=DKIM1; k=rsa; p={make_key()[1]}".encode()}
    return records.get(name)


def verifies(message: bytes) -> bool:
    return bool(dkim.verify(message, dnsfunc=answer_dns))


def tag(message: bytes, name: str) -> str:
    header = message.partition(b"\r\nFrom:")[0].decode()
    found = re.search(rf"[;\s]{name}=([^;]*)", header)
    assert found
    return re.sub(r"\s", "", found[1])


def send(server: SmtpServer, signer: DkimSigner, *envelopes: Envelope) -> list[bytes]:
    transport = SmtpTransport(f"smtp://127.0.0.1:{server.port}?tls=none", signer=signer)
    outcomes = transport.send(envelopes, now=NOW)
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.ACCEPTED}
    return [mail.content for mail in server.mails]


def test_what_arrives_by_smtp_verifies(smtp_server: SmtpServer, signer: DkimSigner) -> None:
    envelope = make_envelope()
    with_more = make_envelope(headers={**envelope.headers, **HEADERS})
    first, second = send(smtp_server, signer, envelope, with_more)
    assert verifies(first)
    assert verifies(second)


def test_the_signature_covers_what_rfc_8058_asks_for(smtp_server: SmtpServer, signer: DkimSigner) -> None:
    (message,) = send(smtp_server, signer, make_envelope(headers={**make_envelope().headers, **HEADERS}))
    covered = tag(message, "h").lower().split(":")
    assert covered.count("from") == 2
    assert {
        "subject", "date", "message-id", "list-unsubscribe", "list-unsubscribe-post", "list-id",
    } <= set(covered)  # fmt: skip
    assert (tag(message, "d"), tag(message, "s"), tag(message, "a")) == ("shop.example", "s1", "rsa-sha256")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Two-Click"),
        (b"List-Unsubscribe: <https://shop", b"List-Unsubscribe: <https://evil"),
        (b"\r\nFrom: ", b"\r\nFrom: evil@evil.example\r\nFrom: "),
        (b"@shop.example>\r\nAuto", b"@evil.example>\r\nAuto"),
        (b"\r\nSubject: ", b"\r\nSubject: x"),
    ],
)
def test_a_changed_header_breaks_it(signer: DkimSigner, before: bytes, after: bytes) -> None:
    message = signer.sign(build_mime(make_envelope(), now=NOW), domain="shop.example")
    assert verifies(message)
    changed = message.replace(before, after, 1)
    assert changed != message
    assert not verifies(changed)


def test_the_message_id_is_the_same_for_every_attempt(smtp_server: SmtpServer, signer: DkimSigner) -> None:
    envelope = make_envelope()
    first, second = send(smtp_server, signer, envelope, envelope)
    ids = {re.findall(rb"^Message-ID: (.*)\r$", mail, re.MULTILINE)[0] for mail in (first, second)}
    assert ids == {f"<{envelope.delivery_id}@shop.example>".encode()}


@pytest.mark.parametrize(
    ("selector", "key", "setting"),
    [
        ("s1", "", "PAIRWELL_DKIM_KEY"),
        ("", "x", "PAIRWELL_DKIM_SELECTOR"),
        ("s1", "canary", "PAIRWELL_DKIM_KEY"),
        ("s1", make_key(1024)[0], "PAIRWELL_DKIM_KEY"),
    ],
)
def test_a_key_that_can_not_sign_is_named_without_showing_it(selector: str, key: str, setting: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{setting}: ") as caught:
        read_signer(selector, key)
    assert "canary" not in str(caught.value)


def test_neither_selector_nor_key_means_no_signature(signer: DkimSigner) -> None:
    assert read_signer("", "") is None
    assert "PRIVATE" not in repr(signer)
