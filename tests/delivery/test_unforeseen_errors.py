"""An exception that nobody foresaw costs one email its certainty, and none of its neighbours anything."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import pytest

from delivery import anymail, preview, sendgrid_http, sendgrid_requests, smtp
from delivery.base import Envelope, Outcome, OutcomeKind
from delivery.outcomes import WAIT_MAX, judge_each, judge_valid
from delivery.preview import PreviewTransport, StoredMail
from delivery.sendgrid import SendGridTransport
from delivery.sendgrid_dispatch import Dispatch
from delivery.sendgrid_requests import Request
from delivery.smtp import SmtpLine, SmtpTransport
from delivery.validation import find_problems
from tests.delivery.conftest import CANARY, WIRES
from tests.delivery.envelopes import NOW, make_envelope
from tests.delivery.memory_store import MemoryStore
from tests.servers.http_server import Answer
from tests.servers.sendgrid_server import SendGridServer
from tests.servers.smtp_server import SmtpFault, SmtpServer

ACCEPTED, REJECTED, RETRY = OutcomeKind.ACCEPTED, OutcomeKind.REJECTED, OutcomeKind.RETRY
UNKNOWN = OutcomeKind.UNKNOWN
NEIGHBOURS_SPARED = [(ACCEPTED, ""), (UNKNOWN, "error"), (ACCEPTED, "")]
BUILDERS: dict[str, tuple[Any, str]] = {
    "preview": (preview, "build_mime"),
    "smtp": (smtp, "build_mime"),
    "sendgrid": (sendgrid_requests, "build_body"),
    "anymail": (anymail, "_build_message"),
}


def break_for_canary(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    """The function raises for the canary's envelope, with the address in the text of its error."""
    whole = getattr(module, name)

    def broken(envelope: Envelope, **options: Any) -> Any:
        if envelope.to_email.startswith("canary"):
            raise ZeroDivisionError(envelope.to_email)
        return whole(envelope, **options)

    monkeypatch.setattr(module, name, broken)


def make_three() -> list[Envelope]:
    return [make_envelope(), make_envelope(to_email="canary@customer.example"), make_envelope()]


@pytest.mark.parametrize("name", sorted(WIRES))
def test_an_email_that_cannot_be_built_is_due_again_and_its_neighbours_leave(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    break_for_canary(monkeypatch, *BUILDERS[name])
    with WIRES[name]() as wire:
        outcomes = wire.transport.send(make_three(), now=NOW)
        assert wire.count_arrived() == 2
    assert [outcome.kind for outcome in outcomes] == [ACCEPTED, RETRY, ACCEPTED]
    assert outcomes[1].reason == "error"
    assert outcomes[1].retry_at is not None
    assert outcomes[1].retry_at >= NOW + WAIT_MAX
    assert "ZeroDivisionError" in caplog.text
    assert "canary" not in caplog.text + repr(outcomes)


def raise_bug(*_: object, **__: object) -> Outcome:
    raise ZeroDivisionError("canary")


def test_an_error_after_the_dot_leaves_one_email_unknown(
    smtp_server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SmtpLine, "_refused", raise_bug)
    smtp_server.fail_next(None, SmtpFault.DATA_552, None)
    transport = SmtpTransport(f"smtp://127.0.0.1:{smtp_server.port}?tls=none")
    outcomes = transport.send(make_three(), now=NOW)
    assert [(outcome.kind, outcome.reason) for outcome in outcomes] == NEIGHBOURS_SPARED


def test_an_error_after_the_request_leaves_one_email_unknown(
    sendgrid_server: SendGridServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sendgrid_http, "judge_status", raise_bug)
    sendgrid_server.fail_next(Answer(202), Answer(400), Answer(202))
    transport = SendGridTransport(CANARY, sendgrid_server.url, concurrency=1)
    outcomes = transport.send(make_three(), now=NOW)
    assert [(outcome.kind, outcome.reason) for outcome in outcomes] == NEIGHBOURS_SPARED


def test_an_error_at_the_end_of_a_batch_keeps_the_outcomes_that_are_known(
    sendgrid_server: SendGridServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Dispatch.run

    async def run_and_fail(self: Dispatch, requests: Iterable[Request], *, concurrency: int) -> None:
        await run(self, requests, concurrency=concurrency)
        raise ZeroDivisionError

    monkeypatch.setattr(Dispatch, "run", run_and_fail)
    transport = SendGridTransport(CANARY, sendgrid_server.url)
    assert {outcome.kind for outcome in transport.send(make_three(), now=NOW)} == {ACCEPTED}


class TestAForeignTransport:
    """What judge_valid and judge_each do for transports that are not ours."""

    def test_one_that_raises_for_the_whole_batch_leaves_it_unknown(self) -> None:
        envelopes = [make_envelope(subject=""), make_envelope()]
        outcomes = judge_valid(envelopes, find_problems, lambda _: [raise_bug()], now=NOW)
        assert [outcome.kind for outcome in outcomes] == [REJECTED, UNKNOWN]

    def test_one_that_forgets_an_outcome_leaves_the_batch_unknown(self) -> None:
        outcomes = judge_valid(make_three(), find_problems, lambda _: [Outcome(ACCEPTED)], now=NOW)
        assert [outcome.kind for outcome in outcomes] == [UNKNOWN] * 3

    def test_one_that_raises_for_an_email_spares_the_others(self) -> None:
        outcomes = judge_each(make_three(), accept_all_but_canary, now=NOW)
        assert [(outcome.kind, outcome.reason) for outcome in outcomes] == NEIGHBOURS_SPARED


def accept_all_but_canary(envelope: Envelope) -> Outcome:
    return raise_bug() if envelope.to_email.startswith("canary") else Outcome(ACCEPTED)


def test_the_store_of_the_preview_still_says_that_it_broke() -> None:
    class BrokenStore(MemoryStore):
        def save(self, mails: Sequence[StoredMail], now: datetime) -> None:
            del mails, now
            raise ConnectionError("the database is gone")

    with pytest.raises(ConnectionError):
        PreviewTransport(BrokenStore()).send([make_envelope()], now=NOW)
