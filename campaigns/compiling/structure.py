"""What is open while a template is read, and what can't stand where it stands."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from campaigns.compiling.markup import ENDING_TAGS, STRUCTURE_TAGS, Construct, cover
from campaigns.compiling.places import CSS_IMAGES, IMAGES, LINKS
from campaigns.compiling.source import Mistakes, Source
from campaigns.compiling.tags import Tag

REFUSED_TAGS = {
    "mj-include": 'write [% include "_partials/name.mjml" %] alone on its line',
    "mj-title": "the title is the text “subject”",
    "mj-preview": "the preheader is the text “preheader”",
    **dict.fromkeys(
        ("script", "iframe", "object", "embed", "form", "input", "base"),
        "mail clients remove it; leave it out",
    ),
}
# Browsers move words that stand between the cells of a table in front of it.
TABLE_PARTS = frozenset(["mj-table", "table", "thead", "tbody", "tfoot", "tr"])
CLOSES = {"elif": ("if",), "else": ("if", "for"), "endif": ("if",), "endfor": ("for",)}


@dataclass
class Opened:
    """An element, or a Jinja block, that waits for its end."""

    name: str
    start: int
    parent: "Opened | None" = None
    base: str = ""  # of a menu: what its links start with
    has_gap: bool = False  # of a wrapper whose first section differs from the others
    end: int = 0  # of its start tag
    children: set[str] = field(default_factory=set)
    free_columns: list[int] = field(default_factory=list)  # where columns without a width stand
    chancy: str = ""  # the block under which a column of this section is


@dataclass
class Structure:
    """Elements and blocks of Jinja, innermost last, and all that is wrong with how they nest."""

    source: Source
    tags: Sequence[Tag]
    is_foreign: bool = False
    mistakes: Mistakes = field(default_factory=Mistakes)
    elements: list[Opened] = field(default_factory=list)
    blocks: list[Opened] = field(default_factory=list)

    @property
    def top(self) -> Opened | None:
        return self.elements[-1] if self.elements else None

    def names(self) -> set[str]:
        return {element.name for element in self.elements}

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

    def refuse_between_cells(self, tag: Tag) -> None:
        if self.top and self.top.name in TABLE_PARTS and tag.kind == "expression":
            message = f"an expression directly in {self.top.name} would be shown above the table"
            raise self.source.error(tag.start, message, "put it into <td>…</td>")

    def follow_block(self, tag: Tag) -> None:
        if tag.keyword in ("if", "for"):
            self.blocks.append(Opened(tag.keyword, tag.start, self.top))
        elif tag.keyword in CLOSES:
            self.close_block(tag)

    def close_block(self, tag: Tag) -> None:
        if not self.blocks or self.blocks[-1].name not in CLOSES[tag.keyword]:
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
        elif "else" in block.children:
            raise self.source.error(
                tag.start, f"“{tag.keyword}” after “else”", "one “else”, as the last, is all"
            )
        block.children.add(tag.keyword)

    def refuse_tags(self, tags: Sequence[Tag], where: str, hint: str) -> None:
        if tags:
            raise self.source.error(tags[0].start, f"Jinja {where}", hint)

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

    def refuse_free_columns(self, section: Opened) -> None:
        for start in section.free_columns if section.chancy else ():
            with self.mistakes.collect():
                raise self.source.error(
                    start, f"a column beside or under “{section.chancy}” has no width",
                    'give every column of this section one, such as width="50%"',
                )  # fmt: skip

    def end_element(self, construct: Construct) -> Opened:
        """The element that ends here."""
        top = self.top
        if top is None or top.name != construct.name:
            opened = f"<{top.name}> of line {self.source.place(top.start).line} is still open" if top else ""
            raise self.source.error(
                construct.start, f"</{construct.name}> closes nothing: {opened or 'none is open'}",
                "close what was opened last first",
            )  # fmt: skip
        self.refuse_open_block(top)
        self.refuse_free_columns(top)
        return self.elements.pop()

    def refuse_open_block(self, element: Opened) -> None:
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
        if self.is_foreign or not (is_lost or parent in TABLE_PARTS):
            return
        message = f"text directly in {parent} would be {'lost' if is_lost else 'shown above the table'}"
        stray = re.compile(r"\S").search(self.uncovered, start, end)
        if stray:
            hint = "put it into mj-text" if is_lost else "put it into <td>…</td>"
            with self.mistakes.collect():
                raise self.source.error(stray.start(), message, hint)

    @cached_property
    def uncovered(self) -> str:
        """The text with blanks for Jinja."""
        return cover(self.source.text, self.tags, " ")

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
