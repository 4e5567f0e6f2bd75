"""What the ledger answers, whatever the order in which its lines came."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audience.consent import record_consent, withdraw_consent
from audience.ledger import Line, judge
from audience.models import ConsentEntry
from audience.policies import policy_for
from tests.audience.people import NOW, days_ago, grant, make_customer, standing_of, withdraw

pytestmark = pytest.mark.django_db


def test_nobody_is_written_to_who_never_said_yes() -> None:
    standing = standing_of(make_customer())
    assert (standing.may_market, standing.reason) == (False, "no_consent")


def test_an_explicit_yes_allows_marketing() -> None:
    customer = make_customer()
    grant(customer)
    assert standing_of(customer).may_market


def test_a_no_ends_an_earlier_yes() -> None:
    customer = make_customer()
    grant(customer, at=days_ago(2))
    withdraw(customer, at=days_ago(1))
    assert standing_of(customer).reason == "withdrawn"


def test_an_older_yes_that_is_recorded_later_does_not_end_a_no() -> None:
    customer = make_customer()
    withdraw(customer, at=days_ago(1))
    grant(customer, at=days_ago(2))
    assert standing_of(customer).reason == "withdrawn"


def test_of_two_lines_of_the_same_moment_the_later_line_counts() -> None:
    customer = make_customer()
    grant(customer)
    withdraw(customer)
    assert standing_of(customer).reason == "withdrawn"


def test_a_yes_from_a_clock_that_runs_ahead_does_not_outweigh_a_later_no() -> None:
    customer = make_customer()
    record_consent(
        customer, state="granted", basis="explicit", source="api", occurred_at=days_ago(-9), now=days_ago(1)
    )
    withdraw(customer)
    assert standing_of(customer, NOW + timedelta(days=10)).reason == "withdrawn"


@pytest.mark.parametrize("source", ["complaint", "one_click", "api"])
def test_a_later_purchase_does_not_revive_marketing_after_a_no(source: str) -> None:
    customer = make_customer()
    withdraw(customer, source, at=days_ago(2))
    grant(customer, "soft_opt_in", at=days_ago(1))
    assert standing_of(customer).reason == ("complained" if source == "complaint" else "withdrawn")


def test_a_new_explicit_yes_revives_marketing_after_a_complaint() -> None:
    customer = make_customer()
    withdraw(customer, "complaint", at=days_ago(2))
    grant(customer, at=days_ago(1))
    assert standing_of(customer).may_market


def test_a_later_purchase_does_not_weaken_an_explicit_yes() -> None:
    customer = make_customer(country="RU")
    grant(customer, at=days_ago(2))
    grant(customer, "soft_opt_in", at=days_ago(1))
    assert standing_of(customer).may_market


def test_withdrawing_twice_adds_one_line() -> None:
    customer = make_customer()
    grant(customer, at=days_ago(1))
    assert withdraw_consent(customer, source="one_click", now=NOW)
    assert not withdraw_consent(customer, source="one_click", now=NOW)
    assert ConsentEntry.objects.filter(state="withdrawn").count() == 1


_LINES = st.lists(
    st.sampled_from([("granted", "explicit"), ("granted", "soft_opt_in"), ("withdrawn", "objection")]),
    max_size=6,
)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(_LINES)
def test_after_the_last_no_only_an_explicit_yes_counts(said: list[tuple[str, str]]) -> None:
    sold = {"sale": "o-1", "opt_out_offered": True}
    lines = [
        Line(state, basis, "api", NOW + timedelta(minutes=n), conditions=sold)
        for n, (state, basis) in enumerate(said)
    ]
    verdict = judge(lines, policy=policy_for("GB"), now=NOW + timedelta(days=1))
    nos = [n for n, (state, _) in enumerate(said) if state == "withdrawn"]
    since = said[nos[-1] + 1 :] if nos else said
    expected = any(basis == "explicit" for _, basis in since) or (not nos and bool(said))
    assert (verdict.reason == "") == expected
