"""Every Jinja tag becomes a plain ASCII word or comment, so that MJML can't drop, move or decode it."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from campaigns.compiling.engine import SHARING
from campaigns.compiling.markup import ENDING_TAGS, Attribute, Construct, scan
from campaigns.compiling.places import LINKS, Setting, attribute_code, refuse_bad_attributes, text_code
from campaigns.compiling.structure import Opened, Structure
from campaigns.compiling.tags import Tag
from campaigns.compiling.tokens import Masked, Token

# Browsers read these as something else than HTML, so that escaping would not hold there.
RAW_TAGS = frozenset(["style", "title", "textarea", "xmp", "noscript", "noembed", "svg", "math", "template"])
_AFTER_NAME = re.compile(r"[\w-]+\s*:[^;]*$")
_INLINE = ("mj-style", "inline")


@dataclass
class Masking(Structure):
    """Reads a source once: `read`, then `result`."""

    inlines: bool = False  # whether there is a style sheet to inline
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

    def add_token(self, html: str, plain: str, *, is_statement: bool = False) -> str:
        word = f"{self.prefix}{len(self.tokens):04}e"
        self.tokens[word] = Token(word, is_statement, html, plain)
        return word

    # Jinja tags in running text and between elements

    def take_tag(self, tag: Tag) -> None:
        if self.names() & ENDING_TAGS and "mj-head" not in self.names():
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
        with self.mistakes.collect():
            self.refuse_between_cells(tag)
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

    def add_statement(self, tag: Tag) -> str:
        self.follow_block(tag)
        code = f"{{% {tag.code} %}}"
        return self.add_token(code, code, is_statement=True)

    def take_construct(self, construct: Construct, tags: Sequence[Tag]) -> None:
        if construct.kind == "conditional":
            self.refuse_tags(tags, "inside a conditional comment", "write it outside of the comment")
        elif construct.kind == "close":
            self.refuse_tags(tags, "inside an end tag", "move it after the tag")
            self.close_element(construct)
        else:
            self.open_element(construct, tags)

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
            opened = Opened(construct.name, construct.start, base=base, has_gap=has_gap, end=construct.end)
            self.elements.append(opened)

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
            if not _AFTER_NAME.search(self.source.text[attribute.start : tag.start]):
                raise self.source.error(
                    tag.start, "a value alone is no style", 'write style="color:{{ … }}", value by value'
                )
            code = f"{{{{ ({tag.code})|css_value }}}}"
            self.replacements.append((tag.start, tag.end, self.add_token(code, "")))

    def setting(self, construct: Construct) -> Setting:
        base = self.top.base if self.top and construct.name == "mj-navbar-link" else ""
        network = construct.value(self.source, "name") if construct.name == "mj-social-element" else None
        return Setting(base, network in SHARING, self.is_foreign)

    def close_element(self, construct: Construct) -> None:
        element = self.end_element(construct)
        if self.inlines and element.name in ("table", "mj-table") and element.children == {"tr"}:
            # The inliner reads HTML as browsers do, and would open a <tbody> inside of the first block.
            self.replacements.append((element.end, element.end, "<tbody>"))
            self.replacements.append((construct.start, construct.start, "</tbody>"))


def _pop_until(tags: list[Tag], end: int) -> Iterator[Tag]:
    while tags and tags[0].start < end:
        yield tags.pop(0)


def _covered(tag: Tag, attributes: Iterable[Attribute]) -> bool:
    return any(one.start <= tag.start and tag.end <= one.end for one in attributes)
