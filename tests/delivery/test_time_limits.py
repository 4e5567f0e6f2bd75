"""However slowly the other end talks, a hand-over is over in time: no operation here runs into a timeout."""

from collections.abc import Callable

import pytest
from django.conf import settings

from delivery.anymail import AnymailTransport
from delivery.base import Envelope, Outcome, OutcomeKind, Transport
from delivery.one_by_one import Line, TimeIsOverError, call_within
from delivery.outcomes import BATCH_SECONDS, LONGEST_HAND_OVER, MESSAGE_SECONDS
from delivery.sendgrid import SendGridTransport
from delivery.smtp import SmtpTransport
from tests.delivery.conftest import CANARY, POSTMARK
from tests.delivery.envelopes import NOW, make_envelope
from tests.delivery.tarpit import SmtpTarpit
from tests.servers.http_server import Answer, HttpServer, Misbehaviour

ACCEPTED, RETRY, UNKNOWN = OutcomeKind.ACCEPTED, OutcomeKind.RETRY, OutcomeKind.UNKNOWN
PATIENCE = 20  # seconds; a transport without limits would need an hour, or for ever


def send(transport: Transport, count: int = 1) -> list[Outcome]:
    return call_within(PATIENCE, lambda: transport.send([make_envelope() for _ in range(count)], now=NOW))


def test_the_lease_of_a_batch_outlasts_the_longest_hand_over() -> None:
    assert LONGEST_HAND_OVER == BATCH_SECONDS + MESSAGE_SECONDS == 270
    assert settings.PAIRWELL["LEASE_SECONDS"] > LONGEST_HAND_OVER


def test_nobody_gets_more_time_than_the_bound_allows() -> None:
    transports: list[Transport] = [
        SmtpTransport("smtp://127.0.0.1?tls=none", timeout=900),
        SendGridTransport(CANARY, timeout=900),
        AnymailTransport(POSTMARK, timeout=900),
    ]
    assert [vars(transport)["_timeout"] for transport in transports] == [MESSAGE_SECONDS] * 3


class TestSmtp:
    @pytest.mark.parametrize("command", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA"])
    def test_an_email_that_is_over_time_before_the_dot_is_due_again_and_never_leaves(
        self, command: str
    ) -> None:
        with SmtpTarpit(command) as server:
            (outcome,) = send(SmtpTransport(server.url, timeout=0.3))
        assert (outcome.kind, outcome.reason, server.dots) == (RETRY, "timeout", 0)

    def test_after_the_dot_nobody_can_know(self) -> None:
        with SmtpTarpit("DOT") as server:
            (outcome,) = send(SmtpTransport(server.url, timeout=0.3))
        assert (outcome.kind, outcome.reason, server.dots) == (UNKNOWN, "timeout_after_bytes", 1)

    def test_an_endless_goodbye_changes_nothing(self) -> None:
        with SmtpTarpit("QUIT") as server:
            assert send(SmtpTransport(server.url, timeout=0.3))[0].kind is ACCEPTED

    def test_three_emails_over_time_end_the_batch(self) -> None:
        with SmtpTarpit("DOT") as server:
            outcomes = send(SmtpTransport(server.url, timeout=0.2), 50)
        assert [outcome.kind for outcome in outcomes] == [UNKNOWN] * 3 + [RETRY] * 47
        assert server.dots == 3

    def test_a_slow_server_gets_what_fits_into_the_time_of_a_batch(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("delivery.outcomes.BATCH_SECONDS", 1)
        with SmtpTarpit(pause=0.05) as server:
            outcomes = send(SmtpTransport(server.url, timeout=5), 500)
        assert outcomes[0].kind is ACCEPTED
        assert {outcome.reason for outcome in outcomes[100:]} == {"batch_time_over"}
        assert server.dots == sum(outcome.kind is ACCEPTED for outcome in outcomes)

    def test_the_check_ends_too(self) -> None:
        with SmtpTarpit("EHLO") as server:
            (problem,) = call_within(PATIENCE, SmtpTransport(server.url, timeout=0.3).check)
        assert problem.message.startswith("timeout")


class TestHttp:
    @pytest.mark.parametrize("build", ["anymail", "sendgrid"])
    def test_an_endless_answer_leaves_the_email_unknown(self, build: str) -> None:
        builders: dict[str, Callable[[str], Transport]] = {
            "anymail": lambda url: AnymailTransport(POSTMARK, server_token="t", api_url=url, timeout=0.4),
            "sendgrid": lambda url: SendGridTransport(CANARY, url, timeout=0.4),
        }
        with HttpServer(lambda _: Answer(202)) as server:
            server.fail_always(Misbehaviour.DRIP)
            (outcome,) = send(builders[build](server.url))
        assert (outcome.kind, outcome.reason) == (UNKNOWN, "timeout_after_bytes")

    def test_an_email_given_up_costs_its_neighbours_nothing(self, postmark_server: HttpServer) -> None:
        postmark_server.fail_next(Misbehaviour.DRIP)
        options = {"server_token": "t", "api_url": postmark_server.url}
        outcomes = send(AnymailTransport(POSTMARK, timeout=0.8, **options), 3)
        assert [outcome.kind for outcome in outcomes] == [UNKNOWN, ACCEPTED, ACCEPTED]

    @pytest.mark.parametrize("build", ["anymail", "sendgrid"])
    def test_a_slow_provider_gets_what_fits_into_the_time_of_a_batch(
        self, build: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("delivery.outcomes.BATCH_SECONDS", 0.5)
        with HttpServer(lambda _: wait_and_refuse(server)) as server:
            transport: Transport = SendGridTransport(CANARY, server.url, concurrency=2)
            if build == "anymail":
                transport = AnymailTransport(POSTMARK, server_token="t", api_url=server.url)
            outcomes = send(transport, 500)
        assert outcomes[0].reason == "http_400"
        assert {outcome.reason for outcome in outcomes[100:]} == {"batch_time_over"}


def wait_and_refuse(server: HttpServer) -> Answer:
    server.stopping.wait(0.05)
    return Answer(400)


class Stuck(Line):
    """A line on which nothing ever happens."""

    def hand_over(self, envelope: Envelope) -> Outcome:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def interrupt(self) -> None:
        """Nobody waits."""


def test_what_was_given_up_before_it_left_can_never_leave() -> None:
    line = Stuck(NOW)
    assert line.give_up().kind is RETRY
    with pytest.raises(TimeIsOverError):
        line.let_leave()


def test_what_may_have_left_before_it_was_given_up_is_unknown() -> None:
    line = Stuck(NOW)
    line.let_leave()
    assert line.give_up().kind is UNKNOWN
