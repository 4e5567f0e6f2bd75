"""The preview in a real Chromium: shut off from the dashboard, and really another look for each switch."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from campaigns.email_files import read_directory, templates_root
from campaigns.templates_store import publish_directory
from tests.browser.test_email_pixels import answer
from tests.dashboard.sent import SmallShop

KEY = "order_confirmation"
SCRIPT = "<script>document.title='ran';top.location='/'</script>"
EVIL = f"<html><head></head><body><p>Hello</p>{SCRIPT}</body></html>"


@pytest.fixture
def preview(context: BrowserContext, live_server: LiveServer, small_shop: SmallShop) -> Iterator[Page]:
    """The page of a template with pictures and a dark design; pictures come from nowhere but here."""
    publish_directory(read_directory(templates_root() / KEY), datetime(2026, 11, 22, tzinfo=UTC))
    context.route(re.compile("^https://"), answer)
    page = context.new_page()
    page.set_viewport_size({"width": 1440, "height": 1000})
    page.goto(live_server.url + reverse("dashboard:template", args=[KEY]))
    yield page
    page.close()


def switch(page: Page, look: str) -> bytes:
    """Another look by the keyboard alone, and a picture of the frame then."""
    with page.expect_response(lambda response: f"look={look}" in response.url and "/mail/" in response.url):
        page.locator(f"input[type=radio][name=look][value={look}]").check(force=True)
    page.wait_for_load_state("networkidle")
    expect(page.frame_locator("iframe").locator("body")).to_be_visible()
    return page.locator("iframe").screenshot()


def test_each_look_is_another_picture(preview: Page) -> None:
    pictures = [switch(preview, look) for look in ("dark", "forced", "bare", "light")]
    assert len(set(pictures)) == 4


def test_the_phone_is_375_pixels_wide_and_the_desktop_640(preview: Page) -> None:
    assert preview.locator("iframe").evaluate("frame => frame.offsetWidth") == 640
    preview.get_by_text("Phone").click()
    expect(preview.locator(".mail--phone iframe")).to_be_visible()
    assert preview.locator("iframe").evaluate("frame => frame.offsetWidth") == 375
    assert "width=phone" in preview.url


def test_the_keyboard_reaches_every_switch(preview: Page) -> None:
    preview.locator("input[type=radio][name=look][value=light]").focus()
    preview.keyboard.press("ArrowRight")
    expect(preview.locator("iframe")).to_have_attribute("src", re.compile("look=dark"))


def test_plain_text_and_another_language_come_without_loading_the_page(preview: Page) -> None:
    preview.evaluate("window.marked = true")
    preview.get_by_label("Language").first.select_option("fa")
    expect(preview.frame_locator("iframe").locator("html[dir=rtl]")).to_be_visible()
    preview.get_by_text("Plain text").click()
    expect(preview.locator("pre.plain")).to_be_visible()
    assert preview.evaluate("window.marked")


def test_a_script_in_an_email_does_not_run(
    preview: Page, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.views.templates.dress", lambda html, look: EVIL)
    preview.reload()
    expect(preview.frame_locator("iframe").get_by_text("Hello")).to_be_visible()
    frame = next(one for one in preview.frames if "/mail/" in one.url)
    assert frame.title() == ""
    assert preview.url.startswith(live_server.url + reverse("dashboard:template", args=[KEY]))
    alone = preview.context.new_page()
    alone.goto(frame.url)
    assert alone.title() == ""


@pytest.mark.parametrize("language", ["en", "fa", "ar", "he", "ru"])
def test_the_page_fits_in_every_language(
    preview: Page, context: BrowserContext, live_server: LiveServer, language: str
) -> None:
    context.add_cookies([{"name": "django_language", "value": language, "url": live_server.url}])
    preview.reload()
    expect(preview.locator("html")).to_have_attribute("lang", language)
    for width in (1440, 390):
        preview.set_viewport_size({"width": width, "height": 900})
        assert not preview.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_a_customer_is_found_and_chosen(preview: Page) -> None:
    preview.get_by_label("With the data of a customer").press_sequentially("Olivia")
    preview.get_by_role("link", name="Olivia Bennett").click()
    expect(preview.get_by_text("Use the sample instead")).to_be_visible()
    assert "customer=" in preview.url
