"""Every Jinja tag becomes a plain ASCII word or comment, so that MJML can't drop, move or decode it."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from campaigns.compiling.markup import ENDING_TAGS, STRUCTURE_TAGS, Attribute, Construct, scan
from campaigns.compiling.places import LINKS, attribute_code, text_code
from campaigns.compiling.source import Source
from campaigns.compiling.tags import Tag
from campaigns.compiling.tokens import Masked, Token

REFUSED_TAGS = {
    "mj-include": 'write [% include "_partials/name.mjml" %] alone on its line',
    "mj-title": "the title is the text “subject”",
    "mj-preview": "the preheader is the text “preheader”",
    "mj-html-attributes": "write the attribute where the element is",
    **dict.fromkeys(
        ("script", "iframe", "object", "embed", "form", "input", "base"),
        "mail clients remove it; leave it out",
    ),
}
_CLOSES = {"elif": ("if",), "else": ("if", "for"), "endif": ("if",), "endfor": ("for",)}


@dataclass
class _Opened:
    """An element, or a Jinja block, that waits for its end."""

    name: str
    start: int
    parent: "_Opened | None" = None


@dataclass
class _Mask:
    source: Source
    tags: Sequence[Tag]
    prefix: str
    elements: list[_Opened] = field(default_factory=list)
    blocks: list[_Opened] = field(default_factory=list)
    replacements: list[tuple[int, int, str]] = field(default_factory=list)
    tokens: dict[str, Token] = field(default_factory=dict)

    def run(self) -> Masked:
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
        return Masked(self.source.rewrite(self.replacements), self.tokens)

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
        if tag.kind == "expression":
            html, plain = text_code(tag)
            word = self.add_token(plain if "bdi" in self.names() else html, plain)
        else:
            word = f"<!--{self.add_statement(tag)}-->"
        self.replacements.append((tag.start, tag.end, word))

    def mask_between_elements(self, tag: Tag) -> None:
        parent = self.top.name if self.top else "the file"
        if tag.kind == "expression":
            raise self.source.error(
                tag.start, f"an expression directly in {parent} would be lost", "put it into mj-text"
            )
        if parent not in STRUCTURE_TAGS:
            raise self.source.error(
                tag.start, f"“{tag.keyword}” can't stand directly in {parent}",
                "put it inside mj-body, around whole elements, or inside mj-text or mj-table",
            )  # fmt: skip
        self.replacements.append((tag.start, tag.end, f"<mj-raw><!--{self.add_statement(tag)}--></mj-raw>"))

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
        if construct.name in REFUSED_TAGS:
            raise self.source.error(
                construct.start, f"<{construct.name}> is not allowed", REFUSED_TAGS[construct.name]
            )
        if construct.name in ("mj-column", "mj-group"):
            self.require_width(construct)
        in_head = "mj-head" in self.names()
        for attribute in construct.attributes:
            inside = [tag for tag in tags if attribute.start <= tag.start and tag.end <= attribute.end]
            self.mask_attribute(construct, attribute, inside, in_head=in_head)
        loose = [tag for tag in tags if not _covered(tag, construct.attributes)]
        self.refuse_tags(loose, f"inside <{construct.name}>", "put it into the value of an attribute")
        if construct.kind == "open":
            self.elements.append(_Opened(construct.name, construct.start))

    def require_width(self, construct: Construct) -> None:
        """MJML divides a section by the columns it sees, and it can't see how often a loop will run."""
        is_repeated = any(block.parent is self.top for block in self.blocks)
        if is_repeated and not construct.value(self.source, "width"):
            raise self.source.error(
                construct.start, f"an {construct.name} under “{self.blocks[-1].name}” has no width",
                'give it one, such as width="50%"',
            )  # fmt: skip

    def mask_attribute(
        self, construct: Construct, attribute: Attribute, tags: Sequence[Tag], *, in_head: bool
    ) -> None:
        if in_head:
            return self.refuse_tags(tags, "in mj-head", "the head is the same for everyone; use [% if %]")
        is_html_literal = not construct.name.startswith("mj-") and not tags
        if is_html_literal and attribute.name not in LINKS and not attribute.name.startswith("on"):
            return None  # MJML copies it as it stands
        codes = attribute_code(self.source, attribute, tags)
        if codes:
            self.replacements.append((attribute.start, attribute.end, self.add_token(*codes)))
        return None

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
        if self.names() & ENDING_TAGS or (parent not in STRUCTURE_TAGS and self.top):
            return
        for match in re.finditer(r"\S+", self.source.text[start:end]):
            offset = start + match.start()
            if not any(tag.start <= offset < tag.end for tag in self.tags):
                raise self.source.error(
                    offset, f"text directly in {parent} would be lost", "put it into mj-text"
                )

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


def mask(source: Source, tags: Sequence[Tag]) -> Masked:
    """The source with tokens for Jinja. Raises CompileError for Jinja where no email can carry it."""
    prefix = f"q{hashlib.sha256(source.text.encode()).hexdigest()[:6]}z"
    return _Mask(source, tags, prefix).run()
