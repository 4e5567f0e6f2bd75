"""A proof goes to whoever asked, once, and leaves no trace among the emails of customers."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from campaigns.email_gate import AllowListTransport
from campaigns.models import (
    Allowance,
    EmailTemplate,
    Message,
    PreviewMail,
    ProofEmail,
    RenderedMessage,
    Route,
    SendingDay,
    TemplateVersion,
    TrackedLink,
)
from campaigns.previews import Choice
from campaigns.proofs import GIVEN_UP_AFTER, MOST_AN_HOUR, ProofRefusedError, queue_proof, send_proofs
from campaigns.routes import Permit, ask_route
from campaigns.switches import pause_route, resume_route
from campaigns.transports import DatabasePreviewStore
from delivery.base import Envelope, Outcome, OutcomeKind, Transport
from delivery.preview import PreviewTransport
from tests.campaigns.emails import TEXTS, in_text
from triggers.chores import CHORES, Chores

pytestmark = pytest.mark.django_db
CONTEXT: dict[str, Any] = {"customer": {"first_name": "Sara"}, "links": {}}


class Answers(PreviewTransport):
    """The preview inbox, which first gives the answers it was told to."""

    def __init__(self, *answers: OutcomeKind) -> None:
        super().__init__(DatabasePreviewStore())
        self.answers = list(answers)

    def send(self, envelopes: Sequence[Envelope], *, now: datetime) -> list[Outcome]:
        if self.answers:
            return [Outcome(self.answers.pop(0), "told_so") for _ in envelopes]
        return super().send(envelopes, now=now)


@pytest.fixture
def marketer() -> User:
    return User.objects.create_user("mina", email="mina@shop.example", is_staff=True)


@pytest.fixture
def choice(now: datetime) -> Choice:
    template = EmailTemplate.objects.create(key="news", name="News")
    source = in_text('Dear {{ customer.first_name }} <a href="https://shop.example/x">look</a>')
    version = TemplateVersion.objects.create(
        template=template, number=1, source=source, texts=TEXTS, digest="1", published_at=now
    )
    return Choice(version, "en")


def ask(choice: Choice, marketer: User, now: datetime) -> ProofEmail:
    return queue_proof(choice, CONTEXT, marketer, now)


def test_a_proof_is_sent_to_whoever_asked_with_untracked_links(
    choice: Choice, marketer: User, now: datetime
) -> None:
    proof = ask(choice, marketer, now)
    assert (proof.state, proof.recipient) == ("queued", "mina@shop.example")
    assert send_proofs(now, Answers()) == 1
    proof.refresh_from_db()
    mail = PreviewMail.objects.get()
    assert (proof.state, mail.recipient, mail.subject) == ("accepted", "mina@shop.example", "[Test] Hello")
    assert 'href="https://shop.example/x"' in proof.html
    assert "Dear Sara" in proof.text


def test_a_proof_leaves_nothing_that_is_counted(choice: Choice, marketer: User, now: datetime) -> None:
    ask(choice, marketer, now)
    send_proofs(now, Answers())
    for counted in (Message, RenderedMessage, SendingDay, TrackedLink):
        assert not counted._default_manager.exists()


def test_a_proof_is_sent_once_by_however_many_workers(choice: Choice, marketer: User, now: datetime) -> None:
    ask(choice, marketer, now)
    assert [send_proofs(now, Answers()) for _ in range(2)] == [1, 0]
    assert PreviewMail.objects.count() == 1


def test_nobody_sends_a_proof_again_that_a_worker_left_behind(
    choice: Choice, marketer: User, now: datetime
) -> None:
    proof = ask(choice, marketer, now)
    ProofEmail.objects.update(state="sending")
    assert send_proofs(now + GIVEN_UP_AFTER + timedelta(minutes=1), Answers()) == 0
    proof.refresh_from_db()
    assert (proof.state, proof.reason) == ("unknown", "worker_stopped")


def test_a_proof_waits_while_nothing_may_leave(choice: Choice, marketer: User, now: datetime) -> None:
    ask(choice, marketer, now)
    transport = Answers()
    pause_route(transport.name, now)
    assert send_proofs(now, transport) == 0
    resume_route(transport.name)
    assert send_proofs(now, transport) == 1


@pytest.mark.parametrize(
    ("answer", "later", "state"),
    [
        (OutcomeKind.RETRY, 1, "queued"),
        (OutcomeKind.RETRY, 61, "rejected"),
        (OutcomeKind.REJECTED, 1, "rejected"),
        (OutcomeKind.UNKNOWN, 1, "unknown"),
    ],
)
def test_what_became_of_a_proof_is_kept(
    choice: Choice, marketer: User, now: datetime, answer: OutcomeKind, later: int, state: str
) -> None:
    proof = ask(choice, marketer, now)
    send_proofs(now + timedelta(minutes=later), Answers(answer))
    proof.refresh_from_db()
    assert (proof.state, proof.reason) == (state, "told_so")


def test_a_test_installation_writes_to_nobody_who_is_not_on_its_list(
    choice: Choice, marketer: User, now: datetime
) -> None:
    proof = ask(choice, marketer, now)
    transport: Transport = AllowListTransport(Answers(), ["@other.example"])
    send_proofs(now, transport)
    proof.refresh_from_db()
    assert (proof.state, proof.reason) == ("rejected", "recipient_not_allowed")
    assert not PreviewMail.objects.exists()


def test_who_has_no_address_or_asked_too_often_is_told_so(
    choice: Choice, marketer: User, now: datetime
) -> None:
    with pytest.raises(ProofRefusedError) as nobody:
        ask(choice, User.objects.create_user("nameless"), now)
    for _ in range(MOST_AN_HOUR):
        ask(choice, marketer, now)
    with pytest.raises(ProofRefusedError) as eager:
        ask(choice, marketer, now)
    assert (nobody.value.code, eager.value.code) == ("no_address", "too_many")
    assert ask(choice, marketer, now + timedelta(hours=1, minutes=1)).state == "queued"


def test_an_email_that_can_not_be_made_says_why(choice: Choice, marketer: User, now: datetime) -> None:
    with pytest.raises(ProofRefusedError, match="first_name"):
        queue_proof(choice, {"customer": {}, "links": {}}, marketer, now)
    assert not ProofEmail.objects.exists()


def test_a_proof_that_cannot_leave_is_not_tried_again_at_every_turn(
    choice: Choice, marketer: User, now: datetime
) -> None:
    ask(choice, marketer, now)
    transport = Answers(OutcomeKind.RETRY)
    turns = [now + timedelta(seconds=seconds) for seconds in (0, 1, 30, 61, 62)]
    assert [send_proofs(turn, transport) for turn in turns] == [1, 0, 0, 1, 0]
    assert PreviewMail.objects.count() == 1


def test_a_proof_that_finds_our_key_refused_closes_the_way_out(
    choice: Choice, marketer: User, now: datetime
) -> None:
    proof = ask(choice, marketer, now)
    transport = Answers(OutcomeKind.ROUTE_DOWN)
    later = now + timedelta(minutes=2)
    assert [send_proofs(turn, transport) for turn in (now, later)] == [1, 0]
    assert Route.objects.get(name=transport.name).breaker == Route.Breaker.OPEN
    probed = now + timedelta(minutes=20)
    assert send_proofs(probed, transport) == 1
    assert Route.objects.get(name=transport.name).breaker == Route.Breaker.CLOSED
    proof.refresh_from_db()
    assert proof.state == "accepted"


@pytest.mark.parametrize(
    "limits", [{"RATE_PER_MINUTE": 2}, {"DOMAIN_RATES": {"shop.example": 2}}], ids=["for all", "a domain"]
)
def test_a_proof_takes_its_share_of_the_limits_and_waits_where_there_is_none(
    choice: Choice, marketer: User, now: datetime, settings: Any, limits: dict[str, Any]
) -> None:
    settings.PAIRWELL = settings.PAIRWELL | limits
    for _ in range(3):
        ask(choice, marketer, now)
    assert send_proofs(now, Answers()) == 2
    assert Allowance.objects.get().used == 2
    waiting = ProofEmail.objects.get(state="queued")
    assert waiting.reason == "rate_limit"
    assert send_proofs(now + timedelta(minutes=1), Answers()) == 1


def test_a_route_that_is_paused_after_it_was_asked_sends_no_proof(
    choice: Choice, marketer: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(choice, marketer, now)

    def permit_and_pause(name: str, at: datetime) -> Permit | None:
        permit = ask_route(name, at)
        pause_route(name, at)
        return permit

    monkeypatch.setattr("campaigns.proofs.ask_route", permit_and_pause)
    assert send_proofs(now, Answers()) == 0
    assert ProofEmail.objects.get().state == "queued"


def test_the_daily_chores_forget_proofs_of_more_than_thirty_days(
    choice: Choice, marketer: User, now: datetime
) -> None:
    ask(choice, marketer, now)
    chores = Chores(tuple(chore for chore in CHORES if "proof emails" in chore.sorry))
    chores.run_due(now + timedelta(days=30))
    assert ProofEmail.objects.count() == 1
    chores.run_due(now + timedelta(days=31, seconds=1))
    assert ProofEmail.objects.count() == 0
