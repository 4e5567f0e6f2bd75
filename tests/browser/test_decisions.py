"""The rules of suggestions, set by somebody who never reads code: with a keyboard, in every language."""

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from recommendations.models import ComplementRule, Listing, Pin
from shop.models import Product
from tests.browser.test_experiments import find_violations
from tests.browser.test_pages import WIDTHS, speak
from tests.factories import make_product


@pytest.fixture
def mug(marketer: User) -> Product:
    """A product with a decision of each kind about it, and a marketer who may change them."""
    marketer.user_permissions.add(*Permission.objects.filter(content_type__app_label="recommendations"))
    mug = make_product(title="Mug", external_id="M-1", product_type="mug")
    Listing.objects.create(side="exclude", category="Home > Kitchen > Mugs and cups of every kind")
    Pin.objects.create(product=mug, position=1)
    ComplementRule.objects.create(product=mug, complement=make_product(title="Saucer"), note="Always")
    return mug


def test_the_keyboard_pins_a_product_and_removes_it_again(
    strict_page: Page, live_server: LiveServer, mug: Product
) -> None:
    Pin.objects.all().delete()
    strict_page.goto(live_server.url + reverse("dashboard:recommendation_rules"))
    section = strict_page.locator("section", has=strict_page.get_by_role("heading", name="Pinned products"))
    section.get_by_text("Add one").focus()
    strict_page.keyboard.press("Enter")
    strict_page.keyboard.press("Tab")
    strict_page.keyboard.type("M-1")
    strict_page.keyboard.press("Enter")
    expect(strict_page.get_by_role("status")).to_contain_text("Saved.")
    assert Pin.objects.get().product == mug
    strict_page.get_by_role("button", name="Remove Mug (1)").press("Enter")
    expect(strict_page.get_by_role("status")).to_contain_text("Removed.")
    assert not Pin.objects.exists()


@pytest.mark.parametrize("language", ["en", "fa", "ar", "he", "ru"])
def test_the_page_fits_and_passes_axe_with_every_form_open(
    language: str, strict_page: Page, context: BrowserContext, live_server: LiveServer, mug: Product
) -> None:
    speak(context, live_server, language)
    strict_page.goto(live_server.url + reverse("dashboard:recommendation_rules"))
    strict_page.evaluate("document.querySelectorAll('details.data').forEach(d => d.open = true)")
    for width in WIDTHS:
        strict_page.set_viewport_size({"width": width, "height": 900})
        assert not strict_page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert find_violations(strict_page, "light") + find_violations(strict_page, "dark") == []
