"""Which mail clients lack something that an email is built on, by a dated table."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bs4 import BeautifulSoup

from campaigns.checking.findings import Problem
from campaigns.checking.reading import Mail, attribute

TABLE = Path(__file__).with_name("client_support.toml")


@dataclass(frozen=True)
class Feature:
    name: str
    where: str
    pattern: str
    lacking: tuple[str, ...]
    effect: str
    is_harmless: bool = False


@lru_cache(maxsize=1)
def read_features() -> tuple[Feature, ...]:
    """The table, in its order."""
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))["features"]
    return tuple(Feature(**{**row, "lacking": tuple(row["lacking"])}) for row in rows)


def check_clients(mail: Mail) -> Iterator[Problem]:
    """Each feature that matters and that some client lacks, once."""
    page = BeautifulSoup(mail.rendered.html, "html.parser")
    for feature in read_features():
        if feature.is_harmless or not (found := _find(feature, page)):
            continue
        what = f"{', '.join(feature.lacking)} {_lack(feature)} {feature.name}"
        yield Problem("clients", what, feature.effect, is_error=False, needles=(found,))


def _lack(feature: Feature) -> str:
    return "lacks" if len(feature.lacking) == 1 else "lack"


def _find(feature: Feature, page: BeautifulSoup) -> str:
    """Where the email uses it, in its own words; "" where it does not."""
    if feature.where == "element":
        return f"<{feature.pattern}" if page.find(feature.pattern) else ""
    if feature.where == "attribute":
        return feature.pattern if page.select_one(f"[{feature.pattern}]") else ""
    return next((found[0] for text in _texts(feature, page) if (found := _search(feature, text))), "")


def _search(feature: Feature, text: str) -> re.Match[str] | None:
    return re.search(feature.pattern, text, re.IGNORECASE)


def _texts(feature: Feature, page: BeautifulSoup) -> Iterator[str]:
    if feature.where == "picture":
        yield from (attribute(picture, "src") for picture in page.find_all("img"))
        return
    yield from (sheet.get_text() for sheet in page.find_all("style"))
    if feature.where == "property":
        yield from (attribute(tag, "style") for tag in page.find_all(style=True))
