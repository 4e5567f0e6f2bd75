"""The pages behind the links of our emails, on a phone and on a desk, in five languages."""

from datetime import timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from audience.links import confirm_url, preferences_url, unsubscribe_url
from audience.models import ConsentRequest, Preference
from recommendations.feedback import fewer_url
from shop.models import Customer
from tests.factories import make_customer, make_event, make_product

LANGUAGES = [("en", "ltr"), ("fa", "rtl"), ("he", "rtl"), ("ar", "rtl"), ("ru", "ltr")]
LONG_TITLE = "PINK CHERRY LIGHTS " * 6 + "ExtraordinarilyLongWordsOfGoodsThatNobodyWouldBreakByHand" * 2
_OUTSIDE = """() => [...document.querySelectorAll('main *')].filter(e => {
    const box = e.getBoundingClientRect();
    return box.width && (box.left < -1 || box.right > innerWidth + 1);
}).map(e => e.outerHTML.slice(0, 80))"""


def make_request(customer: Customer, *, days_left: int) -> int:
    event, now = make_event(customer, kind="consent.requested"), timezone.now()
    ConsentRequest.objects.create(
        customer=customer, event=event, requested_at=now, expires_at=now + timedelta(days=days_left)
    )
    return event.pk


def list_links(customer: Customer) -> dict[str, str]:
    products = [make_product(title=title).pk for title in (LONG_TITLE, "قوری چینی گل‌سرخی")]
    return {
        "confirm": confirm_url(customer.uuid, make_request(customer, days_left=7)),
        "confirm too late": confirm_url(customer.uuid, make_request(customer, days_left=-1)),
        "fewer of these": fewer_url(customer.uuid, products),
        "preferences": preferences_url(customer.uuid),
        "unsubscribe": unsubscribe_url(customer.uuid, uuid4()),
    }


def check(page: Page, language: str, direction: str) -> None:
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("html")).to_have_attribute("dir", direction)
    expect(page.locator("h1")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth")
    assert page.evaluate(_OUTSIDE) == []
    assert ".." not in page.locator("main").inner_text()


@pytest.mark.parametrize(("language", "direction"), LANGUAGES)
def test_every_page_reads_in_the_customers_language_and_direction_and_fits(
    browser: Browser, live_server: LiveServer, transactional_db: None, language: str, direction: str
) -> None:
    customer = make_customer(language=language, email="canary.person@buyer.example")
    for width in (390, 1440):
        page = browser.new_page(viewport={"width": width, "height": 844})
        for name, link in list_links(customer).items():
            page.goto(live_server.url + urlsplit(link).path)
            check(page, language, direction)
            if name == "preferences":
                page.locator("input[name=pause]").check()
            page.locator("button[type=submit]").click()
            check(page, language, direction)
            assert "canary" not in page.content()
        page.close()


def test_choosing_fewer_and_a_pause_needs_no_login_and_is_kept(
    browser: Browser, live_server: LiveServer, transactional_db: None
) -> None:
    customer = make_customer(language="fa")
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(live_server.url + urlsplit(preferences_url(customer.uuid)).path)
    page.locator("input[value=fewer]").check()
    page.locator("input[name=pause]").check()
    page.locator("button[type=submit]").click()
    expect(page.get_by_role("status")).to_have_text("تنظیمات شما ذخیره شد.")
    kept = Preference.objects.get()
    assert (kept.pace, kept.paused_until is not None) == ("fewer", True)
    page.close()
