"""A rendered email as a mail client sees it: its style sheets applied, in light and in dark."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from bs4 import BeautifulSoup, Tag
from bs4.element import PreformattedString
from css_inline import CSSInliner

from campaigns.languages import Direction, direction_of
from campaigns.rendering import RenderedEmail

_DARK = re.compile(r"@media\s*\(\s*prefers-color-scheme\s*:\s*dark\s*\)\s*\{")
_WHITE = re.compile(r"\s+")
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all")
_UNSEEN = frozenset({"head", "style", "title", "script"})


@dataclass(frozen=True)
class Mail:
    """A rendered email, and what its template says about it.

    `unsubscribe` is the address by which its reader leaves; `must_offer_leaving` whether there has to be one.
    """

    rendered: RenderedEmail
    is_marketing: bool
    must_offer_leaving: bool
    unsubscribe: str = ""
    bytes_sent: int = 0  # of HTML, with every link rewritten

    @property
    def language(self) -> str:
        return self.rendered.language

    @property
    def direction(self) -> Direction:
        return direction_of(self.language)

    @cached_property
    def light(self) -> BeautifulSoup:
        return read_page(self.rendered.html)

    @cached_property
    def dark(self) -> BeautifulSoup | None:
        """As clients that know `prefers-color-scheme` show it at night; None where that changes nothing."""
        rules = "\n".join(find_dark_rules(self.rendered.html))
        return read_page(self.rendered.html, more=rules) if rules else None


def read_page(html: str, *, more: str = "") -> BeautifulSoup:
    """The page with its style sheets written into its elements, `more` after all others.

    Nothing is fetched.
    """
    sheet = f"<style>{more}</style></head>"
    inliner = CSSInliner(load_remote_stylesheets=False, keep_style_tags=True)
    return BeautifulSoup(inliner.inline(html.replace("</head>", sheet, 1) if more else html), "html.parser")


def find_dark_rules(html: str) -> Iterator[str]:
    """What stands inside `@media (prefers-color-scheme: dark)`."""
    for match in _DARK.finditer(html):
        depth, end = 1, match.end()
        while depth and end < len(html):
            depth += {"{": 1, "}": -1}.get(html[end], 0)
            end += 1
        yield html[match.end() : end - 1]


def read_style(tag: Tag) -> dict[str, str]:
    """The declarations of the element itself, without `!important`."""
    pairs = (part.partition(":") for part in attribute(tag, "style").split(";"))
    return {
        name.strip().lower(): value.replace("!important", "").strip() for name, _, value in pairs if value
    }


def attribute(tag: Tag, name: str) -> str:
    value = tag.get(name)
    return value if isinstance(value, str) else ""


def lineage(tag: Tag) -> list[Tag]:
    """The element and all that it is in, from the inside out."""
    return [tag, *tag.parents]


def is_seen(tag: Tag) -> bool:
    """Whether the element is neither hidden nor inside of anything that is."""
    inside = lineage(tag)
    return not any(one.name in _UNSEEN or _HIDDEN.search(attribute(one, "style")) for one in inside)


def find_words(page: BeautifulSoup) -> Iterator[tuple[str, Tag]]:
    """Each run of words that a reader sees, with the element it stands in."""
    for piece in page.find_all(string=True):
        words = _WHITE.sub(" ", str(piece)).strip()
        is_words = not isinstance(piece, PreformattedString)  # no comment, no doctype
        if words and is_words and piece.parent is not None and is_seen(piece.parent):
            yield words, piece.parent


def is_isolated(tag: Tag) -> bool:
    """Whether what it holds keeps to itself in a text of the other direction."""
    return any(
        one.name == "bdi" or (attribute(one, "dir") == "ltr" and one.name in ("span", "bdo", "a"))
        for one in lineage(tag)
    )
