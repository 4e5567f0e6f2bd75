"""Markets, kinds of consent, and the label that Israel's law asks for."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from audience.consent import record_consent
from audience.policies import EU, STRICTEST, add_months, combine, list_policies, policy_for
from audience.subject_labels import label_subject
from tests.audience.people import NOW, grant, make_customer, standing_of

LABEL = "פרסומת"
COUNTRIES = [*list_policies(), "", "XX"]

# What may be sent from a British shop, by country and basis: yes, or why not.
MATRIX = """
country  explicit  sale                     inquiry
GB       yes       yes                      yes
DE       yes       yes                      soft_opt_in_not_allowed
FR       yes       yes                      soft_opt_in_not_allowed
CH       yes       yes                      soft_opt_in_not_allowed
US       yes       yes                      yes
CA       yes       yes                      yes
AU       yes       yes                      soft_opt_in_not_allowed
IL       yes       yes                      soft_opt_in_not_allowed
RU       yes       soft_opt_in_not_allowed  soft_opt_in_not_allowed
IR       yes       soft_opt_in_not_allowed  soft_opt_in_not_allowed
AE       yes       soft_opt_in_not_allowed  soft_opt_in_not_allowed
SA       yes       soft_opt_in_not_allowed  soft_opt_in_not_allowed
EG       yes       soft_opt_in_not_allowed  soft_opt_in_not_allowed
QA       yes       soft_opt_in_not_allowed  soft_opt_in_not_allowed
TR       yes       soft_opt_in_not_allowed  soft_opt_in_not_allowed
XX       yes       soft_opt_in_not_allowed  soft_opt_in_not_allowed
none     yes       yes                      soft_opt_in_not_allowed
"""
_BASES = {"explicit": "explicit", "sale": "soft_opt_in", "inquiry": "inquiry"}


def read_matrix() -> list[tuple[str, str, str]]:
    header, *rows = (line.split() for line in MATRIX.strip().splitlines())
    return [
        (country.replace("none", ""), _BASES[column], expected)
        for country, *cells in rows
        for column, expected in zip(header[1:], cells, strict=True)
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(("country", "basis", "expected"), read_matrix())
def test_each_basis_counts_where_the_law_knows_it(country: str, basis: str, expected: str) -> None:
    customer = make_customer(country=country)
    grant(customer, basis)
    assert (standing_of(customer).reason or "yes") == expected


@pytest.mark.django_db
def test_the_stricter_of_the_shops_market_and_the_customers_wins(settings: Settings) -> None:
    settings.PAIRWELL = {**settings.PAIRWELL, "COUNTRY": "RU"}
    customer = make_customer(country="GB")
    grant(customer, "soft_opt_in")
    assert standing_of(customer).reason == "soft_opt_in_not_allowed"


@given(st.sampled_from(COUNTRIES), st.sampled_from(COUNTRIES))
def test_two_countries_together_are_never_laxer_than_either(sender: str, recipient: str) -> None:
    both = combine(sender, recipient)
    for one in (policy_for(sender), policy_for(recipient)):
        assert both.soft_opt_in <= one.soft_opt_in
        assert both.inquiry <= one.inquiry
        assert both.leaving_in_transactional >= one.leaving_in_transactional
        assert both.evidence_years >= one.evidence_years
        assert one.sale_months is None or (both.sale_months or 0) <= one.sale_months
        assert one.inquiry_months is None or (both.inquiry_months or 0) <= one.inquiry_months
        assert both.subject_label or not one.subject_label


def test_no_country_is_taken_for_the_eu_and_an_unread_law_for_the_strictest() -> None:
    assert policy_for("") is EU
    assert policy_for("XX") is STRICTEST


def test_every_rule_names_its_source() -> None:
    assert all(policy.source for policy in list_policies().values())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("basis", "last_day"),
    [
        ("soft_opt_in", datetime(2028, 3, 2, 12, tzinfo=UTC)),
        ("inquiry", datetime(2026, 9, 2, 12, tzinfo=UTC)),
    ],
)
def test_in_canada_implied_consent_runs_out(basis: str, last_day: datetime) -> None:
    customer = make_customer(country="CA")
    grant(customer, basis, at=NOW)
    assert standing_of(customer, last_day - timedelta(seconds=1)).may_market
    assert standing_of(customer, last_day).reason == "soft_opt_in_expired"


@pytest.mark.django_db
def test_a_purchase_in_canada_renews_what_an_inquiry_began() -> None:
    customer = make_customer(country="CA")
    grant(customer, "soft_opt_in", at=NOW)
    grant(customer, "inquiry", at=NOW + timedelta(days=5))
    assert standing_of(customer, NOW + timedelta(days=400)).may_market


@pytest.mark.django_db
@pytest.mark.parametrize(
    "conditions", [{}, {"sale": "o-1"}, {"opt_out_offered": True}, {"sale": "o-1", "opt_out_offered": "yes"}]
)
def test_a_soft_opt_in_that_lacks_a_condition_is_kept_and_does_not_count(conditions: dict[str, str]) -> None:
    customer = make_customer(country="GB")
    facts = {"state": "granted", "basis": "soft_opt_in", "source": "api"}
    record_consent(customer, **facts, conditions=conditions, occurred_at=NOW, now=NOW)  # type: ignore[arg-type]
    assert customer.consents.count() == 1
    assert standing_of(customer).reason == "soft_opt_in_incomplete"


@pytest.mark.django_db
def test_an_explicit_yes_ends_when_it_said_it_would() -> None:
    customer, until = make_customer(), NOW + timedelta(days=90)
    facts = {"state": "granted", "basis": "explicit", "source": "api"}
    record_consent(customer, **facts, expires_at=until, occurred_at=NOW, now=NOW)  # type: ignore[arg-type]
    assert standing_of(customer, until - timedelta(seconds=1)).may_market
    assert standing_of(customer, until).reason == "consent_expired"


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [("2024-02-29", 24, "2026-02-28"), ("2026-08-31", 6, "2027-02-28"), ("2026-03-02", 6, "2026-09-02")],
)
def test_months_end_where_the_calendar_has_a_day(start: str, months: int, end: str) -> None:
    assert add_months(datetime.fromisoformat(start), months) == datetime.fromisoformat(end)


@pytest.mark.parametrize(
    ("subject", "language", "labelled"),
    [
        ("מבצע סוף עונה", "he", "פרסומת: מבצע סוף עונה"),
        ("Summer sale!", "en", "פרסומת: \u2068Summer sale!\u2069"),
        ("פרסומת: מבצע", "he", "פרסומת: מבצע"),
        ("\u200fפרסומת: מבצע", "he", "פרסומת: מבצע"),
        ("פרסומתי", "he", "פרסומת: פרסומתי"),
    ],
)
def test_the_label_opens_the_subject_once(subject: str, language: str, labelled: str) -> None:
    assert label_subject(subject, LABEL, language) == labelled
    assert label_subject(labelled, LABEL, language) == labelled


def test_only_israel_asks_for_a_label_and_others_keep_their_subject() -> None:
    assert [country for country, policy in list_policies().items() if policy.subject_label] == ["IL"]
    assert policy_for("il").subject_label == LABEL
    assert label_subject("Thank you", "", "en") == "Thank you"


@pytest.mark.parametrize(
    ("country", "weekend"), [("IL", {5, 6}), ("IR", {4, 5}), ("GB", {6, 7}), ("XX", {6, 7})]
)
def test_the_weekend_is_the_markets_own(country: str, weekend: set[int]) -> None:
    assert policy_for(country).weekend == weekend
