"""Pause, resume and cancel: a campaign, a route, or everything, at any moment."""

import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from campaigns.email_files import read_directory, templates_root
from campaigns.models import (
    Campaign,
    Message,
    MessageOutcome,
    RenderedMessage,
    Route,
    SendBatch,
    TemplateVersion,
)
from campaigns.outbox import gather_due
from campaigns.outcomes import Tally
from campaigns.preparation import prepare_batch
from campaigns.records import write_records
from campaigns.routes import ask_route
from campaigns.sending import commit_intent, lease_batch, send_due
from campaigns.switches import (
    cancel_waiting,
    pause_campaign,
    pause_route,
    resume_campaign,
    resume_route,
)
from campaigns.templates_store import publish_directory
from delivery.base import Outcome, OutcomeKind
from delivery.preview import PreviewTransport
from tests.campaigns.answering import Provider
from tests.campaigns.conftest import QueueOrders
from tests.campaigns.test_sending import queue_marketing
from tests.flows import read_statuses
from tests.queries import count_statements

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("switch", [Route.EVERYTHING, "sendgrid"])
def test_a_paused_route_sends_nothing_and_goes_on_when_it_is_resumed(
    now: datetime, queue_confirmations: QueueOrders, switch: str
) -> None:
    queue_confirmations(2)
    assert pause_route(switch, now)
    provider = Provider()
    assert send_due(now, provider) == Tally()
    assert resume_route(switch)
    assert send_due(now, provider) == Tally(accepted=2)


def test_another_route_is_not_paused(now: datetime, queue_confirmations: QueueOrders) -> None:
    queue_confirmations()
    pause_route("smtp", now)
    assert send_due(now, Provider()) == Tally(accepted=1)


def test_an_email_that_is_prepared_keeps_its_words_whatever_is_published_meanwhile(
    now: datetime, tmp_path: Path, transport: PreviewTransport, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations()
    before = TemplateVersion.objects.get(template__key="order_confirmation")
    batch = lease_batch(now, transport.name)
    assert batch
    prepared = prepare_batch(batch, transport, now)
    root = Path(shutil.copytree(templates_root(), tmp_path / "emails")) / "order_confirmation"
    text = root / "texts" / "en.toml"
    text.write_text(re.sub("subject = .*", 'subject = "Edited"', text.read_text("utf8"), count=1), "utf8")
    assert publish_directory(read_directory(root), now)
    assert write_records(batch, prepared)
    leaving = commit_intent(batch, prepared, now, route=transport.name)
    assert leaving
    assert "Edited" not in {item.envelope.make_whole().subject for item in leaving if item.envelope}
    assert RenderedMessage.objects.get().version == before


def test_pausing_twice_says_that_nothing_changed(now: datetime) -> None:
    assert [pause_route("smtp", now), pause_route("smtp", now)] == [True, False]
    assert [resume_route("smtp"), resume_route("smtp")] == [True, False]


@pytest.mark.parametrize("switch", ["campaign", "route", "everything"])
def test_a_batch_that_was_claimed_before_a_pause_does_not_commit_its_intent(
    now: datetime, queue_confirmations: QueueOrders, switch: str
) -> None:
    queue_confirmations()
    provider = Provider()
    batch = lease_batch(now, provider.name)
    assert batch
    prepared = prepare_batch(batch, provider, now)
    if switch == "campaign":
        pause_campaign(batch.campaign, now)
    else:
        pause_route(provider.name if switch == "route" else Route.EVERYTHING, now)
    assert commit_intent(batch, prepared, now, route=provider.name) is None
    assert SendBatch.objects.get().state == SendBatch.State.READY
    resume_campaign(batch.campaign, now)
    resume_route(provider.name)
    resume_route(Route.EVERYTHING)
    assert send_due(now, provider) == Tally(accepted=1)


def test_no_batch_is_claimed_between_a_look_at_the_route_and_its_pause(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations()
    pause_route("sendgrid", now)
    assert lease_batch(now, "sendgrid") is None
    assert lease_batch(now, "smtp")


def test_the_first_worker_that_asks_makes_the_rows_that_a_pause_has_to_wait_for(now: datetime) -> None:
    assert ask_route("sendgrid", now)
    assert set(Route.objects.values_list("name", flat=True)) == {Route.EVERYTHING, "sendgrid"}


def test_cancelling_a_campaign_ends_what_waits_with_the_reason(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations(3)
    at = now + timedelta(minutes=5)
    send_due(now, Provider(Outcome(OutcomeKind.RETRY, "smtp_450", retry_at=at)))
    queue_confirmations(2)
    assert cancel_waiting(now, Campaign.objects.get()) == 5
    assert gather_due(at) == 0
    assert send_due(at, Provider()) == Tally()
    assert read_statuses() == ["skipped"] * 5
    reasons = Message.objects.with_status().values_list("reason", flat=True)
    assert set(reasons) == {"cancelled_by_hand"}


def test_cancelling_one_campaign_leaves_the_others_alone(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations()
    other = queue_marketing(now)
    assert cancel_waiting(now, other.step.campaign) == 1
    assert send_due(now, Provider()) == Tally(accepted=1)


def test_a_worker_that_holds_a_cancelled_batch_loses_it(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations()
    batch = lease_batch(now)
    assert batch
    prepared = prepare_batch(batch, Provider(), now)
    cancel_waiting(now)
    assert commit_intent(batch, prepared, now) is None
    assert read_statuses() == ["skipped"]


def test_what_has_left_is_not_cancelled(now: datetime, queue_confirmations: QueueOrders) -> None:
    queue_confirmations(2)
    send_due(now, Provider())
    assert cancel_waiting(now) == 0
    assert read_statuses() == ["accepted"] * 2


def test_cancelling_takes_as_many_statements_for_many_batches_as_for_one(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    counts = []
    for batches in (1, 6):
        for _ in range(batches):
            queue_confirmations(2)
        with count_statements() as statements:
            cancel_waiting(now)
        counts.append(len(statements))
    assert counts[0] == counts[1]
    assert MessageOutcome.objects.count() == 0
