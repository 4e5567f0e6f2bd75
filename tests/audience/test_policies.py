"""The matrix of markets and kinds of consent, and the label that Israel's law asks for."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from audience.policies import label_subject, policy_for, subject_label
from tests.audience.people import NOW, days_ago, grant, make_customer, standing_of

SOFT = ["GB", "DE", "FR", "IL", "US", "CA", "AU"]
STRICT = ["RU", "IR", "AE", "SA", "EG", "QA", "TR", "XX"]


@pytest.mark.django_db
@pytest.mark.parametrize("country", SOFT + STRICT)
def test_an_explicit_yes_counts_everywhere(country: str) -> None:
    customer = make_customer(country=country)
    grant(customer)
    assert standing_of(customer).may_market


@pytest.mark.django_db
@pytest.mark.parametrize("country", SOFT)
def test_a_purchase_counts_where_the_law_has_a_customer_exception(country: str) -> None:
    customer = make_customer(country=country)
    grant(customer, "soft_opt_in")
    assert standing_of(customer).may_market


@pytest.mark.django_db
@pytest.mark.parametrize("country", STRICT)
def test_a_purchase_is_not_consent_elsewhere(country: str) -> None:
    customer = make_customer(country=country)
    grant(customer, "soft_opt_in")
    assert standing_of(customer).reason == "soft_opt_in_not_allowed"


@pytest.mark.django_db
def test_the_stricter_of_the_shops_market_and_the_customers_wins(settings: Settings) -> None:
    settings.PAIRWELL = {**settings.PAIRWELL, "COUNTRY": "RU"}
    customer = make_customer(country="GB")
    grant(customer, "soft_opt_in")
    assert standing_of(customer).reason == "soft_opt_in_not_allowed"


@pytest.mark.django_db
def test_a_customer_of_unknown_country_is_taken_for_one_of_the_shops_own() -> None:
    customer = make_customer(country="")
    grant(customer, "soft_opt_in")
    assert standing_of(customer).may_market


@pytest.mark.django_db
def test_in_canada_a_purchase_counts_for_two_years() -> None:
    customer = make_customer(country="CA")
    grant(customer, "soft_opt_in", at=days_ago(730))
    assert standing_of(customer).reason == "soft_opt_in_expired"
    assert standing_of(customer, NOW - timedelta(days=1)).may_market


def test_products_in_order_mail_need_standing_in_every_market() -> None:
    assert all(policy_for(country).suggestions_need_standing for country in SOFT + STRICT)


@pytest.mark.parametrize(("country", "label"), [("IL", "פרסומת"), ("il", "פרסומת"), ("GB", ""), ("", "")])
def test_only_israel_asks_for_a_label(country: str, label: str) -> None:
    assert subject_label(country, "en") == label


def test_the_label_opens_the_subject_once() -> None:
    labelled = label_subject("מבצע סוף עונה", "IL", "he")
    assert labelled == "פרסומת: מבצע סוף עונה"
    assert label_subject(labelled, "IL", "he") == labelled


def test_a_word_that_only_begins_like_the_label_is_not_the_label() -> None:
    assert label_subject("פרסומתי", "IL", "he") == "פרסומת: פרסומתי"


def test_other_markets_keep_their_subject() -> None:
    assert label_subject("Thank you", "GB", "en") == "Thank you"


@pytest.mark.parametrize(
    ("country", "weekend"), [("IL", {5, 6}), ("IR", {4, 5}), ("GB", {6, 7}), ("XX", {6, 7})]
)
def test_the_weekend_is_the_markets_own(country: str, weekend: set[int]) -> None:
    assert policy_for(country).weekend == weekend
