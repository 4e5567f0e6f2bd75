"""A small scanner for MJML and the HTML inside it: exact offsets, nothing decoded, Jinja left alone."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from campaigns.compiling.source import Source
from campaigns.compiling.tags import Tag

# Their content is HTML, which MJML copies as it stands.
ENDING_TAGS = frozenset(
    {
        "mj-text",
        "mj-button",
        "mj-table",
        "mj-raw",
        "mj-navbar-link",
        "mj-social-element",
        "mj-accordion-title",
        "mj-accordion-text",
    }
)
STRUCTURE_TAGS = frozenset(["mj-body", "mj-wrapper", "mj-section", "mj-group", "mj-column", "mj-hero"])
VOID_TAGS = frozenset(["area", "br", "col", "hr", "img", "meta", "source", "track", "wbr"])

_CONSTRUCT = re.compile(
    r"(?P<marker><!--\[if[^\]]*\]><!-->|<!--<!\[endif\]-->)"
    r"|(?P<conditional><!--\[if.*?<!\[endif\]-->)"
    r"|<(?P<slash>/?)(?P<name>[a-zA-Z][\w:.-]*)(?P<inner>(?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>"
    r"|(?P<stray><)",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"([^\s=/\"'<>]+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'=<>`]+))?")
# Jinja is passed over first: what looks like a comment inside one of its strings is none.
_COMMENT = re.compile(
    r"\{\{(?:[^\"'}]|\"[^\"]*\"|'[^']*'|\}(?!\}))*\}\}|\{%.*?%\}|\{#.*?#\}"
    r"|(?P<comment><!--(?!\[if\b|<!\[endif\]|>).*?-->)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Attribute:
    """`start` and `end` enclose the value without its quotes."""

    name: str
    start: int
    end: int
    is_quoted: bool


@dataclass(frozen=True, slots=True)
class Construct:
    kind: Literal["open", "empty", "close", "conditional"]
    name: str
    start: int
    end: int
    attributes: tuple[Attribute, ...] = ()

    def value(self, source: Source, name: str) -> str | None:
        """The attribute's text as it is written, or None."""
        for attribute in self.attributes:
            if attribute.name == name:
                return source.text[attribute.start : attribute.end]
        return None


def strip_comments(source: Source) -> Source:
    """Without the author's comments: Jinja inside them would run, and what it wrote would be mailed."""
    found = (match for match in _COMMENT.finditer(source.text) if match["comment"])
    return source.rewrite((match.start(), match.end(), "") for match in found)


def scan(source: Source, tags: Sequence[Tag]) -> Iterator[Construct]:
    """Every tag and conditional comment in order. Raises CompileError at a stray "<"."""
    shadow = cover(source.text, tags, "\x00")
    for match in _CONSTRUCT.finditer(shadow):
        if match["stray"]:
            raise source.error(
                match.start(), "this “<” opens no complete tag", "close the tag, or write &lt;"
            )
        if match["conditional"]:
            yield Construct("conditional", "", match.start(), match.end())
        elif match["name"]:
            yield _element(match)


def cover(text: str, tags: Sequence[Tag], blot: str) -> str:
    """The text with every Jinja tag blotted out, so that its quotes and brackets are not read as markup."""
    parts: list[str] = []
    position = 0
    for tag in tags:
        parts += [text[position : tag.start], blot * (tag.end - tag.start)]
        position = tag.end
    return "".join([*parts, text[position:]])


def _element(match: re.Match[str]) -> Construct:
    name, inner = match["name"].lower(), match["inner"]
    if match["slash"]:
        return Construct("close", name, match.start(), match.end())
    is_empty = inner.rstrip().endswith("/") or name in VOID_TAGS
    attributes = tuple(_attributes(inner, match.start("inner")))
    return Construct("empty" if is_empty else "open", name, match.start(), match.end(), attributes)


def _attributes(inner: str, offset: int) -> Iterator[Attribute]:
    for match in _ATTRIBUTE.finditer(inner):
        value = match[2] or ""
        quote = 1 if value[:1] in ("'", '"') else 0
        start = offset + (match.start(2) if match[2] else match.end())
        yield Attribute(match[1].lower(), start + quote, start + len(value) - quote, bool(quote))
