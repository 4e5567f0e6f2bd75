"""SMTP over a real socket: the phase of a failure decides what it means."""

import logging
import socket
from datetime import timedelta
from pathlib import Path

import pytest

from delivery.base import Outcome, OutcomeKind
from delivery.configuration import ConfigurationError
from delivery.outcomes import WAIT_MAX
from delivery.smtp import SmtpTransport
from delivery.smtp_route import parse_smtp_url
from tests.delivery.envelopes import NOW, make_envelope
from tests.servers.http_server import Answer, HttpServer, free_port
from tests.servers.smtp_server import SmtpFault, SmtpServer, make_tls_contexts

ACCEPTED, REJECTED, RETRY = OutcomeKind.ACCEPTED, OutcomeKind.REJECTED, OutcomeKind.RETRY
ROUTE_DOWN, UNKNOWN = OutcomeKind.ROUTE_DOWN, OutcomeKind.UNKNOWN


def send_one(url: str, **options: float) -> Outcome:
    (outcome,) = SmtpTransport(url, timeout=options.get("timeout", 30)).send([make_envelope()], now=NOW)
    return outcome


def plain(server: SmtpServer) -> str:
    return f"smtp://127.0.0.1:{server.port}?tls=none"


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        (SmtpFault.RCPT_450, RETRY, "smtp_450"),
        (SmtpFault.RCPT_550, REJECTED, "smtp_550"),
        (SmtpFault.MAIL_550, ROUTE_DOWN, "smtp_550"),
        (SmtpFault.DATA_452, RETRY, "smtp_452"),
        (SmtpFault.DATA_552, REJECTED, "smtp_552"),
        (SmtpFault.SHUT_421, RETRY, "smtp_421"),
        (SmtpFault.DROP_BEFORE_DOT, RETRY, "connection_lost"),
        (SmtpFault.DROP_AFTER_DOT, UNKNOWN, "lost_after_dot"),
        (SmtpFault.HANG_AFTER_DOT, UNKNOWN, "timeout_after_dot"),
    ],
)
def test_each_fault_has_its_outcome(
    smtp_server: SmtpServer, fault: SmtpFault, kind: OutcomeKind, reason: str
) -> None:
    smtp_server.fail_next(fault)
    outcome = send_one(plain(smtp_server), timeout=0.5 if fault is SmtpFault.HANG_AFTER_DOT else 30)
    assert (outcome.kind, outcome.reason) == (kind, reason)
    assert len(smtp_server.mails) == (1 if kind is UNKNOWN else 0)
    assert (outcome.retry_at is not None) == (kind is RETRY)


@pytest.mark.parametrize("fault", sorted(set(SmtpFault) - {SmtpFault.MAIL_550, SmtpFault.HANG_AFTER_DOT}))
def test_a_fault_of_one_message_spares_its_neighbours(smtp_server: SmtpServer, fault: SmtpFault) -> None:
    smtp_server.fail_next(None, fault, None)
    outcomes = SmtpTransport(plain(smtp_server)).send([make_envelope() for _ in range(3)], now=NOW)
    assert [outcomes[0].kind, outcomes[2].kind] == [ACCEPTED, ACCEPTED]
    assert outcomes[1].kind is not ACCEPTED


def test_a_batch_keeps_one_connection(smtp_server: SmtpServer) -> None:
    SmtpTransport(plain(smtp_server)).send([make_envelope() for _ in range(10)], now=NOW)
    assert (smtp_server.connections, len(smtp_server.mails)) == (1, 10)


def test_a_leading_dot_arrives_whole(smtp_server: SmtpServer) -> None:
    envelope = make_envelope(text=".first\n..second\n", html="", subject="Dots")
    SmtpTransport(plain(smtp_server)).send([envelope], now=NOW)
    assert b"\r\n=2Efirst" in smtp_server.mails[0].content or b"\r\n.first" in smtp_server.mails[0].content
    assert b"..second" in smtp_server.mails[0].content.replace(b"=2E", b".")


def test_a_refused_sender_stops_the_batch(smtp_server: SmtpServer) -> None:
    smtp_server.fail_next(SmtpFault.MAIL_550)
    outcomes = SmtpTransport(plain(smtp_server)).send([make_envelope() for _ in range(4)], now=NOW)
    assert {outcome.kind for outcome in outcomes} == {ROUTE_DOWN}
    assert smtp_server.mails == []


def test_three_lost_connections_in_a_row_stop_the_batch(smtp_server: SmtpServer) -> None:
    smtp_server.fail_next(*[SmtpFault.DROP_BEFORE_DOT] * 3)
    outcomes = SmtpTransport(plain(smtp_server)).send([make_envelope() for _ in range(6)], now=NOW)
    assert [outcome.reason for outcome in outcomes] == ["connection_lost"] * 3 + ["provider_failing"] * 3
    assert smtp_server.connections == 3


def test_nobody_listening_is_tried_once_and_again_later() -> None:
    url = f"smtp://127.0.0.1:{free_port()}?tls=none"
    outcomes = SmtpTransport(url).send([make_envelope() for _ in range(3)], now=NOW)
    assert {(outcome.kind, outcome.reason) for outcome in outcomes} == {(RETRY, "connect_failed")}
    assert all(NOW < outcome.retry_at <= NOW + WAIT_MAX for outcome in outcomes if outcome.retry_at)


def test_a_name_that_nobody_can_look_up_means_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    (outcome,) = SmtpTransport("smtp://mail.shop.test").send([make_envelope()], now=NOW)
    assert (outcome.kind, outcome.reason) == (RETRY, "connect_failed")


def test_retries_of_a_batch_are_spread() -> None:
    url = f"smtp://127.0.0.1:{free_port()}?tls=none"
    outcomes = SmtpTransport(url).send([make_envelope() for _ in range(20)], now=NOW)
    due = {outcome.retry_at for outcome in outcomes}
    assert len(due) > 15
    assert max(filter(None, due)) - min(filter(None, due)) < timedelta(seconds=31)


def test_a_silent_server_is_given_up_after_the_timeout() -> None:
    with HttpServer(lambda _: Answer(500)) as silent:  # waits for a whole HTTP request
        outcome = send_one(f"smtp://127.0.0.1:{silent.port}?tls=none", timeout=0.2)
    assert (outcome.kind, outcome.reason) == (RETRY, "timeout")


class TestTls:
    def test_starttls_protects_the_message(self, tmp_path: Path) -> None:
        server_tls, client_tls = make_tls_contexts(tmp_path)
        with SmtpServer(tls=server_tls) as server:
            transport = SmtpTransport(f"smtp://127.0.0.1:{server.port}", tls_context=client_tls)
            assert transport.send([make_envelope()], now=NOW)[0].kind is ACCEPTED
        assert server.mails[0].was_encrypted

    def test_smtps_is_secure_from_the_first_byte(self, tmp_path: Path) -> None:
        server_tls, client_tls = make_tls_contexts(tmp_path)
        with SmtpServer(tls=server_tls, implicit=True) as server:
            transport = SmtpTransport(f"smtps://127.0.0.1:{server.port}", tls_context=client_tls)
            assert transport.send([make_envelope()], now=NOW)[0].kind is ACCEPTED
        assert len(server.mails) == 1

    def test_smtps_to_a_server_in_clear_text_sends_nothing(self, smtp_server: SmtpServer) -> None:
        outcome = send_one(f"smtps://127.0.0.1:{smtp_server.port}")
        assert (outcome.kind, outcome.reason) == (RETRY, "tls_failed")

    def test_a_server_without_starttls_gets_nothing(self, smtp_server: SmtpServer) -> None:
        outcome = send_one(f"smtp://127.0.0.1:{smtp_server.port}")
        assert (outcome.kind, outcome.reason) == (ROUTE_DOWN, "starttls_missing")
        assert smtp_server.mails == []

    def test_a_certificate_that_nobody_trusts_is_not_used(self, tmp_path: Path) -> None:
        server_tls, _ = make_tls_contexts(tmp_path)
        with SmtpServer(tls=server_tls) as server:
            outcome = send_one(f"smtp://127.0.0.1:{server.port}")
        assert (outcome.kind, outcome.reason) == (RETRY, "tls_failed")
        assert server.mails == []

    def test_a_wrong_password_takes_the_route_down_without_telling_it(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        server_tls, client_tls = make_tls_contexts(tmp_path)
        with SmtpServer(tls=server_tls, login=("shop", "right")) as server:
            url = f"smtp://shop:canary@127.0.0.1:{server.port}"
            transport = SmtpTransport(url, tls_context=client_tls)
            outcomes = transport.send([make_envelope(), make_envelope()], now=NOW)
            problems = transport.check()
        assert {(outcome.kind, outcome.reason) for outcome in outcomes} == {(ROUTE_DOWN, "smtp_535")}
        assert "canary" not in caplog.text + repr(transport) + str(outcomes) + str(problems)

    def test_the_right_password_opens_the_door(self, tmp_path: Path) -> None:
        server_tls, client_tls = make_tls_contexts(tmp_path)
        with SmtpServer(tls=server_tls, login=("shop", "p@ss:word")) as server:
            url = f"smtp://shop:p%40ss%3Aword@127.0.0.1:{server.port}"
            transport = SmtpTransport(url, tls_context=client_tls)
            assert transport.check() == []
            assert transport.send([make_envelope()], now=NOW)[0].kind is ACCEPTED

    def test_a_password_is_not_told_to_a_server_that_knows_no_login(self, smtp_server: SmtpServer) -> None:
        url = f"smtp://shop:canary@127.0.0.1:{smtp_server.port}?tls=none"
        assert send_one(url).reason == "login_not_offered"


class TestAddressOfTheServer:
    def test_smtp_means_starttls_on_587(self) -> None:
        route = parse_smtp_url("smtp://user:p%40ss@mail.shop.example")
        assert (route.port, route.tls, route.user, route.password) == (587, "starttls", "user", "p@ss")

    def test_smtps_means_tls_from_the_first_byte_on_465(self) -> None:
        route = parse_smtp_url("smtps://mail.shop.example")
        assert (route.port, route.tls) == (465, "implicit")

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "http://mail.shop.example",
            "smtp://",
            "smtp://user:canary@mail.shop.example:99999",
            "smtp://user:canary@mail.shop.example?tls=none",
            "smtp://user:canary@mail.shop.example?tls=maybe",
            "smtps://user:canary@127.0.0.1?tls=none",
        ],
    )
    def test_a_wrong_address_is_refused_without_showing_it(self, url: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            parse_smtp_url(url)
        assert "PAIRWELL_SMTP_URL" in str(caught.value)
        assert "canary" not in str(caught.value)

    def test_a_route_does_not_show_its_password(self) -> None:
        assert "canary" not in repr(parse_smtp_url("smtp://user:canary@mail.shop.example"))


def test_checking_an_unreachable_server_says_so() -> None:
    (problem,) = SmtpTransport(f"smtp://127.0.0.1:{free_port()}?tls=none").check()
    assert problem.field == "PAIRWELL_SMTP_URL"
    assert "could not be reached" in problem.message
