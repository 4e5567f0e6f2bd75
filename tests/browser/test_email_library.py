"""The emails of the library as a reader sees them: in light and in dark, on a phone, with images off."""

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page

from tests.campaigns.library import KEYS, render_email, render_poorest

AA = 4.5  # WCAG 2.2, 1.4.3: of text to what is behind it
LARGE = 3.0  # the same, for text of 24 pixels, or 18.66 and bold
TOUCH = 44  # pixels that a thumb needs, by WCAG 2.2, 2.5.5

# Each run of words: itself, and its contrast to the nearest colour behind it (WCAG 2.2, relative luminance).
_CONTRASTS = """() => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const channel = (value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  };
  const luminance = ([red, green, blue]) =>
    0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const words = walker.currentNode.textContent.trim();
    const style = getComputedStyle(element);
    if (!words || !element.checkVisibility() || element.closest('[aria-hidden]')) continue;
    const both = [luminance(parse(style.color)), luminance(behind(element))].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    found.push({words, contrast: (both[0] + 0.05) / (both[1] + 0.05), isLarge});
  }
  return found;
}"""

# Links that stand on a line of their own or look like buttons, with the size that answers to a touch.
_TARGETS = """() => [...document.querySelectorAll('a')]
  .filter((link) => ['inline-block', 'block'].includes(getComputedStyle(link).display))
  .filter((link) => !link.querySelector('img'))
  .map((link) => ({words: link.textContent.trim(), height: link.getBoundingClientRect().height}))"""

_OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def phone(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 375, "height": 800})
    page.route("**/*", lambda route: route.abort())
    yield page
    page.close()


def look(page: Page, script: str, html: str) -> Any:
    page.set_content(html, wait_until="load")
    return page.evaluate(script)


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("key", KEYS)
def test_all_words_can_be_read_in_light_and_in_dark(
    phone: Page, key: str, colours: Literal["light", "dark"]
) -> None:
    phone.emulate_media(color_scheme=colours)
    found = look(phone, _CONTRASTS, render_email(key).html)
    assert len(found) >= 8
    faint = [one for one in found if one["contrast"] < (LARGE if one["isLarge"] else AA)]
    assert faint == []


def test_words_that_are_too_faint_are_told(phone: Page) -> None:
    phone.emulate_media(color_scheme="light")
    html = '<body style="background:#ffffff"><p style="color:#8a8a8a">faint</p><p>plain</p></body>'
    assert [round(one["contrast"], 1) for one in look(phone, _CONTRASTS, html)] == [3.5, 21]


@pytest.mark.parametrize("key", KEYS)
def test_a_thumb_finds_every_button_and_link(phone: Page, key: str) -> None:
    found = look(phone, _TARGETS, render_email(key).html)
    assert [one for one in found if one["height"] < TOUCH - 0.5] == []
    assert found


@pytest.mark.parametrize("language", ["en", "fa"])
@pytest.mark.parametrize("key", KEYS)
def test_nothing_hangs_over_the_edge_of_a_phone(phone: Page, key: str, language: str) -> None:
    for html in (render_email(key, language).html, render_poorest(key, language).html):
        assert look(phone, _OVERFLOW, html) == 0
