"""How an expression is written where it stands: escaping is a matter of place, not of memory."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape

from campaigns.compiling.addresses import LINK, WEB
from campaigns.compiling.markup import Attribute
from campaigns.compiling.source import Source
from campaigns.compiling.tags import Tag

LINKS = frozenset({"href"})
IMAGES = frozenset({"src", "thumbnails-src"})
CSS_IMAGES = frozenset({"background", "background-url"})
COLOURS = frozenset(
    ["color", "background-color", "bgcolor", "inner-background-color", "container-background-color"]
)
_ANCHOR = re.compile(r"#[\w-]+")
_HOST = re.compile(r"\"https?://[^/?#]+/", re.IGNORECASE)
_SCHEME = re.compile(r"[\x00-\x20]*[a-z][a-z0-9+.\x00-\x20-]*:", re.IGNORECASE)
WORDS = frozenset(["alt", "title", "aria-label", "lang", "dir"])


def text_code(tag: Tag) -> tuple[str, str]:
    """(HTML, plain text) for an expression in running text.

    `<bdi>` keeps an English product title or a price in one piece inside a Persian sentence.
    """
    return f"<bdi>{{{{ {tag.code} }}}}</bdi>", f"{{{{ {tag.code} }}}}"


@dataclass(frozen=True, slots=True)
class Setting:
    """What an address needs to know of its surroundings.

    `base` precedes the links of a menu; a `shared` link is one that the reader passes on to others; a
    `foreign` file may hold addresses that lead nowhere.
    """

    base: str = ""
    is_shared: bool = False
    is_foreign: bool = False


def attribute_code(
    source: Source, attribute: Attribute, tags: Sequence[Tag], setting: Setting
) -> tuple[str, str] | None:
    """(HTML, plain text) for an attribute's value, or None where it may stay as it is written.

    Raises CompileError for Jinja in a place that decides the layout, and for links that are none.
    """
    refuse_bad_attributes(source, attribute, tags)
    name = attribute.name
    raw = source.text[attribute.start : attribute.end]
    if name in LINKS | IMAGES | CSS_IMAGES:
        literal = unescape(setting.base + raw).strip()
        if not tags and not _is_address(literal, LINK if name in LINKS else WEB):
            _refuse_bad_address(source, attribute, literal, setting)
            return None
        address = _address(source, attribute, tags, setting.base)
        if name not in LINKS:
            return f"{{{{ ({address})|{'image_url' if name in IMAGES else 'css_url'} }}}}", ""
        # Whoever gets a link passed on is not the one whom this email was sent to: nothing tells the two.
        code = (
            f"{{{{ ({address})|safe_url|url_part }}}}" if setting.is_shared else f"{{{{ _link({address}) }}}}"
        )
        return code, code
    if not tags and "&" not in raw and '"' not in raw:
        return None
    template = "".join(_with_filters(name, source, attribute, tags))
    return template, template


def refuse_bad_attributes(source: Source, attribute: Attribute, tags: Sequence[Tag]) -> None:
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


def _is_address(literal: str, wanted: re.Pattern[str]) -> bool:
    return wanted.match(literal) is not None


def _refuse_bad_address(source: Source, attribute: Attribute, literal: str, setting: Setting) -> None:
    """A place on the same page is fine anywhere, an address that leads nowhere in foreign files only."""
    is_anchor = _ANCHOR.fullmatch(literal) is not None
    if not is_anchor and not (setting.is_foreign and not _SCHEME.match(literal)):
        raise source.error(
            attribute.start, f"“{literal}” is no address that an email can use",
            "start it with https:// (a link may also start with mailto: or tel:)",
        )  # fmt: skip


def _address(source: Source, attribute: Attribute, tags: Sequence[Tag], base: str) -> str:
    """One Jinja expression for the whole address; what follows its beginning is percent-encoded."""
    parts: list[str] = [json.dumps(unescape(base.strip()), ensure_ascii=False)] if base.strip() else []
    for is_code, text in _pieces(source, attribute, tags):
        if is_code:
            names_someone = bool(parts) and parts[0][1:].lower().startswith(("mailto:", "tel:"))
            place_filter = "|recipient_part" if names_someone else _part_filter(parts) if parts else ""
            parts.append(f"({text}){place_filter}")
        elif text.strip():
            parts.append(json.dumps(unescape(text.strip()), ensure_ascii=False))
    return " ~ ".join(parts)


def _part_filter(parts: Sequence[str]) -> str:
    """In a path a value may be several steps of it; behind a question mark it is one word."""
    before = "".join(parts)
    is_path = parts[0].startswith("(") or _HOST.match(parts[0]) is not None
    return "|url_path" if is_path and not re.search(r"[?#]", before) else "|url_part"


def _with_filters(name: str, source: Source, attribute: Attribute, tags: Sequence[Tag]) -> Iterator[str]:
    filter_name = "|css_color" if name in COLOURS else ""
    for is_code, text in _pieces(source, attribute, tags):
        if is_code:
            yield f"{{{{ ({text}){filter_name} }}}}" if filter_name else f"{{{{ {text} }}}}"
        else:
            yield text.replace('"', "&#34;")
