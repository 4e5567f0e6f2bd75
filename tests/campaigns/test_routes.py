"""The breaker of a route: when it opens, how it lets one try, and that it closes by itself."""

import logging
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.breakers import FAILURES_TO_OPEN, learn
from campaigns.models import Alert, Message, Route
from campaigns.outbox import gather_due
from campaigns.outcomes import Tally
from campaigns.routes import PROBE_SIZE, ask_route, begin_probe
from campaigns.sending import send_due
from delivery.base import Outcome, OutcomeKind
from tests.campaigns.answering import ACCEPTED, Provider
from tests.campaigns.conftest import QueueOrders
from tests.flows import read_statuses

pytestmark = pytest.mark.django_db
KEY_IS_WRONG = Outcome(OutcomeKind.ROUTE_DOWN, "http_401", "The key is not valid.")
SILENCE = Outcome(OutcomeKind.UNKNOWN, "timeout_after_bytes")
UNREACHABLE = Outcome(OutcomeKind.RETRY, "connect_failed")
GREYLISTED = Outcome(OutcomeKind.RETRY, "smtp_450")
seen: list[Alert] = []


def remember(alert: Alert) -> None:
    seen.append(alert)


def test_a_wrong_key_stops_the_route_at_once_and_raises_one_alert(
    now: datetime, queue_confirmations: QueueOrders, caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    for _ in range(5):
        queue_confirmations(3)
    provider = Provider(KEY_IS_WRONG)
    with caplog.at_level(logging.ERROR), django_capture_on_commit_callbacks(execute=True):
        send_due(now, provider)
    assert provider.batches == [3]
    alert = Alert.objects.get()
    assert (alert.code, alert.subject) == ("route_down", "route:sendgrid")
    assert [r.message.startswith("An alert was raised: route_down") for r in caplog.records] == [True]
    assert set(read_statuses()) <= {"deferred", "queued"}


def test_when_the_key_is_mended_a_small_batch_tries_and_then_all_go(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations(1)
    queue_confirmations(30)
    provider = Provider(KEY_IS_WRONG)
    send_due(now, provider)
    later = now + timedelta(minutes=5)
    assert send_due(later - timedelta(seconds=1), provider) == Tally()
    provider.answer, provider.batches = ACCEPTED, []
    gather_due(later)
    assert send_due(later, provider) == Tally(accepted=31)
    assert provider.batches[0] <= PROBE_SIZE < max(provider.batches)
    assert Route.objects.exclude(name=Route.EVERYTHING).get().breaker == Route.Breaker.CLOSED
    assert Alert.objects.get().resolved_at == later


def test_a_failed_probe_waits_twice_as_long_and_raises_no_second_alert(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations(30)
    provider = Provider(KEY_IS_WRONG)
    send_due(now, provider)
    later = now + timedelta(minutes=5)
    gather_due(later)
    send_due(later, provider)
    route = Route.objects.exclude(name=Route.EVERYTHING).get()
    assert (route.breaker, route.probe_at) == (Route.Breaker.OPEN, later + timedelta(minutes=10))
    assert provider.batches == [30, PROBE_SIZE]
    assert Alert.objects.count() == 1


def test_nobody_is_marked_as_failed_however_long_the_route_is_down(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations()
    Message.objects.update(queued_at=now - timedelta(hours=71))
    send_due(now + timedelta(hours=0.9), Provider(KEY_IS_WRONG))
    assert read_statuses() == ["deferred"]


def test_silence_many_times_in_a_row_opens_the_route(now: datetime, queue_confirmations: QueueOrders) -> None:
    for _ in range(FAILURES_TO_OPEN + 3):
        queue_confirmations()
    provider = Provider(SILENCE)
    send_due(now, provider)
    assert len(provider.batches) == FAILURES_TO_OPEN
    assert Alert.objects.get().code == "route_failing"


def test_a_mailbox_that_wants_us_later_is_no_fault_of_the_route(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    for _ in range(FAILURES_TO_OPEN + 3):
        queue_confirmations()
    provider = Provider(GREYLISTED)
    send_due(now, provider)
    assert len(provider.batches) == FAILURES_TO_OPEN + 3


def test_being_asked_to_slow_down_holds_the_route_without_an_alert(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations()
    queue_confirmations()
    at = now + timedelta(minutes=2)
    provider = Provider(Outcome(OutcomeKind.RETRY, "http_429", retry_at=at))
    send_due(now, provider)
    assert (provider.batches, Alert.objects.count()) == ([1], 0)
    assert ask_route("sendgrid", at - timedelta(seconds=1)) is None
    assert ask_route("sendgrid", at)


def test_only_one_worker_probes(now: datetime) -> None:
    Route.objects.create(name="sendgrid", breaker=Route.Breaker.OPEN, probe_at=now)
    assert [begin_probe("sendgrid", now), begin_probe("sendgrid", now)] == [True, False]
    assert ask_route("sendgrid", now) is None
    assert ask_route("sendgrid", now + timedelta(minutes=6))  # the one that probed has died


def test_a_probe_that_found_nobody_to_write_to_does_not_close_the_route(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    queue_confirmations()
    Route.objects.create(name="sendgrid", breaker=Route.Breaker.OPEN, probe_at=now, opened_at=now)
    send_due(now + timedelta(days=5), Provider())  # too late for all of them
    assert Route.objects.exclude(name=Route.EVERYTHING).get().breaker == Route.Breaker.OPEN


def test_the_shops_own_hook_is_given_a_new_alert_once(
    now: datetime, settings: Any, queue_confirmations: QueueOrders, django_capture_on_commit_callbacks: Any
) -> None:
    settings.PAIRWELL = settings.PAIRWELL | {"ALERT_HOOK": f"{__name__}.remember"}
    seen.clear()
    queue_confirmations(2)
    for at in (now, now + timedelta(minutes=5)):
        with django_capture_on_commit_callbacks(execute=True):
            gather_due(at)
            send_due(at, Provider(KEY_IS_WRONG))
    assert [alert.code for alert in seen] == ["route_down"]


outcomes = st.lists(st.sampled_from([ACCEPTED, KEY_IS_WRONG, SILENCE, UNREACHABLE, GREYLISTED]), max_size=9)


@given(batches=st.lists(outcomes, max_size=12))
def test_a_breaker_never_stays_open_without_a_time_for_its_next_probe(
    batches: list[list[Outcome]],
) -> None:
    now = datetime.fromisoformat("2026-11-17T12:00:00+00:00")
    route = Route(name="any")
    for batch in batches:
        before = route.breaker
        learn(route, batch, now)
        if route.breaker == Route.Breaker.OPEN:
            assert route.probe_at is not None
            assert now < route.probe_at <= now + timedelta(minutes=30)
            assert route.reason
        else:
            assert (route.openings, route.probe_at) == (0, None)
        if before == Route.Breaker.OPEN:
            assert route.breaker == Route.Breaker.OPEN  # without a probe nothing closes it
            route.breaker, now = Route.Breaker.HALF_OPEN, route.probe_at or now
            learn(route, [ACCEPTED], now)
            assert (route.breaker, route.failures) == (Route.Breaker.CLOSED, 0)
