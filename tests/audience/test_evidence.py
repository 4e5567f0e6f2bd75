"""Proof is kept as long as the law may ask for it, and cleared then."""

from datetime import UTC, datetime, timedelta

import pytest

from audience.evidence import clear_old_evidence
from audience.models import ConsentEntry
from tests.audience.people import NOW, days_ago, grant, make_customer, withdraw

pytestmark = pytest.mark.django_db
THREE_YEARS_LATER = datetime(2029, 3, 2, 12, tzinfo=UTC)


def make_proven(country: str = "EG") -> ConsentEntry:
    entry = grant(make_customer(country=country), at=days_ago(9))
    ConsentEntry.objects.filter(pk=entry.pk).update(proof="paper form 17", text_version="v3")
    return entry


def proof_of(entry: ConsentEntry) -> str:
    return ConsentEntry.objects.get(pk=entry.pk).proof


def test_the_proof_outlives_the_no_by_three_years() -> None:
    entry = make_proven()
    withdraw(entry.customer, at=NOW)
    assert clear_old_evidence(THREE_YEARS_LATER - timedelta(seconds=1)) == 0
    assert proof_of(entry) == "paper form 17"
    assert clear_old_evidence(THREE_YEARS_LATER) == 1
    assert proof_of(entry) == ""
    assert clear_old_evidence(THREE_YEARS_LATER) == 0


def test_a_yes_in_force_keeps_its_proof_for_ever() -> None:
    entry = make_proven()
    assert clear_old_evidence(NOW + timedelta(days=9999)) == 0
    assert proof_of(entry) == "paper form 17"


def test_a_yes_after_the_no_keeps_its_proof() -> None:
    before = make_proven()
    withdraw(before.customer, at=days_ago(8))
    after = grant(before.customer, at=days_ago(7))
    ConsentEntry.objects.filter(pk=after.pk).update(proof="web form")
    clear_old_evidence(THREE_YEARS_LATER)
    assert (proof_of(before), proof_of(after)) == ("", "web form")


def test_the_line_itself_stays() -> None:
    entry = make_proven()
    withdraw(entry.customer, at=NOW)
    clear_old_evidence(THREE_YEARS_LATER)
    entry.refresh_from_db()
    assert (entry.state, entry.basis, entry.occurred_at) == ("granted", "explicit", days_ago(9))
