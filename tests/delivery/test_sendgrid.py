"""SendGrid over HTTP: what every answer means."""

import logging
import socket
from datetime import timedelta

import pytest
import sendgrid

from delivery.base import Outcome, OutcomeKind
from delivery.configuration import ConfigurationError
from delivery.outcomes import WAIT_MAX
from delivery.sendgrid import SendGridTransport
from delivery.sendgrid_body import build_body
from tests.delivery.conftest import CANARY
from tests.delivery.envelopes import NOW, make_envelope
from tests.servers.http_server import Answer, HttpServer, Misbehaviour, free_port
from tests.servers.sendgrid_server import SendGridServer, encode_json

ACCEPTED, REJECTED, RETRY = OutcomeKind.ACCEPTED, OutcomeKind.REJECTED, OutcomeKind.RETRY
ROUTE_DOWN, UNKNOWN = OutcomeKind.ROUTE_DOWN, OutcomeKind.UNKNOWN
SPREAD = timedelta(seconds=30)


def send(server: HttpServer, count: int = 1, **options: float) -> list[Outcome]:
    transport = SendGridTransport(CANARY, server.url, timeout=options.get("timeout", 30), concurrency=4)
    return transport.send([make_envelope() for _ in range(count)], now=NOW)


ANSWERS = [
    (Answer(202), ACCEPTED, ""),
    (Answer(200), ROUTE_DOWN, "sandbox"),
    (Answer(301, headers={"Location": "http://127.0.0.1:1/steal"}), ROUTE_DOWN, "http_301"),
    (Answer(400, b'{"errors": [{"field": "subject", "message": "too odd"}]}'), REJECTED, "http_400"),
    (Answer(401, b'{"errors": [{"message": "Maximum credits exceeded"}]}'), ROUTE_DOWN, "http_401"),
    (Answer(403), ROUTE_DOWN, "http_403"),
    (Answer(404), ROUTE_DOWN, "http_404"),
    (Answer(405), ROUTE_DOWN, "http_405"),
    (Answer(413), REJECTED, "http_413"),
    (Answer(415), REJECTED, "http_415"),
    (Answer(429), RETRY, "http_429"),
    (Answer(500), UNKNOWN, "http_500"),
    (Answer(502, b"<html>Bad gateway</html>"), UNKNOWN, "http_502"),
    (Answer(503, b"<html>Unavailable</html>"), RETRY, "http_503"),
    (Answer(504), UNKNOWN, "http_504"),
    (Misbehaviour.HANG, UNKNOWN, "timeout_after_bytes"),
    (Misbehaviour.DRIP, UNKNOWN, "timeout_after_bytes"),
    (Misbehaviour.CLOSE, UNKNOWN, "lost_after_bytes"),
    (Misbehaviour.HALF_HEAD, UNKNOWN, "lost_after_bytes"),
    (Misbehaviour.HALF_BODY, ACCEPTED, ""),  # the head said 202, which is all that counts
]


class TestWhatAnAnswerMeans:
    @pytest.mark.parametrize(("fault", "kind", "reason"), ANSWERS)
    def test_each_answer_has_its_outcome(
        self,
        sendgrid_server: SendGridServer,
        fault: Answer | Misbehaviour,
        kind: OutcomeKind,
        reason: str,
    ) -> None:
        sendgrid_server.fail_next(fault)
        is_silent = fault in (Misbehaviour.HANG, Misbehaviour.DRIP)
        (outcome,) = send(sendgrid_server, timeout=0.5 if is_silent else 30)
        assert (outcome.kind, outcome.reason) == (kind, reason)
        assert (outcome.retry_at is not None) == (kind is RETRY)
        assert len(sendgrid_server.received) == 1

    def test_accepted_without_an_id_is_still_accepted(self, sendgrid_server: SendGridServer) -> None:
        sendgrid_server.fail_next(Answer(202))
        assert send(sendgrid_server) == [Outcome(ACCEPTED)]

    def test_the_reason_names_the_field_but_no_address(self, sendgrid_server: SendGridServer) -> None:
        errors = [{"field": "from.email", "message": "shop@private.example is not verified"}]
        sendgrid_server.fail_next(Answer(400, encode_json({"errors": errors})))
        assert send(sendgrid_server)[0].detail == "from.email: [address] is not verified"

    @pytest.mark.parametrize("body", [b"", b"null", b"[]", b'{"errors": 5}', b'{"errors": [null]}', b"\xff"])
    def test_an_odd_error_body_does_no_harm(self, sendgrid_server: SendGridServer, body: bytes) -> None:
        sendgrid_server.fail_next(Answer(400, body))
        assert send(sendgrid_server)[0] == Outcome(REJECTED, "http_400")

    @pytest.mark.parametrize(
        ("header", "value", "low", "high"),
        [
            ("X-RateLimit-Reset", str(int(NOW.timestamp()) + 20), 20, 20),
            ("X-RateLimit-Reset", str(int(NOW.timestamp()) - 500), 1, 1),
            ("X-RateLimit-Reset", str(int(NOW.timestamp()) + 90_000), 900, 900),
            ("X-RateLimit-Reset", "9" * 400, 60, 60),
            ("X-RateLimit-Reset", "soon", 60, 60),
            ("Retry-After", "30", 30, 30),
            ("Retry-After", "9" * 40, 900, 900),
            ("Retry-After", "Sun, 22 Nov 2026 12:02:00 GMT", 120, 120),
            ("Retry-After", "later", 60, 60),
            ("X-Other", "1", 60, 60),
        ],
    )
    def test_the_wait_is_the_providers_within_reason(
        self, sendgrid_server: SendGridServer, header: str, value: str, low: int, high: int
    ) -> None:
        sendgrid_server.fail_next(Answer(429, headers={header: value}))
        due = send(sendgrid_server)[0].retry_at
        assert due is not None
        assert NOW + timedelta(seconds=low) <= due <= NOW + timedelta(seconds=high) + SPREAD

    def test_nobody_listening_means_later(self) -> None:
        transport = SendGridTransport(CANARY, f"http://127.0.0.1:{free_port()}", timeout=2)
        (outcome,) = transport.send([make_envelope()], now=NOW)
        assert (outcome.kind, outcome.reason) == (RETRY, "connect_failed")
        assert outcome.retry_at is not None
        assert NOW < outcome.retry_at <= NOW + WAIT_MAX

    def test_a_name_that_nobody_can_look_up_means_later(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object, **__: object) -> None:
            raise socket.gaierror(socket.EAI_AGAIN, "try again")

        monkeypatch.setattr(socket, "getaddrinfo", fail)
        (outcome,) = SendGridTransport(CANARY, "https://api.sendgrid.test").send([make_envelope()], now=NOW)
        assert (outcome.kind, outcome.reason) == (RETRY, "connect_failed")

    def test_a_server_without_tls_gets_no_key(self, sendgrid_server: SendGridServer) -> None:
        transport = SendGridTransport(CANARY, sendgrid_server.url.replace("http:", "https:"), timeout=2)
        (outcome,) = transport.send([make_envelope()], now=NOW)
        assert (outcome.kind, outcome.reason) == (RETRY, "tls_failed")
        assert sendgrid_server.received == []

    def test_a_redirect_is_not_followed(self, sendgrid_server: SendGridServer) -> None:
        with SendGridServer() as thief:
            sendgrid_server.fail_next(Answer(307, headers={"Location": f"{thief.url}/v3/mail/send"}))
            assert send(sendgrid_server)[0].kind is ROUTE_DOWN
            assert thief.received == []

    def test_proxies_of_the_environment_are_not_used(
        self, sendgrid_server: SendGridServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
        assert send(sendgrid_server)[0].kind is ACCEPTED


class TestABatchInTrouble:
    def test_a_bad_email_spares_its_neighbours(self, sendgrid_server: SendGridServer) -> None:
        sendgrid_server.fail_next(Answer(400))
        kinds = [outcome.kind for outcome in send(sendgrid_server, 10)]
        assert sorted(kinds) == [ACCEPTED] * 9 + [REJECTED]

    def test_a_refused_key_is_not_tried_five_hundred_times(self, sendgrid_server: SendGridServer) -> None:
        sendgrid_server.fail_always(Answer(401))
        assert {outcome.kind for outcome in send(sendgrid_server, 100)} == {ROUTE_DOWN}
        assert len(sendgrid_server.received) <= 4

    def test_who_is_asked_to_wait_waits_with_the_whole_batch(self, sendgrid_server: SendGridServer) -> None:
        reset = str(int(NOW.timestamp()) + 40)
        sendgrid_server.fail_always(Answer(429, headers={"X-RateLimit-Reset": reset}))
        outcomes = send(sendgrid_server, 100)
        assert {(outcome.kind, outcome.reason) for outcome in outcomes} == {(RETRY, "http_429")}
        assert len(sendgrid_server.received) <= 4

    def test_a_hanging_provider_leaves_few_emails_in_doubt(self, sendgrid_server: SendGridServer) -> None:
        sendgrid_server.fail_always(Misbehaviour.HANG)
        kinds = [outcome.kind for outcome in send(sendgrid_server, 100, timeout=0.3)]
        assert kinds.count(UNKNOWN) == len(sendgrid_server.received) <= 8
        assert kinds.count(RETRY) == 100 - kinds.count(UNKNOWN)


class TestConfiguration:
    @pytest.mark.parametrize("key", ["", "SG.a b", "SG.a\r\nX-Evil: 1", "SG.ключ"])
    def test_a_key_that_cannot_be_one_is_refused_and_not_shown(self, key: str) -> None:
        with pytest.raises(ConfigurationError, match="SENDGRID_API_KEY") as caught:
            SendGridTransport(key)
        assert not key or key not in str(caught.value)

    @pytest.mark.parametrize(
        "host",
        ["", "api.sendgrid.com", "http://api.sendgrid.com", "https://a@b.example", "https://x.example/v3"],
    )
    def test_a_host_that_would_leak_the_key_is_refused(self, host: str) -> None:
        with pytest.raises(ConfigurationError, match="SENDGRID_HOST"):
            SendGridTransport("SG.test", host)

    def test_the_check_finds_a_key_cut_short_and_a_bad_sender(self) -> None:
        fields = [problem.field for problem in SendGridTransport("SG.test", senders=["shop"]).check()]
        assert fields == ["SENDGRID_API_KEY", "PAIRWELL_FROM_EMAIL"]

    def test_the_check_is_content_with_the_right_ones(self) -> None:
        assert SendGridTransport(CANARY, senders=["hello@shop.example"]).check() == []


def test_no_log_and_no_text_ever_holds_the_key_or_the_customer(
    sendgrid_server: SendGridServer, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("", "aiohttp", "aiohttp.client", "asyncio", "python_http_client", "delivery"):
        caplog.set_level(logging.DEBUG, logger=name)
    envelope = make_envelope(to_email="canary@customer.example", to_name="Canary", text="canary")
    answers = [fault for fault, _, _ in ANSWERS if isinstance(fault, Answer)]
    transport = SendGridTransport(CANARY, sendgrid_server.url, timeout=0.3, concurrency=1)
    texts = [repr(transport), str(transport), str(vars(transport).keys())]
    for fault in [*answers, Misbehaviour.CLOSE, Misbehaviour.HANG, None]:
        sendgrid_server.fail_always(fault)
        texts.append(repr(transport.send([envelope], now=NOW)))
    assert "canary" not in ("".join(texts) + caplog.text).lower()


def test_the_package_s_own_client_says_nothing_of_the_key_even_where_everything_is_logged(
    sendgrid_server: SendGridServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = sendgrid.SendGridAPIClient(CANARY, host=sendgrid_server.url)
    client.send(build_body(make_envelope(to_email="canary@customer.example")))
    assert len(sendgrid_server.accepted) == 1
    assert "canary" not in caplog.text.lower()
