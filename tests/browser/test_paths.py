"""What people do with the dashboard, with a keyboard and with a pointer."""

from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from campaigns.models import Campaign
from tests.dashboard.sent import SmallShop


def tab_to(page: Page, text: str, *, most: int = 40) -> None:
    """Presses Tab until the focus is on a link or a button that reads `text`."""
    page.wait_for_load_state()
    for _ in range(most):
        page.keyboard.press("Tab")
        if text in page.evaluate("document.querySelector('a:focus, button:focus')?.innerText ?? ''"):
            return
    raise AssertionError(f"The keyboard never reached {text!r}")


def test_the_keyboard_leads_from_the_login_to_a_message(
    browser: Browser, live_server: LiveServer, marketer: User, small_shop: SmallShop
) -> None:
    page = browser.new_page()
    page.goto(live_server.url)
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.type("marketer")
    page.keyboard.press("Tab")
    page.keyboard.type("a long enough password")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Overview")
    tab_to(page, "Messages")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Messages")
    tab_to(page, "Your order, and what goes with it")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Your order, and what goes with it")
    page.close()


def test_messages_are_found_while_typing(
    strict_page: Page, live_server: LiveServer, small_shop: SmallShop
) -> None:
    strict_page.goto(live_server.url + reverse("dashboard:messages"))
    strict_page.get_by_label("Search").press_sequentially("O-502")
    expect(strict_page.locator(".list tbody tr")).to_have_count(1)
    expect(strict_page).to_have_url(live_server.url + "/messages/")
    strict_page.get_by_label("Outcome").select_option("accepted")
    expect(strict_page).to_have_url(live_server.url + "/messages/?status=accepted")


def test_a_customer_is_found_by_an_address_that_stands_in_no_url(
    strict_page: Page, live_server: LiveServer, small_shop: SmallShop
) -> None:
    asked: list[str] = []
    strict_page.on("request", lambda request: asked.append(request.url))
    strict_page.goto(live_server.url + reverse("dashboard:customers"))
    strict_page.get_by_label("Search").press_sequentially("buyer0@mail.example")
    expect(strict_page.locator(".list tbody tr")).to_have_count(1)
    strict_page.get_by_label("Search").press("Enter")
    strict_page.get_by_role("link", name="Olivia Bennett").click()
    expect(strict_page.locator("h1")).to_contain_text("Olivia Bennett")
    assert len(asked) > 3
    assert not [url for url in asked if "buyer" in url or "%40" in url]


def test_an_email_is_shown_in_a_frame_as_wide_as_a_phone(
    strict_page: Page, live_server: LiveServer, small_shop: SmallShop
) -> None:
    message = small_shop.messages["cart en"]
    strict_page.set_viewport_size({"width": 1440, "height": 900})
    strict_page.goto(live_server.url + reverse("dashboard:message", args=[message.pk]))
    expect(strict_page.frame_locator("iframe").get_by_text("Hello Olivia")).to_be_visible()
    strict_page.get_by_text("Phone").click()
    box = strict_page.locator("iframe").bounding_box()
    assert box is not None
    assert round(box["width"]) == 390


def test_pausing_a_campaign_asks_first(
    strict_page: Page, live_server: LiveServer, small_shop: SmallShop
) -> None:
    strict_page.goto(live_server.url + reverse("dashboard:campaign", args=["abandoned-cart"]))
    strict_page.locator("summary", has_text="Pause").click()
    strict_page.get_by_role("button", name="Yes, pause it").click()
    expect(strict_page.get_by_role("status")).to_have_text("“Abandoned cart” is paused.")
    assert Campaign.objects.get(key="abandoned-cart").status == Campaign.Status.PAUSED


def test_the_language_is_switched_where_one_is(
    strict_page: Page, live_server: LiveServer, small_shop: SmallShop
) -> None:
    strict_page.goto(live_server.url + reverse("dashboard:customers"))
    strict_page.locator(".languages summary").click()
    strict_page.get_by_role("button", name="עברית").click()
    expect(strict_page.locator("h1")).to_have_text("לקוחות")
    expect(strict_page.locator("html")).to_have_attribute("dir", "rtl")
