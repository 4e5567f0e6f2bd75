"""What every transport promises, put to each of them over its real wire."""

from typing import Any

import pytest

from delivery.base import Envelope, OutcomeKind, Transport
from delivery.registry import build_transport
from delivery.smtp import SmtpTransport
from tests.delivery.conftest import POSTMARK, WIRES, Wire
from tests.delivery.envelopes import NOW, UNSUBSCRIBE, make_envelope
from tests.delivery.memory_store import MemoryStore
from tests.servers.http_server import free_port
from tests.servers.smtp_server import SmtpServer

BAD: dict[str, tuple[str, dict[str, Any]]] = {
    "a line break in the subject": ("subject", {"subject": "Hello\r\nBcc: all@shop.example"}),
    "a bare line feed in the subject": ("subject", {"subject": "Hello\nthere"}),
    "NUL in the subject": ("subject", {"subject": "Hello\0"}),
    "U+2028 in the subject": ("subject", {"subject": "Hello\u2028there"}),
    "U+0085 in the subject": ("subject", {"subject": "Hello\u0085there"}),
    "an encoded line break in the subject": ("subject", {"subject": "Hi %0d%0aBcc: x@y.example"}),
    "a direction override in the subject": ("subject", {"subject": "\u202egnp.exe"}),
    "half a character in the subject": ("subject", {"subject": "Hello \ud83d"}),
    "a pile of marks in the subject": ("subject", {"subject": "a" + "\u0301" * 40}),
    "no subject": ("subject", {"subject": "  "}),
    "an endless subject": ("subject", {"subject": "x" * 999}),
    "a line break in the sender's name": ("from_name", {"from_name": "Shop\r\nBcc: x@y.example"}),
    "a line break in the recipient's name": ("to_name", {"to_name": "Sara\nX-Evil: 1"}),
    "an endless name": ("to_name", {"to_name": "x" * 201}),
    "a line break in the category": ("category", {"category": "a\nb"}),
    "two addresses in one": ("to_email", {"to_email": "a@b.example, d@e.example"}),
    "a header after the address": ("to_email", {"to_email": "a@b.example\nBcc: d@e.example"}),
    "a local part beyond ASCII": ("to_email", {"to_email": "سارا@customer.example"}),
    "no address": ("to_email", {"to_email": ""}),
    "a bare @": ("to_email", {"to_email": "@"}),
    "a quoted local part": ("to_email", {"to_email": '"a b"@customer.example'}),
    "an IP literal": ("to_email", {"to_email": "a@[127.0.0.1]"}),
    "two dots": ("to_email", {"to_email": "a..b@customer.example"}),
    "a long local part": ("to_email", {"to_email": "a" * 65 + "@customer.example"}),
    "a trailing dot": ("to_email", {"to_email": "a@customer.example."}),
    "a zero-width space": ("to_email", {"to_email": "a@cust\u200bomer.example"}),
    "a sender that is none": ("from_email", {"from_email": "shop"}),
    "a reply address that is none": ("reply_to", {"reply_to": "a@b@c.example"}),
    "a line break in a header": ("headers.X-A", {"headers": {**UNSUBSCRIBE, "X-A": "1\r\nBcc: x@y.example"}}),
    "a line break in a header's name": ("headers", {"headers": {**UNSUBSCRIBE, "X-A\r\nBcc": "x@y.example"}}),
    "a header that is ours": (
        "headers.Return-Path",
        {"headers": {**UNSUBSCRIBE, "Return-Path": "<x@y.example>"}},
    ),
    "a header twice": ("headers.x-a", {"headers": {**UNSUBSCRIBE, "X-A": "1", "x-a": "2"}}),
    "a header beyond ASCII": ("headers.X-A", {"headers": {**UNSUBSCRIBE, "X-A": "é"}}),
    "a header that can't be folded": ("headers.X-A", {"headers": {**UNSUBSCRIBE, "X-A": "x" * 901}}),
    "marketing without unsubscribe": ("headers.List-Unsubscribe", {"headers": {}}),
    "unsubscribe without one-click": (
        "headers.List-Unsubscribe-Post",
        {"headers": {"List-Unsubscribe": "<https://shop.example/u/t>"}},
    ),
    "unsubscribe in clear text": (
        "headers.List-Unsubscribe",
        {"headers": {**UNSUBSCRIBE, "List-Unsubscribe": "<http://shop.example/u/t>"}},
    ),
    "unsubscribe with two web addresses": (
        "headers.List-Unsubscribe",
        {
            "headers": {
                **UNSUBSCRIBE,
                "List-Unsubscribe": "<https://shop.example/a>, <https://shop.example/b>",
            }
        },
    ),
    "unsubscribe by mail alone": (
        "headers.List-Unsubscribe",
        {"headers": {**UNSUBSCRIBE, "List-Unsubscribe": "<mailto:leave@shop.example>"}},
    ),
    "one-click without an address": (
        "headers.List-Unsubscribe",
        {
            "headers": {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
            "message_class": "transactional",
        },
    ),
    "an unknown class": ("message_class", {"message_class": "newsletter"}),
    "no text part": ("text", {"text": " \n"}),
    "NUL in the text": ("text", {"text": "a\0b"}),
    "half a character in the HTML": ("html", {"html": "<p>\udc00</p>"}),
    "31 MB in all": ("text", {"text": "x" * 31_000_000, "html": "y" * 1_000_000}),
    "10 MB of HTML": ("html", {"html": "x" * (10 * 1024 * 1024 + 1)}),
}


@pytest.fixture(params=sorted(BAD))
def bad(request: pytest.FixtureRequest) -> tuple[str, Envelope]:
    field, changes = BAD[request.param]
    return field, make_envelope(**changes)


class TestEveryTransport:
    def test_a_valid_envelope_is_accepted_and_arrives_once(self, wire: Wire) -> None:
        outcomes = wire.transport.send([make_envelope()], now=NOW)
        assert [outcome.kind for outcome in outcomes] == [OutcomeKind.ACCEPTED]
        assert outcomes[0].provider_id
        assert wire.count_arrived() == 1

    def test_no_envelopes_give_no_outcomes(self, wire: Wire) -> None:
        assert wire.transport.send([], now=NOW) == []

    def test_outcomes_keep_the_order_of_the_envelopes(self, wire: Wire) -> None:
        envelopes = [make_envelope(subject="" if n % 3 else "Right") for n in range(20)]
        kinds = [outcome.kind for outcome in wire.transport.send(envelopes, now=NOW)]
        expected = [OutcomeKind.REJECTED if n % 3 else OutcomeKind.ACCEPTED for n in range(20)]
        assert kinds == expected
        assert wire.count_arrived() == 7

    def test_a_transactional_envelope_needs_no_unsubscribe(self, wire: Wire) -> None:
        receipt = make_envelope(message_class="transactional", headers={})
        assert wire.transport.validate(receipt) == []

    def test_unsubscribing_over_http_is_fine_on_this_machine(self, wire: Wire) -> None:
        headers = {**UNSUBSCRIBE, "List-Unsubscribe": "<http://127.0.0.1:8000/u/t>"}
        assert wire.transport.validate(make_envelope(headers=headers)) == []

    def test_its_configuration_has_no_problems(self, wire: Wire) -> None:
        assert wire.transport.check() == []

    def test_it_says_which_it_holds_or_that_it_cannot_be_asked(self, wire: Wire) -> None:
        sent, other = make_envelope(), make_envelope()
        wire.transport.send([sent], now=NOW)
        found = wire.transport.find_accepted([sent.delivery_id, other.delivery_id])
        assert found == ({sent.delivery_id} if wire.transport.name == "preview" else None)


@pytest.mark.parametrize("name", ["smtp", "sendgrid", "anymail"])
def test_a_batch_that_takes_too_long_leaves_the_rest_for_the_next(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.outcomes.BATCH_SECONDS", -1)
    with WIRES[name]() as wire:
        outcomes = wire.transport.send([make_envelope(), make_envelope()], now=NOW)
        assert {outcome.reason for outcome in outcomes} == {"batch_time_over"}
        assert wire.count_arrived() == 0


def test_a_closed_way_out_is_logged_as_one_error(
    smtp_server: SmtpServer, caplog: pytest.LogCaptureFixture
) -> None:
    transport = SmtpTransport(f"smtp://127.0.0.1:{smtp_server.port}")  # it offers no STARTTLS
    outcomes = transport.send([make_envelope() for _ in range(5)], now=NOW)
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.ROUTE_DOWN}
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert errors == ["No mail leaves: starttls_missing. Check the account and the settings."]


@pytest.mark.parametrize("build", ["preview", "smtp", "sendgrid", "anymail"])
class TestEveryTransportWithoutAServer:
    """Nothing listens at their addresses, so a byte sent would show as another outcome."""

    def test_a_bad_envelope_is_refused_before_the_network(
        self, build: str, bad: tuple[str, Envelope]
    ) -> None:
        transport, (field, envelope) = build_unreachable(build), bad
        problems = transport.validate(envelope)
        assert field in [problem.field for problem in problems]
        (outcome,) = transport.send([envelope], now=NOW)
        assert (outcome.kind, outcome.reason) == (OutcomeKind.REJECTED, "invalid")
        assert field in outcome.detail

    def test_a_refusal_says_nothing_personal(self, build: str) -> None:
        envelope = make_envelope(to_email="sara.private@@bad.example", to_name="Private\n")
        (outcome,) = build_unreachable(build).send([envelope], now=NOW)
        assert "private" not in outcome.detail.lower()


def build_unreachable(name: str) -> Transport:
    settings = {
        "SMTP_URL": f"smtp://127.0.0.1:{free_port()}?tls=none",
        "SENDGRID_API_KEY": "SG.test",
        "SENDGRID_HOST": f"http://127.0.0.1:{free_port()}",
        "ANYMAIL_BACKEND": POSTMARK,
    }
    return build_transport(name, settings, store=MemoryStore())
