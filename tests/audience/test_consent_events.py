"""The shop's consent events become ledger lines, once each, in any order."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from audience.consent import apply_consent_events
from audience.models import ConsentEntry
from shop.models import Event
from tests.audience.people import NOW, days_ago, grant, make_consent_event, make_customer, standing_of

pytestmark = pytest.mark.django_db


def test_a_granted_event_becomes_one_line_with_its_proof() -> None:
    event = make_consent_event(make_customer(), at=days_ago(1))
    assert apply_consent_events(NOW) == 1
    entry = ConsentEntry.objects.get(event=event)
    assert (entry.state, entry.basis, entry.proof) == ("granted", "explicit", "checkout · v3")
    assert (entry.occurred_at, entry.recorded_at) == (days_ago(1), NOW)


def test_applying_again_changes_nothing() -> None:
    make_consent_event(make_customer())
    apply_consent_events(NOW)
    assert apply_consent_events(NOW) == 0
    assert ConsentEntry.objects.count() == 1


def test_an_event_whose_mark_was_lost_does_not_get_a_second_line() -> None:
    make_consent_event(make_customer())
    apply_consent_events(NOW)
    Event.objects.update(consent_applied_at=None)
    apply_consent_events(NOW)
    assert ConsentEntry.objects.count() == 1
    assert not Event.objects.filter(consent_applied_at=None).exists()


def test_a_no_wins_against_an_older_yes_that_arrives_later() -> None:
    customer = make_customer()
    make_consent_event(customer, "withdrawn", at=days_ago(1))
    apply_consent_events(NOW)
    make_consent_event(customer, at=days_ago(2), received_at=NOW)
    apply_consent_events(NOW)
    assert standing_of(customer).reason == "withdrawn"


def test_an_event_from_the_future_counts_from_when_it_was_received() -> None:
    make_consent_event(make_customer(), at=NOW + timedelta(days=9), received_at=NOW)
    apply_consent_events(NOW + timedelta(hours=1))
    assert ConsentEntry.objects.get().occurred_at == NOW


@pytest.mark.parametrize(
    "said",
    [
        None,
        {},
        {"basis": "a hunch"},
        {"basis": "explicit", "topic": "news"},
        {"basis": "explicit", "expires_at": "soon"},
    ],
)
def test_an_incomplete_yes_is_no_consent_and_the_event_says_why(said: object) -> None:
    customer = make_customer()
    event = make_consent_event(customer, said=said)
    apply_consent_events(NOW)
    assert standing_of(customer).reason == "no_consent"
    event.refresh_from_db()
    assert event.problem.startswith("consent.")


@pytest.mark.parametrize("said", [None, {}, {"topic": "news"}, "no"])
def test_a_no_is_taken_whatever_else_it_says(said: object) -> None:
    customer = make_customer()
    make_consent_event(customer, "withdrawn", said=said)
    apply_consent_events(NOW)
    assert standing_of(customer).reason == "withdrawn"


def test_a_no_counts_from_the_moment_it_is_stored() -> None:
    customer = make_customer()
    grant(customer, at=days_ago(2))
    make_consent_event(customer, "withdrawn", at=days_ago(1))
    assert standing_of(customer).reason == "withdrawn"


def test_a_stored_yes_waits_for_the_ledger() -> None:
    customer = make_customer()
    make_consent_event(customer)
    assert standing_of(customer).reason == "no_consent"


def test_an_older_no_that_waits_for_the_ledger_does_not_end_a_newer_yes() -> None:
    customer = make_customer()
    grant(customer, at=days_ago(1))
    make_consent_event(customer, "withdrawn", at=days_ago(2))
    assert standing_of(customer).may_market


def test_other_events_are_left_to_their_readers() -> None:
    event = make_consent_event(make_customer(), kind="order.placed")
    Event.objects.update(kind="order.placed")
    assert apply_consent_events(NOW) == 0
    event.refresh_from_db()
    assert event.consent_applied_at is None


def test_a_batch_costs_the_same_queries_for_five_events_as_for_fifty() -> None:
    counts = []
    for size in (5, 50):
        for _ in range(size):
            make_consent_event(make_customer())
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert apply_consent_events(NOW) == size
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_more_events_than_a_batch_holds_are_all_applied(settings: Settings) -> None:
    settings.PAIRWELL = {**settings.PAIRWELL, "BATCH_SIZE": 3}
    for _ in range(8):
        make_consent_event(make_customer())
    assert apply_consent_events(NOW) == 8
    assert ConsentEntry.objects.count() == 8
