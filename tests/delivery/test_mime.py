"""The bytes of an email: what a mailbox reads back is what was meant."""

import email
import email.policy
from email.message import EmailMessage

import pytest
from hypothesis import given, settings

from delivery.base import Envelope
from delivery.mime import build_mime, message_id
from tests.delivery.envelopes import NOW, UNSUBSCRIBE, envelopes, make_envelope


def read_back(envelope: Envelope) -> EmailMessage:
    return email.message_from_bytes(build_mime(envelope, now=NOW), policy=email.policy.default)


def read_part(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n").rstrip("\n")


@pytest.mark.parametrize(
    "subject",
    [
        "سفارش شما در راه است",
        "عرض خاص لك فقط",
        "פרסומת: מבצע סוף שבוע",
        "Ваш заказ уже в пути",
        "👨‍👩‍👧‍👦🏳️‍🌈🇮🇷 family",
        "=?utf-8?q?not_an_encoded_word?=",
        "two  blanks and a tail ",
        "x" * 998,
        "long " * 60 + "tail",
    ],
)
def test_a_subject_reads_back_as_it_was_written(subject: str) -> None:
    assert read_back(make_envelope(subject=subject))["Subject"] == subject


@settings(max_examples=60, derandomize=True, deadline=None)
@given(envelope=envelopes)
def test_any_envelope_reads_back_as_it_was_written(envelope: Envelope) -> None:
    message = read_back(envelope)
    assert message["Subject"] == envelope.subject
    assert message.defects == []
    assert read_part(message, "plain") == envelope.text.rstrip("\n")
    if envelope.html:
        assert read_part(message, "html") == envelope.html.rstrip("\n")


@settings(max_examples=60, derandomize=True, deadline=None)
@given(envelope=envelopes)
def test_any_message_is_seven_bit_in_lines_that_servers_take(envelope: Envelope) -> None:
    raw = build_mime(envelope, now=NOW)
    assert raw.isascii()
    assert raw.endswith(b"\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_names_with_specials_are_quoted_and_read_back() -> None:
    message = read_back(make_envelope(to_name='Doe, Jane; "x" <y@z>', from_name="فروشگاه"))
    assert message["To"].addresses[0].display_name == 'Doe, Jane; "x" <y@z>'
    assert message["To"].addresses[0].addr_spec == "sara@customer.example"
    assert message["From"].addresses[0].display_name == "فروشگاه"


def test_an_international_domain_travels_as_a_labels() -> None:
    message = read_back(make_envelope(to_email="jo@bücher.de", from_email="x@пример.рф"))
    assert message["To"].addresses[0].addr_spec == "jo@xn--bcher-kva.de"
    assert message["From"].addresses[0].addr_spec == "x@xn--e1afmkfd.xn--p1ai"
    assert message["Message-ID"].endswith("@xn--e1afmkfd.xn--p1ai>")


def test_the_message_id_is_the_same_for_every_attempt() -> None:
    envelope = make_envelope()
    assert read_back(envelope)["Message-ID"] == message_id(envelope)
    assert message_id(envelope) == f"<{envelope.delivery_id}@shop.example>"


def test_the_unsubscribe_address_is_never_encoded_or_torn() -> None:
    message = read_back(make_envelope())
    assert message["List-Unsubscribe"] == UNSUBSCRIBE["List-Unsubscribe"]
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_machines_are_told_that_a_machine_wrote() -> None:
    message = read_back(make_envelope(reply_to="help@shop.example"))
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == NOW
    assert message["Reply-To"] == "help@shop.example"


def test_text_and_html_are_alternatives_with_the_html_last() -> None:
    message = read_back(make_envelope())
    assert message.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in message.iter_parts()]
    assert kinds == ["text/plain", "text/html"]


def test_an_email_without_html_has_one_part() -> None:
    message = read_back(make_envelope(html=""))
    assert message.get_content_type() == "text/plain"


@pytest.mark.parametrize("field", ["subject", "from_name", "to_name"])
def test_the_last_door_refuses_a_header_injection(field: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        build_mime(make_envelope(**{field: "a\r\nBcc: b@c.example"}), now=NOW)
