"""Standing: consent, suppression, pause, pace and language of a whole batch."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from audience.consent import Cap, read_standings, suppress
from audience.models import Preference, Suppression
from audience.suppression import hash_address
from tests.audience.people import NOW, days_ago, grant, make_customer, standing_of, withdraw

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("size", [1, 60])
def test_any_number_of_customers_costs_four_queries(
    size: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    customers = [make_customer() for _ in range(size)]
    for customer in customers:
        grant(customer)
    with django_assert_num_queries(4):
        standings = read_standings(customers, NOW)
    assert all(standings[customer.pk].may_market for customer in customers)


def test_an_address_suppressed_for_everything_gets_nothing() -> None:
    customer = make_customer(email="sara@buyer.example")
    grant(customer)
    suppress("sara@buyer.example", scope="all", reason="bounced", now=NOW)
    standing = standing_of(customer)
    assert (standing.is_suppressed, standing.may_market, standing.reason) == (True, False, "suppressed")


def test_a_marketing_suppression_lets_order_mail_through() -> None:
    customer = make_customer(email="sara@buyer.example")
    grant(customer)
    suppress("sara@buyer.example", scope="marketing", reason="manual", now=NOW)
    standing = standing_of(customer)
    assert (standing.is_suppressed, standing.may_market) == (False, False)


@pytest.mark.parametrize(
    ("listed", "written"),
    [
        ("Sara@Buyer.Example", "sara@buyer.example"),
        (" sara@buyer.example ", "SARA@BUYER.EXAMPLE"),
        ("jose\u0301@buyer.example", "jos\u00e9@buyer.example"),
    ],
)
def test_an_address_is_recognised_in_another_spelling(listed: str, written: str) -> None:
    suppress(listed, scope="all", reason="bounced", now=NOW)
    assert standing_of(make_customer(email=written)).is_suppressed


def test_plus_tags_are_different_addresses() -> None:
    assert hash_address("sara+a@buyer.example") != hash_address("sara+b@buyer.example")


def test_the_address_itself_is_not_stored() -> None:
    suppress("sara@buyer.example", scope="all", reason="bounced", now=NOW)
    row = Suppression.objects.values().get()
    assert "sara" not in str(row)
    assert len(row["address_hash"]) == 64


def test_the_hash_depends_on_the_key(settings: Settings) -> None:
    before = hash_address("sara@buyer.example")
    settings.PAIRWELL = {**settings.PAIRWELL, "LINK_KEY": "another"}
    assert hash_address("sara@buyer.example") != before


def test_suppressing_twice_says_so_and_keeps_one_row() -> None:
    assert suppress("sara@buyer.example", scope="all", reason="bounced", now=NOW)
    assert not suppress("SARA@buyer.example", scope="all", reason="complained", now=NOW)
    assert Suppression.objects.count() == 1


def test_an_explicit_yes_outweighs_an_older_no_at_the_provider() -> None:
    customer = make_customer(email="sara@buyer.example")
    suppress(customer.email, scope="marketing", reason="unsubscribed", now=days_ago(2))
    grant(customer, at=days_ago(1))
    assert standing_of(customer).may_market


def test_a_new_complaint_counts_although_the_address_was_listed_before() -> None:
    customer = make_customer(email="sara@buyer.example")
    suppress(customer.email, scope="marketing", reason="unsubscribed", now=days_ago(3))
    grant(customer, at=days_ago(2))
    suppress(customer.email, scope="marketing", reason="complained", now=days_ago(1))
    assert standing_of(customer).reason == "suppressed"


def test_a_no_at_the_provider_outweighs_a_purchase() -> None:
    customer = make_customer(email="sara@buyer.example")
    suppress(customer.email, scope="marketing", reason="complained", now=days_ago(2))
    grant(customer, "soft_opt_in", at=days_ago(1))
    assert standing_of(customer).reason == "suppressed"


def test_what_the_shop_put_on_the_list_stays_there() -> None:
    customer = make_customer(email="sara@buyer.example")
    suppress(customer.email, scope="marketing", reason="manual", now=days_ago(3))
    suppress(customer.email, scope="marketing", reason="unsubscribed", now=days_ago(2))
    grant(customer, at=days_ago(1))
    assert standing_of(customer).reason == "suppressed"


def test_a_pause_holds_marketing_back_until_its_last_moment() -> None:
    customer = make_customer()
    grant(customer)
    until = NOW + timedelta(days=30)
    Preference.objects.create(customer=customer, paused_until=until, updated_at=NOW)
    assert standing_of(customer, until - timedelta(seconds=1)).reason == "paused"
    assert standing_of(customer, until).may_market


@pytest.mark.parametrize(
    ("pace", "cap"), [("normal", Cap(3, 7)), ("weekly", Cap(1, 7)), ("monthly", Cap(1, 30))]
)
def test_the_pace_sets_the_cap(pace: str, cap: Cap) -> None:
    customer = make_customer()
    Preference.objects.create(customer=customer, pace=pace, updated_at=NOW)
    assert standing_of(customer).cap == cap


def test_a_shop_more_restrained_than_the_customer_asks_stays_so(settings: Settings) -> None:
    settings.PAIRWELL = {**settings.PAIRWELL, "MARKETING_CAP": 1, "MARKETING_CAP_DAYS": 14}
    customer = make_customer()
    Preference.objects.create(customer=customer, pace="weekly", updated_at=NOW)
    assert standing_of(customer).cap == Cap(1, 14)


def test_the_language_is_chosen_by_the_customer_before_the_shop() -> None:
    customer = make_customer(language="fa")
    assert standing_of(customer).language == "fa"
    Preference.objects.create(customer=customer, language="he", no_suggestions=True, updated_at=NOW)
    assert standing_of(customer).language == "he"
    assert standing_of(customer).no_suggestions
    assert standing_of(make_customer(language="")).language == "en"


def test_a_customer_without_an_address_is_not_marketed_to() -> None:
    customer = make_customer(email="")
    grant(customer)
    assert standing_of(customer).reason == "no_address"


def test_one_customers_no_does_not_touch_another() -> None:
    quiet, keen = make_customer(), make_customer()
    grant(keen)
    withdraw(quiet)
    standings = read_standings([quiet, keen], NOW)
    assert [standings[quiet.pk].may_market, standings[keen.pk].may_market] == [False, True]
