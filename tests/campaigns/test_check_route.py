"""`check_route` asks whether our mail would be taken, and says in words why not; nothing leaves."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from campaigns import transports
from delivery.sendgrid import SendGridTransport
from tests.delivery.conftest import CANARY
from tests.servers.http_server import Answer
from tests.servers.sendgrid_server import SendGridServer

REFUSED = b'{"errors": [{"message": "from is no verified Sender Identity", "field": "from"}]}'


@pytest.fixture
def server() -> Iterator[SendGridServer]:
    with SendGridServer() as server:
        yield server


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch, settings: Any, server: SendGridServer) -> Any:
    """Runs the command over this server: the code with which it ends, and its words."""
    settings.PAIRWELL = settings.PAIRWELL | {
        "TRANSPORT": "sendgrid",
        "SENDGRID_API_KEY": CANARY,
        "SENDGRID_HOST": server.url,
        "BASE_URL": "https://mail.shop.example",
    }
    monkeypatch.setattr(
        "campaigns.management.commands.check_route.build_current_transport",
        transports.build_current_transport.__wrapped__,
    )

    def run() -> tuple[int, str]:
        out = StringIO()
        try:
            call_command("check_route", stdout=out)
        except SystemExit as end:
            return int(str(end.code)), out.getvalue()
        return 0, out.getvalue()

    return run


def test_a_good_account_would_take_both_kinds_of_mail_and_gets_none(
    check: Any, server: SendGridServer
) -> None:
    assert check() == (0, "sendgrid would take our mail. Nothing was sent.\n")
    assert len(server.received) == 2
    assert server.accepted == []


@pytest.mark.parametrize(
    ("answer", "field", "words"),
    [
        (Answer(401), "SENDGRID_API_KEY", "does not know the key"),
        (Answer(403, REFUSED), "PAIRWELL_FROM_EMAIL", "verified Sender Identity"),
        (Answer(404), "SENDGRID_HOST", "No SendGrid answers"),
        (Answer(400, REFUSED), "sendgrid", "would not take the email (http_400)"),
        (Answer(503), "sendgrid", "http_503"),
        (Answer(202), "SENDGRID_HOST", "knows no sandbox"),
    ],
)
def test_what_is_wrong_is_said_in_words_with_the_setting_and_the_sender(
    check: Any, server: SendGridServer, answer: Answer, field: str, words: str
) -> None:
    server.fail_next(answer)
    code, told = check()
    assert code == 1
    assert told.startswith(f"{field}: ")
    assert words in told
    assert "@shop.example" in told
    assert CANARY not in told


def test_a_server_that_is_not_there_is_told(check: Any, server: SendGridServer) -> None:
    server.stop()
    code, told = check()
    assert code == 1
    assert "SENDGRID_HOST: Nobody answers" in told


def test_a_key_of_the_wrong_shape_is_told_before_anybody_is_asked() -> None:
    problems = SendGridTransport("SG.short").check()
    assert [problem.field for problem in problems] == ["SENDGRID_API_KEY"]


def test_the_preview_inbox_says_that_nothing_leaves_and_what_to_set(check: Any, settings: Any) -> None:
    settings.PAIRWELL = settings.PAIRWELL | {"TRANSPORT": "preview"}
    code, words = check()
    assert (code, "nothing leaves" in words, "PAIRWELL_TRANSPORT" in words) == (0, True, True)
