"""Other providers through Anymail: its exceptions become the same outcomes as everybody's."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from anymail.exceptions import AnymailAPIError, AnymailCancelSend, AnymailUnsupportedFeature
from anymail.signals import pre_send
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from delivery.anymail import AnymailTransport
from delivery.base import Outcome, OutcomeKind
from delivery.configuration import ConfigurationError
from tests.delivery.conftest import CANARY, POSTMARK
from tests.delivery.envelopes import NOW, make_envelope
from tests.servers.http_server import Answer, HttpServer, Misbehaviour, free_port

INACTIVE = (
    b'{"ErrorCode": 406, "Message": "You tried to send to recipients that have been marked as inactive.\\n'
    b'Found inactive addresses: sara@customer.example.\\nInactive recipients are ones that have bounced."}'
)
ACCEPTED, REJECTED, RETRY = OutcomeKind.ACCEPTED, OutcomeKind.REJECTED, OutcomeKind.RETRY
ROUTE_DOWN, UNKNOWN = OutcomeKind.ROUTE_DOWN, OutcomeKind.UNKNOWN


def send(server_url: str, count: int = 1, *, timeout: float = 30) -> list[Outcome]:
    transport = AnymailTransport(POSTMARK, server_token=CANARY, api_url=server_url, timeout=timeout)
    return transport.send([make_envelope() for _ in range(count)], now=NOW)


def test_the_provider_gets_the_email_and_our_id(postmark_server: HttpServer) -> None:
    envelope = make_envelope(to_name="Doe, Jane", to_email="jo@bücher.de")
    AnymailTransport(POSTMARK, server_token="t", api_url=postmark_server.url).send([envelope], now=NOW)
    sent = json.loads(postmark_server.received[0].body)
    assert sent["Metadata"] == {"pw_delivery_id": str(envelope.delivery_id)}
    assert sent["To"] == '"Doe, Jane" <jo@xn--bcher-kva.de>'
    assert (sent["Subject"], sent["HtmlBody"]) == (envelope.subject, envelope.html)
    headers = {header["Name"]: header["Value"] for header in sent["Headers"]}
    assert headers == {**envelope.headers, "Auto-Submitted": "auto-generated"}


def test_a_batch_keeps_one_connection(postmark_server: HttpServer) -> None:
    assert {outcome.kind for outcome in send(postmark_server.url, 5)} == {ACCEPTED}
    assert postmark_server.connections == 1


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        (Answer(400), REJECTED, "http_400"),
        (Answer(401), ROUTE_DOWN, "http_401"),
        (Answer(403), ROUTE_DOWN, "http_403"),
        (Answer(422, INACTIVE), REJECTED, "recipient_refused"),
        (Answer(422, b'{"ErrorCode": 406, "Message": "something new"}'), UNKNOWN, "status_unknown"),
        (Answer(429, headers={"Retry-After": "5"}), RETRY, "http_429"),
        (Answer(500), UNKNOWN, "http_500"),
        (Answer(503, b"<html>"), RETRY, "http_503"),
        (Answer(200, b"this is not JSON"), UNKNOWN, "http_200"),
        (Misbehaviour.HANG, UNKNOWN, "lost_after_bytes"),
        (Misbehaviour.CLOSE, UNKNOWN, "lost_after_bytes"),
        (Misbehaviour.HALF_BODY, UNKNOWN, "lost_after_bytes"),
    ],
)
def test_each_answer_has_its_outcome(
    postmark_server: HttpServer, fault: Answer | Misbehaviour, kind: OutcomeKind, reason: str
) -> None:
    postmark_server.fail_next(fault)
    (outcome,) = send(postmark_server.url, timeout=0.5 if fault is Misbehaviour.HANG else 30)
    assert (outcome.kind, outcome.reason) == (kind, reason)
    assert (outcome.retry_at is not None) == (kind is RETRY)


def test_nobody_listening_means_later() -> None:
    (outcome,) = send(f"http://127.0.0.1:{free_port()}")
    assert (outcome.kind, outcome.reason) == (RETRY, "connect_failed")


def test_a_refused_token_is_not_tried_again(postmark_server: HttpServer) -> None:
    postmark_server.fail_always(Answer(401))
    assert {outcome.kind for outcome in send(postmark_server.url, 10)} == {ROUTE_DOWN}
    assert len(postmark_server.received) == 1


class OddBackend(BaseEmailBackend):
    """A backend that raises whatever it is told to."""

    def __init__(self, *, error: Exception | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._error = error

    def send_messages(self, email_messages: Any) -> int:
        if self._error:
            raise self._error
        return len(list(email_messages))


def send_oddly(error: Exception | None) -> Outcome:
    transport = AnymailTransport("tests.delivery.test_anymail.OddBackend", error=error)
    (outcome,) = transport.send([make_envelope()], now=NOW)
    return outcome


def make_amazon_error(code: str, status: int) -> AnymailAPIError:
    response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error = AnymailAPIError("refused")
    error.response = response
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (make_amazon_error("Throttling", 400), RETRY),
        (make_amazon_error("MessageRejected", 400), REJECTED),
        (make_amazon_error("AccessDenied", 403), ROUTE_DOWN),
        (AnymailUnsupportedFeature("metadata"), ROUTE_DOWN),
        (AnymailAPIError("the connection broke"), UNKNOWN),
        (RuntimeError("a bug in a backend"), UNKNOWN),
        (None, ACCEPTED),
    ],
)
def test_whatever_a_backend_raises_ends_as_an_outcome(error: Exception | None, kind: OutcomeKind) -> None:
    assert send_oddly(error).kind is kind


@pytest.fixture
def cancelling_receiver() -> Iterator[None]:
    def cancel(sender: object, message: EmailMessage, **_: object) -> None:
        raise AnymailCancelSend

    pre_send.connect(cancel)
    yield
    pre_send.disconnect(cancel)


@pytest.mark.usefixtures("cancelling_receiver")
def test_an_email_that_a_receiver_cancels_is_not_counted_as_sent(postmark_server: HttpServer) -> None:
    (outcome,) = send(postmark_server.url)
    assert (outcome.kind, outcome.reason) == (REJECTED, "cancelled")
    assert postmark_server.received == []


@pytest.mark.parametrize("backend", ["nowhere.Backend", POSTMARK])
def test_an_unusable_backend_is_found_by_the_check_and_takes_the_route_down(backend: str) -> None:
    transport = AnymailTransport(backend)  # Postmark lacks its token
    (problem,) = transport.check()
    assert problem.field == "PAIRWELL_ANYMAIL_BACKEND"
    assert transport.send([make_envelope()], now=NOW)[0].kind is ROUTE_DOWN


def test_no_backend_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="PAIRWELL_ANYMAIL_BACKEND"):
        AnymailTransport("")


def test_the_token_reaches_no_log_and_no_outcome(
    postmark_server: HttpServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    postmark_server.fail_next(Answer(400), Answer(401), Misbehaviour.CLOSE)
    outcomes = send(postmark_server.url, 3) + send(f"http://127.0.0.1:{free_port()}")
    assert "canary" not in repr(outcomes) + caplog.text
