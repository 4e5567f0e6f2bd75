"""The pages as customers see them: their language, its direction, and nothing they should not show."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from audience.links import preferences_url, unsubscribe_url
from audience.models import ConsentEntry, Preference
from audience.pages import format_day, mask_address, pick_language
from shop.models import Customer
from tests.audience.people import days_ago, grant, make_customer, standing_of, withdraw

pytestmark = pytest.mark.django_db
LANGUAGES = [
    ("en", "ltr", "Your email settings"),
    ("fa", "rtl", "تنظیمات ایمیل شما"),
    ("ar", "rtl", "إعدادات بريدك"),
    ("he", "rtl", "הגדרות המייל שלך"),
    ("ru", "ltr", "Настройки писем"),
    ("de", "ltr", "Ihre E-Mail-Einstellungen"),
    ("fr", "ltr", "Vos préférences e-mail"),
]


def preferences_path(customer: Customer) -> str:
    return urlsplit(preferences_url(customer.uuid)).path


def answers(**changes: str) -> dict[str, str]:
    """The form as sent by one who is subscribed and changes only what is named."""
    return {"shown": "yes", "marketing": "yes", "pace": "normal", "pause": "", "language": "en", **changes}


def save(customer: Customer, **changes: Any) -> str:
    client = Client(enforce_csrf_checks=True)
    response = client.post(preferences_path(customer), answers(**changes))
    assert response.status_code == 200
    return response.content.decode()


def subscribed_customer(**fields: Any) -> Customer:
    customer = make_customer(**fields)
    grant(customer, at=days_ago(1))
    return customer


@pytest.mark.parametrize(("language", "direction", "title"), LANGUAGES)
def test_the_page_speaks_the_customers_language(
    client: Client, language: str, direction: str, title: str
) -> None:
    response = client.get(preferences_path(make_customer(language=language)))
    html = response.content.decode()
    assert f'<html lang="{language}" dir="{direction}">' in html
    assert f"<h1>{title}</h1>" in html
    assert response["Content-Language"] == language


@pytest.mark.parametrize(("language", "direction", "_title"), LANGUAGES)
def test_the_unsubscribe_page_does_so_too(client: Client, language: str, direction: str, _title: str) -> None:
    customer = make_customer(language=language)
    path = urlsplit(unsubscribe_url(customer.uuid, customer.uuid)).path
    for response in (client.get(path), client.post(path)):
        assert f'<html lang="{language}" dir="{direction}">' in response.content.decode()


@pytest.mark.parametrize(
    ("tags", "language"),
    [(("fa-IR",), "fa"), (("ja", "he"), "he"), (("",), "en"), (("AR_eg",), "ar"), (("tlh",), "en")],
)
def test_the_nearest_language_is_picked(tags: tuple[str, ...], language: str) -> None:
    assert pick_language(*tags) == language


def test_a_dead_link_speaks_the_browsers_language(client: Client) -> None:
    response = client.get("/p/nonsense", headers={"accept-language": "ru"})
    assert response.status_code == 404
    assert "Ссылка не работает" in response.content.decode()


def test_only_a_masked_address_is_shown(client: Client) -> None:
    customer = make_customer(email="sara@buyer.example", name="Sara Example")
    html = client.get(preferences_path(customer)).content.decode()
    assert "s•••@b•••.example" in html
    assert "sara@buyer.example" not in html
    assert "Sara Example" not in html


@pytest.mark.parametrize(
    ("address", "masked"), [("s@x.de", "s•••@x•••.de"), ("", "•••"), ("sara", "•••"), ("a@b", "•••")]
)
def test_a_mask_hides_short_and_odd_addresses(address: str, masked: str) -> None:
    assert mask_address(address) == masked


def test_the_pages_keep_to_a_strict_policy(client: Client) -> None:
    response = client.get(preferences_path(make_customer()))
    html = response.content.decode()
    assert "default-src 'none'; style-src 'self'" in response["Content-Security-Policy"]
    assert (response["Cache-Control"], response["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|<img", html)


def test_opening_the_page_changes_nothing(client: Client) -> None:
    customer = subscribed_customer()
    client.get(preferences_path(customer))
    assert ConsentEntry.objects.count() == 1
    assert not Preference.objects.exists()


def test_choices_are_saved_and_shown() -> None:
    customer = subscribed_customer()
    html = save(customer, pace="monthly", no_suggestions="yes", language="he")
    preference = Preference.objects.get(customer=customer)
    assert (preference.pace, preference.no_suggestions, preference.language) == ("monthly", True, "he")
    assert "ההגדרות נשמרו." in html
    assert 'value="monthly" checked' in html


def test_a_no_on_the_page_is_recorded_once_and_at_once() -> None:
    customer = subscribed_customer()
    save(customer, marketing="no")
    save(customer, marketing="no")
    entry = ConsentEntry.objects.get(state="withdrawn")
    assert (entry.basis, entry.source) == ("objection", "preference_page")
    assert standing_of(customer, timezone.now()).reason == "withdrawn"


def test_a_yes_on_the_page_is_explicit_consent_even_after_a_complaint() -> None:
    customer = make_customer(country="RU")
    withdraw(customer, "complaint", at=days_ago(1))
    save(customer, shown="no", marketing="yes")
    save(customer, shown="no", marketing="yes")
    entry = ConsentEntry.objects.get(state="granted")
    assert (entry.basis, entry.source, entry.text_version) == (
        "explicit",
        "preference_page",
        "preference page, text 1",
    )
    assert standing_of(customer, timezone.now()).may_market


def test_a_yes_that_was_ticked_already_does_not_undo_an_unsubscribe_made_meanwhile() -> None:
    customer = subscribed_customer()
    withdraw(customer, "one_click")
    save(customer, shown="yes", marketing="yes", pace="weekly")
    assert standing_of(customer, timezone.now()).reason == "withdrawn"


def test_a_pause_starts_lasts_and_ends() -> None:
    customer = subscribed_customer()
    html = save(customer, pause="start")
    until = Preference.objects.get().paused_until
    assert until is not None
    assert timedelta(days=29) < until - timezone.now() <= timedelta(days=30)
    assert "End the break now" in html
    save(customer, pace="weekly")
    assert Preference.objects.get().paused_until == until
    save(customer, pause="end")
    assert Preference.objects.get().paused_until is None


def test_a_language_left_as_shown_stays_the_shops_to_change() -> None:
    customer = subscribed_customer(language="fa-IR")
    save(customer, language="fa")
    assert Preference.objects.get().language == ""


@pytest.mark.parametrize(
    "wrong", [{"pace": "hourly"}, {"marketing": ""}, {"language": "tlh"}, {"pause": "forever"}]
)
def test_a_broken_form_saves_nothing_and_says_so(client: Client, wrong: dict[str, str]) -> None:
    customer = subscribed_customer()
    response = client.post(preferences_path(customer), answers(**wrong))
    assert response.status_code == 400
    assert "Nothing was saved" in response.content.decode()
    assert not Preference.objects.exists()


@pytest.mark.parametrize("length", ["abc", "99999999999"])
def test_a_form_that_can_not_be_read_saves_nothing_and_says_so(client: Client, length: str) -> None:
    customer = subscribed_customer()
    sent: dict[str, Any] = {"content_type": "application/x-www-form-urlencoded", "CONTENT_LENGTH": length}
    response = client.post(preferences_path(customer), data="marketing=no", **sent)
    assert response.status_code == 400
    assert "Nothing was saved" in response.content.decode()


def test_an_unsubscribe_link_does_not_open_the_settings(client: Client) -> None:
    customer = subscribed_customer()
    token = unsubscribe_url(customer.uuid, customer.uuid).rpartition("/")[2]
    assert client.get(f"/p/{token}").status_code == 404


@pytest.mark.parametrize(
    ("language", "day"),
    [("en", "March 2, 2026"), ("fa", "۱۱ اسفند ۱۴۰۴"), ("ru", "2 марта 2026 года"), ("he", "2 במרץ 2026")],
)
def test_a_day_is_written_as_people_there_write_it(language: str, day: str) -> None:
    assert format_day(datetime(2026, 3, 2, 12, tzinfo=UTC), language, "Asia/Tehran") == day


def test_an_unknown_time_zone_does_not_break_the_page() -> None:
    assert format_day(datetime(2026, 3, 2, 12, tzinfo=UTC), "en", "Mars/Olympus") == "March 2, 2026"
