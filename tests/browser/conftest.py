"""A real Chromium on a live server. Where there is none, these tests are skipped and say so."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from tests.dashboard.people import make_marketer
from tests.dashboard.rows import fill_small_shop
from tests.dashboard.sent import SmallShop

CHROMIUM = os.environ.get("PAIRWELL_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks everything in this folder, and skips it where no Chromium is installed."""
    reason = "no Chromium: install it, or name it in PAIRWELL_CHROMIUM"
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return browser_type_launch_args | {"executable_path": CHROMIUM, "args": _FLAGS}


@pytest.fixture(scope="session", autouse=True)
def _allow_async_unsafe() -> Iterator[None]:
    """Playwright's own event loop runs in this thread, and Django would refuse to touch the database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture
def small_shop(transactional_db: None) -> SmallShop:
    return fill_small_shop()


@pytest.fixture
def marketer(transactional_db: None) -> User:
    return make_marketer()


@pytest.fixture
def context(browser: Browser, live_server: LiveServer, marketer: User) -> Iterator[BrowserContext]:
    """A browser that is logged in; the login form itself has a test of its own."""
    client = Client()
    client.force_login(marketer)
    context = browser.new_context()
    context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
    yield context
    context.close()


@pytest.fixture
def strict_page(context: BrowserContext, live_server: LiveServer) -> Iterator[Page]:
    """A page that fails the test for a script error, a console error, or a request that leaves the server."""
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(f"script error: {error}"))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("request", lambda request: complaints.append(request.url) if _leaves(request.url) else None)

    def _leaves(url: str) -> bool:
        return not url.startswith((live_server.url, "data:", "about:"))

    yield page
    assert complaints == []
