"""The corpus in a real Chromium: compiled once or filled in first, every pixel is the same."""

import struct
import zlib
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.campaigns.corpus import CONTEXT, NAMES, language_of, read_mjml, write_compiled, write_plainly

PHONE, DESKTOP = 375, 600


def picture(width: int, height: int) -> bytes:
    """A PNG of one grey, so that pictures take their place without a network."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    rows = zlib.compress((b"\x00" + b"\x99" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


PICTURE = picture(120, 80)


def answer(route: Route) -> None:
    if route.request.resource_type == "image":
        route.fulfill(body=PICTURE, content_type="image/png")
    else:
        route.abort()


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(java_script_enabled=False)
    page.route("**/*", answer)
    yield page
    page.close()


def photograph(page: Page, html: str, width: int) -> bytes:
    page.set_viewport_size({"width": width, "height": 800})
    page.set_content(html, wait_until="load")
    return page.screenshot(full_page=True, animations="disabled")


def look_the_same(page: Page, ours: str, its: str, *, width: int) -> bool:
    """Up to three looks, because Chromium may take the first one before all is painted."""
    return any(photograph(page, ours, width) == photograph(page, its, width) for _ in range(3))


@pytest.mark.parametrize("name", NAMES)
def test_the_compiled_email_looks_like_the_one_that_mjml_makes(window: Page, name: str) -> None:
    source, language = read_mjml(name), language_of(name)
    ours = write_compiled(source, CONTEXT, language=language)
    its = write_plainly(source, CONTEXT, language=language, is_isolated=True)
    for width in (PHONE, DESKTOP):
        assert look_the_same(window, ours, its, width=width), f"{name} at {width}"
