"""Every Jinja tag becomes a plain ASCII word or comment, so that MJML can't drop, move or decode it."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from campaigns.compiling.engine import SHARING
from campaigns.compiling.markup import ENDING_TAGS, STRUCTURE_TAGS, Attribute, Construct, scan
from campaigns.compiling.places import (
    CSS_IMAGES,
    IMAGES,
    LINKS,
    Setting,
    attribute_code,
    refuse_bad_attributes,
    text_code,
)
from campaigns.compiling.source import Mistakes, Source
from campaigns.compiling.tags import Tag
from campaigns.compiling.tokens import Masked, Token

REFUSED_TAGS = {
    "mj-include": 'write [% include "_partials/name.mjml" %] alone on its line',
    "mj-title": "the title is the text “subject”",
    "mj-preview": "the preheader is the text “preheader”",
    **dict.fromkeys(
        ("script", "iframe", "object", "embed", "form", "input", "base"),
        "mail clients remove it; leave it out",
    ),
}
# Browsers read these as something else than HTML, so that escaping would not hold there.
RAW_TAGS = frozenset(["style", "title", "textarea", "xmp", "noscript", "noembed", "svg", "math", "template"])
_INLINE = ("mj-style", "inline")
_CLOSES = {"elif": ("if",), "else": ("if", "for"), "endif": ("if",), "endfor": ("for",)}


@dataclass
class _Opened:
    """An element, or a Jinja block, that waits for its end."""

    name: str
    start: int
    parent: "_Opened | None" = None
    base: str = ""  # of a menu: what its links start with
    has_gap: bool = False  # of a wrapper whose first section differs from the others
    end: int = 0  # of its start tag
    children: set[str] = field(default_factory=set)
    free_columns: list[int] = field(default_factory=list)  # where columns without a width stand
    chancy: str = ""  # the block under which a column of this section is


@dataclass
class Masking:
    """Reads a source once: `read`, then `result`."""

    source: Source
    tags: Sequence[Tag]
    is_foreign: bool = False
    inlines: bool = False  # whether there is a style sheet to inline
    mistakes: Mistakes = field(default_factory=Mistakes)
    elements: list[_Opened] = field(default_factory=list)
    blocks: list[_Opened] = field(default_factory=list)
    replacements: list[tuple[int, int, str]] = field(default_factory=list)
    tokens: dict[str, Token] = field(default_factory=dict)

    @cached_property
    def prefix(self) -> str:
        return f"q{hashlib.sha256(self.source.text.encode()).hexdigest()[:6]}z"

    def read(self) -> None:
        """Raises CompileError for Jinja where no email can carry it, and for all that MJML would lose."""
        with self.mistakes.collect():
            self.read_constructs()
        self.mistakes.refuse()

    def result(self) -> Masked:
        """The source with tokens for Jinja."""
        return Masked(self.source.rewrite(self.replacements), self.tokens)

    def read_constructs(self) -> None:
        position = 0
        free = list(self.tags)
        for construct in scan(self.source, self.tags):
            while free and free[0].start < construct.start:
                self.take_tag(free.pop(0))
            inside = list(_pop_until(free, construct.end))
            self.refuse_loose_text(position, construct.start)
            self.take_construct(construct, inside)
            position = construct.end
        for tag in free:
            self.take_tag(tag)
        self.refuse_unclosed()

    @property
    def top(self) -> _Opened | None:
        return self.elements[-1] if self.elements else None

    def names(self) -> set[str]:
        return {element.name for element in self.elements}

    def add_token(self, html: str, plain: str, *, is_statement: bool = False) -> str:
        word = f"{self.prefix}{len(self.tokens):04}e"
        self.tokens[word] = Token(word, is_statement, html, plain)
        return word

    # Jinja tags in running text and between elements

    def take_tag(self, tag: Tag) -> None:
        if tag.kind == "comment":
            self.replacements.append((tag.start, tag.end, ""))
        elif self.names() & ENDING_TAGS and "mj-head" not in self.names():
            self.mask_in_text(tag)
        else:
            self.mask_between_elements(tag)

    def mask_in_text(self, tag: Tag) -> None:
        if raw := self.names() & RAW_TAGS:
            with self.mistakes.collect():
                self.refuse_tags(
                    [tag], f"inside <{min(raw)}>", "write it into the text, or choose with [% if %]"
                )
            return
        if tag.kind == "expression":
            html, plain = text_code(tag)
            word = self.add_token(plain if "bdi" in self.names() else html, plain)
        else:
            word = f"<!--{self.add_statement(tag)}-->"
        self.replacements.append((tag.start, tag.end, word))

    def mask_between_elements(self, tag: Tag) -> None:
        parent = self.top.name if self.top else "the file"
        with self.mistakes.collect():
            self.refuse_misplaced(tag, parent)
        if tag.kind == "expression":
            return
        self.replacements.append((tag.start, tag.end, f"<mj-raw><!--{self.add_statement(tag)}--></mj-raw>"))

    def refuse_misplaced(self, tag: Tag, parent: str) -> None:
        if tag.kind == "expression":
            raise self.source.error(
                tag.start, f"an expression directly in {parent} would be lost", "put it into mj-text"
            )
        if parent not in STRUCTURE_TAGS:
            raise self.source.error(
                tag.start, f"“{tag.keyword}” can't stand directly in {parent}",
                "put it inside mj-body, around whole elements, or inside mj-text or mj-table",
            )  # fmt: skip
        if self.top and self.top.has_gap:
            raise self.source.error(
                tag.start, f"“{tag.keyword}” before the first section of an mj-wrapper with a gap",
                "MJML gives the gap to all but the first; leave it out and give the sections a padding",
            )  # fmt: skip

    def add_statement(self, tag: Tag) -> str:
        code = f"{{% {tag.code} %}}"
        if tag.keyword in ("if", "for"):
            self.blocks.append(_Opened(tag.keyword, tag.start, self.top))
        elif tag.keyword in _CLOSES:
            self.close_block(tag)
        return self.add_token(code, code, is_statement=True)

    def close_block(self, tag: Tag) -> None:
        if not self.blocks or self.blocks[-1].name not in _CLOSES[tag.keyword]:
            raise self.source.error(
                tag.start, f"“{tag.keyword}” closes nothing here", "remove it, or open its block"
            )
        block = self.blocks[-1]
        if block.parent is not self.top:
            inside = block.parent.name if block.parent else "the file"
            raise self.source.error(
                tag.start, f"“{tag.keyword}” and its “{block.name}” are not in the same element",
                f"the “{block.name}” is on line {self.source.place(block.start).line}, directly in {inside}; "
                "begin and end it around whole elements",
            )  # fmt: skip
        if tag.keyword.startswith("end"):
            self.blocks.pop()

    # Elements

    def take_construct(self, construct: Construct, tags: Sequence[Tag]) -> None:
        if construct.kind == "conditional":
            self.refuse_tags(tags, "inside a conditional comment", "write it outside of the comment")
        elif construct.kind == "close":
            self.refuse_tags(tags, "inside an end tag", "move it after the tag")
            self.close_element(construct)
        else:
            self.open_element(construct, tags)

    def refuse_tags(self, tags: Sequence[Tag], where: str, hint: str) -> None:
        if tags:
            raise self.source.error(tags[0].start, f"Jinja {where}", hint)

    def open_element(self, construct: Construct, tags: Sequence[Tag]) -> None:
        with self.mistakes.collect():
            self.refuse_element(construct)
        if construct.name in ("mj-column", "mj-group"):
            self.note_column(construct)
        for attribute in construct.attributes:
            inside = [tag for tag in tags if attribute.start <= tag.start and tag.end <= attribute.end]
            with self.mistakes.collect():
                self.mask_attribute(construct, attribute, inside)
        loose = [tag for tag in tags if not _covered(tag, construct.attributes)]
        with self.mistakes.collect():
            self.refuse_tags(loose, f"inside <{construct.name}>", "put it into the value of an attribute")
        if self.top:
            self.top.has_gap = self.top.has_gap and construct.name == "mj-raw"
            self.top.children.add(construct.name)
        self.inlines = self.inlines or (construct.name, construct.value(self.source, "inline")) == _INLINE
        if construct.kind == "open":
            base = construct.value(self.source, "base-url") or "" if construct.name == "mj-navbar" else ""
            has_gap = construct.name == "mj-wrapper" and construct.value(self.source, "gap") is not None
            opened = _Opened(construct.name, construct.start, base=base, has_gap=has_gap, end=construct.end)
            self.elements.append(opened)

    def refuse_element(self, construct: Construct) -> None:
        if construct.name in REFUSED_TAGS:
            raise self.source.error(
                construct.start, f"<{construct.name}> is not allowed", REFUSED_TAGS[construct.name]
            )
        names = [attribute.name for attribute in construct.attributes]
        for position, attribute in enumerate(construct.attributes):
            if attribute.name in names[:position] and not self.is_foreign:
                message = f"<{construct.name}> has the attribute {attribute.name} twice"
                raise self.source.error(attribute.start, message, "keep one; the second would be ignored")
        if construct.name == "mj-html-attribute":
            name = (construct.value(self.source, "name") or "").strip().lower()
            if name.startswith("on") or name in LINKS | IMAGES | CSS_IMAGES | {"srcset", "style"}:
                message = f"mj-html-attribute can't set {name}"
                raise self.source.error(construct.start, message, "write it where the element is")

    def note_column(self, construct: Construct) -> None:
        """MJML divides a section by the columns it sees, and it can't see which of them there will be."""
        if self.top is None:
            return
        under = [block.name for block in self.blocks if block.parent is self.top]
        self.top.chancy = self.top.chancy or (under[-1] if under else "")
        if not construct.value(self.source, "width"):
            self.top.free_columns.append(construct.start)

    def refuse_free_columns(self, section: _Opened) -> None:
        for start in section.free_columns if section.chancy else ():
            with self.mistakes.collect():
                raise self.source.error(
                    start, f"a column beside or under “{section.chancy}” has no width",
                    'give every column of this section one, such as width="50%"',
                )  # fmt: skip

    def mask_attribute(self, construct: Construct, attribute: Attribute, tags: Sequence[Tag]) -> None:
        if "mj-head" in self.names():
            return self.refuse_tags(tags, "in mj-head", "the head is the same for everyone; use [% if %]")
        is_html_literal = not construct.name.startswith("mj-") and not tags
        if is_html_literal and attribute.name not in LINKS and not attribute.name.startswith("on"):
            return None  # MJML copies it as it stands
        if attribute.name == "base-url" and construct.name == "mj-navbar" and not tags:
            self.replacements.append((attribute.start, attribute.end, ""))
            return None
        if attribute.name == "style":
            self.mask_style(attribute, tags)
            return None
        codes = attribute_code(self.source, attribute, tags, self.setting(construct))
        if codes:
            word = self.add_token(*codes)
            self.replacements.append(
                (attribute.start, attribute.end, word if attribute.is_quoted else f'"{word}"')
            )
        return None

    def mask_style(self, attribute: Attribute, tags: Sequence[Tag]) -> None:
        """Value by value, because MJML reads the declarations where it inlines a style sheet."""
        refuse_bad_attributes(self.source, attribute, tags)
        for tag in tags:
            if tag.kind == "expression":
                code = f"{{{{ ({tag.code})|css_value }}}}"
                self.replacements.append((tag.start, tag.end, self.add_token(code, "")))

    def setting(self, construct: Construct) -> Setting:
        base = self.top.base if self.top and construct.name == "mj-navbar-link" else ""
        network = construct.value(self.source, "name") if construct.name == "mj-social-element" else None
        return Setting(base, network in SHARING, self.is_foreign)

    def close_element(self, construct: Construct) -> None:
        top = self.top
        if top is None or top.name != construct.name:
            opened = (
                f"<{top.name}> of line {self.source.place(top.start).line} is still open"
                if top
                else "none is open"
            )
            raise self.source.error(
                construct.start,
                f"</{construct.name}> closes nothing: {opened}",
                "close what was opened last first",
            )
        self.refuse_open_block(top)
        self.refuse_free_columns(top)
        if self.inlines and top.name in ("table", "mj-table") and top.children == {"tr"}:
            # The inliner reads HTML as browsers do, and would open a <tbody> inside of the first block.
            self.replacements += [
                (top.end, top.end, "<tbody>"),
                (construct.start, construct.start, "</tbody>"),
            ]
        self.elements.pop()

    def refuse_open_block(self, element: _Opened) -> None:
        if self.blocks and self.blocks[-1].parent is element:
            block = self.blocks[-1]
            raise self.source.error(
                block.start, f"this “{block.name}” does not end inside <{element.name}>",
                f"add {{% end{block.name} %}} before </{element.name}>",
            )  # fmt: skip

    def refuse_loose_text(self, start: int, end: int) -> None:
        """MJML silently drops words between elements."""
        parent = self.top.name if self.top else "the file"
        is_lost = not self.names() & ENDING_TAGS and (parent in STRUCTURE_TAGS or not self.top)
        if not is_lost or self.is_foreign:
            return
        for match in re.finditer(r"\S+", self.source.text[start:end]):
            offset = start + match.start()
            if not any(tag.start <= offset < tag.end for tag in self.tags):
                with self.mistakes.collect():
                    raise self.source.error(
                        offset, f"text directly in {parent} would be lost", "put it into mj-text"
                    )
                return

    def refuse_unclosed(self) -> None:
        if self.blocks:
            block = self.blocks[-1]
            raise self.source.error(
                block.start, f"this “{block.name}” does not end", f"add {{% end{block.name} %}}"
            )
        if self.top:
            raise self.source.error(
                self.top.start, f"<{self.top.name}> is not closed", f"add </{self.top.name}>"
            )


def _pop_until(tags: list[Tag], end: int) -> Iterator[Tag]:
    while tags and tags[0].start < end:
        yield tags.pop(0)


def _covered(tag: Tag, attributes: Iterable[Attribute]) -> bool:
    return tag.kind == "comment" or any(one.start <= tag.start and tag.end <= one.end for one in attributes)
