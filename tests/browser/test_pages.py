"""Every page, left to right and right to left, on a desk and on a phone."""

import pytest
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from tests.dashboard.rows import SmallShop
from tests.dashboard.test_pages import PAGES, address

WIDTHS = (1440, 390)


def speak(context: BrowserContext, server: LiveServer, language: str) -> None:
    context.add_cookies([{"name": "django_language", "value": language, "url": server.url}])


@pytest.mark.parametrize("language", ["en", "fa"])
def test_no_page_overflows_or_reads_the_wrong_way(
    language: str,
    strict_page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    small_shop: SmallShop,
) -> None:
    speak(context, live_server, language)
    wrong = []
    for name in PAGES:
        strict_page.goto(live_server.url + address(name, small_shop))
        for width in WIDTHS:
            strict_page.set_viewport_size({"width": width, "height": 900})
            if strict_page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wrong.append(f"{name} overflows at {width}")
        if strict_page.evaluate("getComputedStyle(document.body).direction") != _direction(language):
            wrong.append(f"{name} reads the wrong way")
    assert wrong == []


@pytest.mark.parametrize("language", ["ar", "he"])
def test_the_navigation_stands_where_reading_begins(
    language: str,
    strict_page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    small_shop: SmallShop,
) -> None:
    speak(context, live_server, language)
    strict_page.set_viewport_size({"width": 1440, "height": 900})
    strict_page.goto(live_server.url)
    box = strict_page.locator(".side").bounding_box()
    assert box is not None
    assert box["x"] > 720


def _direction(language: str) -> str:
    return "rtl" if language == "fa" else "ltr"
