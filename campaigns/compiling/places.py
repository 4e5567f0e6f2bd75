"""How an expression is written where it stands: escaping is a matter of place, not of memory."""

import json
import re
from collections.abc import Iterator, Sequence
from html import unescape

from campaigns.compiling.addresses import LINK, WEB
from campaigns.compiling.markup import Attribute
from campaigns.compiling.source import Source
from campaigns.compiling.tags import Tag

LINKS = frozenset({"href"})
IMAGES = frozenset({"src"})
CSS_IMAGES = frozenset({"background", "background-url"})
COLOURS = frozenset(
    ["color", "background-color", "bgcolor", "inner-background-color", "container-background-color"]
)
WORDS = frozenset(["alt", "title", "aria-label", "lang", "dir"])


def text_code(tag: Tag) -> tuple[str, str]:
    """(HTML, plain text) for an expression in running text.

    `<bdi>` keeps an English product title or a price in one piece inside a Persian sentence.
    """
    return f"<bdi>{{{{ {tag.code} }}}}</bdi>", f"{{{{ {tag.code} }}}}"


def attribute_code(source: Source, attribute: Attribute, tags: Sequence[Tag]) -> tuple[str, str] | None:
    """(HTML, plain text) for an attribute's value, or None where it may stay as it is written.

    Raises CompileError for Jinja in a place that decides the layout, and for links that are none.
    """
    _refuse_bad_attributes(source, attribute, tags)
    name = attribute.name
    if name in LINKS:
        code = f"{{{{ _link({_address(source, attribute, tags, LINK)}) }}}}"
        return code, code
    if name in IMAGES | CSS_IMAGES:
        filter_name = "image_url" if name in IMAGES else "css_url"
        return f"{{{{ ({_address(source, attribute, tags, WEB)})|{filter_name} }}}}", ""
    raw = source.text[attribute.start : attribute.end]
    if not tags and "&" not in raw and '"' not in raw:
        return None
    template = "".join(_with_filters(name, source, attribute, tags))
    return template, template


def _refuse_bad_attributes(source: Source, attribute: Attribute, tags: Sequence[Tag]) -> None:
    name = attribute.name
    if name.startswith("on"):
        raise source.error(attribute.start, f"“{name}” is a script", "emails can't run scripts; remove it")
    for tag in tags:
        if tag.kind == "statement":
            raise source.error(
                tag.start, f"“{tag.keyword}” inside the attribute {name}",
                "choose inside one expression: {{ a if b else c }}",
            )  # fmt: skip
    known = LINKS | IMAGES | CSS_IMAGES | COLOURS | WORDS | {"style"}
    if tags and name not in known and not name.startswith(("data-", "aria-")):
        raise source.error(
            tags[0].start, f"the attribute {name} can't change from email to email",
            "MJML lays the email out before anyone's data is there; choose the value with [% if %]",
        )  # fmt: skip
    if tags and not attribute.is_quoted:
        raise source.error(tags[0].start, f"the attribute {name} has no quotes", f'write {name}="…"')


def _pieces(source: Source, attribute: Attribute, tags: Sequence[Tag]) -> Iterator[tuple[bool, str]]:
    """(is code, text) in order, without empty literals."""
    position = attribute.start
    for tag in tags:
        yield False, source.text[position : tag.start]
        yield True, tag.code
        position = tag.end
    yield False, source.text[position : attribute.end]


def _address(source: Source, attribute: Attribute, tags: Sequence[Tag], wanted: re.Pattern[str]) -> str:
    """One Jinja expression for the whole address; what follows its beginning is percent-encoded."""
    literal = unescape(source.text[attribute.start : attribute.end]).strip()
    if not tags and not wanted.match(literal):
        raise source.error(
            attribute.start, f"“{literal}” is no address that an email can use",
            "start it with https:// (a link may also start with mailto: or tel:)",
        )  # fmt: skip
    parts: list[str] = []
    for is_code, text in _pieces(source, attribute, tags):
        if is_code:
            whole = not parts or parts[0][1:].lower().startswith(("mailto:", "tel:"))
            parts.append(f"({text})" if whole else f"({text})|url_part")
        elif text.strip():
            parts.append(json.dumps(unescape(text.strip()), ensure_ascii=False))
    return " ~ ".join(parts)


def _with_filters(name: str, source: Source, attribute: Attribute, tags: Sequence[Tag]) -> Iterator[str]:
    filter_name = "|css_color" if name in COLOURS else "|css_value" if name == "style" else ""
    for is_code, text in _pieces(source, attribute, tags):
        if is_code:
            yield f"{{{{ ({text}){filter_name} }}}}" if filter_name else f"{{{{ {text} }}}}"
        else:
            yield text.replace('"', "&#34;")
