"""Every email that comes with Pairwell, photographed and laid out on one sheet per language.

    python -m tests.contact_sheets --out DIR [--language fa …] [KEY …]

Each row of a sheet shows one template: at 640 and 375 pixels, at 375 in dark mode, and at 375 with images
off. The pictures of the products come from the sample shop; nothing is read over a network. It needs
Chromium, on the PATH or in PAIRWELL_CHROMIUM, and takes about a second for each template and language.
"""

import argparse
import base64
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Literal

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from playwright.sync_api import Browser, Page, Route, sync_playwright  # noqa: E402 (Django comes first)

from campaigns.email_checks import render_sample  # noqa: E402
from campaigns.email_files import EmailDirectory, list_directories, read_directory  # noqa: E402

PICTURES = Path(__file__).resolve().parent.parent / "demo" / "static" / "demo" / "products"
LANGUAGES = ("en", "fa", "ar", "he", "ru")
SCALE = 0.33
QUALITY = 40  # of the WebP: small enough for a repository, good enough to read headings and prices


@dataclass(frozen=True)
class View:
    """One way of looking at an email."""

    name: str
    width: int
    colours: Literal["light", "dark"] = "light"
    has_images: bool = True


VIEWS = (
    View("640", 640),
    View("375", 375),
    View("375, dark", 375, "dark"),
    View("375, images off", 375, has_images=False),
)


def photograph(page: Page, html: str, view: View) -> bytes:
    """The whole email as a PNG; its pictures are those of the sample shop, or none."""

    def answer(route: Route) -> None:
        picture = PICTURES / route.request.url.rsplit("/", 1)[-1]
        if view.has_images and route.request.resource_type == "image" and picture.is_file():
            route.fulfill(path=picture)
        else:
            route.abort()

    page.unroute_all()
    page.route("**/*", answer)
    page.emulate_media(color_scheme=view.colours)
    page.set_viewport_size({"width": view.width, "height": 400})
    page.set_content(html, wait_until="load")
    return page.screenshot(full_page=True, animations="disabled")


def photograph_all(page: Page, emails: Sequence[EmailDirectory], language: str) -> Iterator[str]:
    """For each email a row of HTML with its pictures in it."""
    for email in emails:
        html = render_sample(email, language, default_language="en").html
        shots = "".join(_figure(photograph(page, html, view), view) for view in VIEWS)
        yield f"<section><h2>{escape(email.name)}</h2><div>{shots}</div></section>"


def _figure(shot: bytes, view: View) -> str:
    source = base64.b64encode(shot).decode()
    width = round(view.width * SCALE)
    return f'<img alt="{view.name}" width="{width}" src="data:image/png;base64,{source}">'


_STYLE = """
body { margin: 0; padding: 16px; background: #d9d6cf; font: 14px sans-serif; width: max-content }
main { columns: 2; column-gap: 28px; width: 1222px }
section { break-inside: avoid; margin-bottom: 22px }
h2 { margin: 0 0 6px; font-size: 15px }
section div { display: flex; gap: 8px; align-items: start }
img { display: block }
"""


def make_sheet(browser: Browser, emails: Sequence[EmailDirectory], language: str) -> bytes:
    """The sheet of one language as WebP, which Playwright has no name for but Chromium has."""
    camera = browser.new_page(java_script_enabled=False)
    rows = "".join(photograph_all(camera, emails, language))
    camera.close()
    table = browser.new_page(viewport={"width": 1254, "height": 600})
    table.set_content(f"<style>{_STYLE}</style><main>{rows}</main>", wait_until="load")
    wanted = {"format": "webp", "quality": QUALITY, "captureBeyondViewport": True}
    sheet = table.context.new_cdp_session(table).send("Page.captureScreenshot", wanted)
    table.close()
    return base64.b64decode(sheet["data"])


def main() -> None:
    """Writes emails-<language>.webp for each language asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("keys", nargs="*", metavar="KEY", help="templates; all where none is named")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--language", action="append", metavar="TAG", help="may be repeated")
    options = parser.parse_args()
    emails = [
        read_directory(path) for path in list_directories() if path.name in (options.keys or [path.name])
    ]
    chromium = os.environ.get("PAIRWELL_CHROMIUM") or shutil.which("chromium")
    options.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for language in options.language or LANGUAGES:
            path = options.out / f"emails-{language}.webp"
            path.write_bytes(make_sheet(browser, emails, language))
            print(f"{path}: {len(emails)} templates, {path.stat().st_size / 1000:.0f} kB")
        browser.close()


if __name__ == "__main__":
    main()
