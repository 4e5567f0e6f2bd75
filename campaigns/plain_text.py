"""The plain-text part, read off the compiled HTML once, while every Jinja tag is still a token.

Reading order, headings and paragraphs as blocks, a table row as one line, a link as its words with the
address on a line of its own, a picture as its alt text. Nothing of the layout remains.
"""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Protocol

from campaigns.languages import direction_of

_SKIPPED = frozenset({"head", "style", "title"})
_PARAGRAPHS = frozenset(["p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote"])
_LINES = frozenset(["tr", "td", "th", "li", "tbody", "thead", "body"])
_VOID = frozenset({"br", "hr", "img", "meta", "link"})
_WORDS = re.compile(r">([^<]+)<")
_WHITE = re.compile(r"[ \t\r\n]+")
RLM = "\N{RIGHT-TO-LEFT MARK}"
_COLONS = {"fr": "\N{NO-BREAK SPACE}:"}  # what stands between a link's words and its address
# What stands between two links has nothing to separate once each is on a line of its own.
_SEPARATORS = " \N{NO-BREAK SPACE}·|"
_BRACES = re.compile(r"\{(?=[{%#])")


class TokenLike(Protocol):
    @property
    def is_statement(self) -> bool: ...
    @property
    def plain(self) -> str: ...


def write_plain_text(html: str, tokens: Mapping[str, TokenLike], *, language: str = "en") -> str:
    """Text with the tokens of `html` in it: statements once and in order, ready to be turned back.

    From right to left every line of words starts with a mark, because a plain-text reader would take
    the direction from an English product title at its beginning.
    """
    line_start = RLM if direction_of(language) == "rtl" else ""
    said = {_read(unescape(words).strip(), tokens) for words in _WORDS.findall(html)}
    colon = _COLONS.get(language.split("-")[0], ":")
    reader = _Reader(tokens, line_start=line_start, colon=colon, said=said)
    reader.feed(html)
    reader.close()
    return reader.finish()


def _is_hidden(tag: str, attributes: Mapping[str, str | None]) -> bool:
    """Whether screen readers skip it, or it is an arrow of a carousel."""
    is_arrow = tag == "label" and (attributes.get("class") or "").startswith("mj-carousel-")
    return is_arrow or attributes.get("aria-hidden") == "true"


def _read(text: str, tokens: Mapping[str, TokenLike]) -> str:
    return tokens[text].plain if text in tokens else text


@dataclass
class _Link:
    """An address that was written, so that the same one need not be written twice in a row."""

    address: str
    blocks: tuple[str, ...]
    index: int


@dataclass
class _Lines:
    """The text so far. Statements that stand between lines go to the start of the next line, so that
    a loop over rows leaves no empty lines behind."""

    line_start: str = ""
    parts: list[str] = field(default_factory=list)
    waiting: str = ""  # statements between lines
    line: str = ""
    has_words: bool = False
    wants_gap: bool = False

    def add(self, text: str, *, is_statement: bool = False) -> None:
        if is_statement:
            self.line += text
            return
        text = _WHITE.sub(" ", text)
        if not self.has_words:
            text = text.lstrip(_SEPARATORS)
        self.line += text
        self.has_words = self.has_words or bool(text)

    def end_line(self, *, gap: bool = False) -> None:
        if self.has_words:
            blank = "\n" if self.wants_gap and self.parts else ""
            self.parts.append(f"{self.waiting}{blank}{self.line_start}{self.line.rstrip(' ')}\n")
            self.waiting, self.wants_gap = "", False
        elif self.line:
            # The gap before a block of statements belongs outside of it: rows of a loop stay together.
            self.waiting += "\n" + self.line if self.wants_gap else self.line
            self.wants_gap = False
        self.line, self.has_words = "", False
        self.wants_gap = self.wants_gap or gap


class _Reader(HTMLParser):
    def __init__(
        self, tokens: Mapping[str, TokenLike], *, line_start: str, colon: str, said: AbstractSet[str]
    ) -> None:
        super().__init__(convert_charrefs=True)
        self.tokens = tokens
        self.colon = colon
        self.said = said
        self.lines = _Lines(line_start)
        self.skipping = 0
        self.hidden_depth = 0  # how deep we are inside something hidden
        self.tables: list[bool] = []  # whether each open table holds data
        self.row: list[tuple[str, bool]] | None = None  # (text, whether it has words) of each cell
        self.blocks: list[str] = []  # the conditions that hold here
        self.href = ""
        self.label_is_words = False
        self.last_link: _Link | None = None

    # Elements

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag not in _VOID and (self.hidden_depth or _is_hidden(tag, attributes)):
            self.hidden_depth += 1
        if tag in _SKIPPED:
            self.skipping += 1
        elif tag == "table":
            self.tables.append(attributes.get("role") != "presentation")
        elif tag == "a":
            self.href, self.label_is_words = attributes.get("href") or "", False
        self.break_before(tag)
        if tag == "tr" and self.in_data_table:
            self.row = []
        elif tag == "li":
            self.lines.line += "• "
        elif tag == "img" and self.row is None:
            self.read_picture(attributes.get("alt") or "")

    def handle_endtag(self, tag: str) -> None:
        if self.hidden_depth and tag not in _VOID:
            self.hidden_depth -= 1
        if tag in _SKIPPED:
            self.skipping -= 1
        elif tag == "a":
            self.end_link()
        elif tag == "tr" and self.row is not None:
            self.end_row()
        self.break_before(tag)
        if tag == "table" and self.tables:
            self.tables.pop()

    def read_picture(self, words: str) -> None:
        """A picture that is a link and repeats a title stays out; so do the thumbnails of a carousel."""
        is_said = self.href and _read(words, self.tokens) in self.said
        if words and not is_said and not self.href.startswith("#"):
            self.handle_data(f"[{words}]")

    @property
    def in_data_table(self) -> bool:
        return bool(self.tables) and self.tables[-1]

    def break_before(self, tag: str) -> None:
        if self.row is not None:
            self.break_cell(tag)
        elif tag == "br" or tag in _LINES:
            self.lines.end_line()
        elif tag in _PARAGRAPHS:
            self.lines.end_line(gap=True)

    def break_cell(self, tag: str) -> None:
        """Inside a row of data: cells become parts of one line, and so do the lines of a cell."""
        line = self.lines
        if tag in ("td", "th") and line.line and self.row is not None:
            self.row.append((line.line.strip(" ,"), line.has_words))
            line.line, line.has_words = "", False
        elif tag in _PARAGRAPHS | {"br"} and line.has_words and not line.line.endswith(", "):
            line.line = f"{line.line.rstrip(' ')}, "

    def end_row(self) -> None:
        self.break_cell("td")
        text, has_words = "", False
        for cell, is_words in self.row or []:
            text += f" – {cell}" if is_words and has_words else cell
            has_words = has_words or is_words
        self.row = None
        self.lines.line, self.lines.has_words = text, has_words
        self.lines.end_line()

    def end_link(self) -> None:
        address = "" if self.href.startswith("#") else _read(self.href, self.tokens)
        is_own_label = address.removeprefix('{{ _link("').startswith(("mailto:", "tel:"))
        if address and self.label_is_words and self.row is None and not is_own_label:
            self.drop_repeated(address)
            lines = self.lines
            lines.line = f"{lines.line.rstrip(' ')}{self.colon}"
            lines.end_line()
            lines.parts.append(f"{self.href}\n")
            self.last_link = _Link(address, tuple(self.blocks), len(lines.parts) - 1)
        self.href = ""

    def drop_repeated(self, address: str) -> None:
        """Of a title and a button that lead to the same page, only the button keeps the address."""
        last = self.last_link
        if last and last.address == address and last.blocks == tuple(self.blocks):
            parts = self.lines.parts
            parts[last.index] = ""
            parts[last.index - 1] = parts[last.index - 1].removesuffix(f"{self.colon}\n") + "\n"

    # Words and tokens

    def handle_data(self, data: str) -> None:
        if self.skipping or self.hidden_depth:
            return
        if not data.strip(" \t\r\n"):
            if self.lines.has_words and not self.lines.line.endswith(" "):
                self.lines.add(" ")
            return
        self.lines.add(_BRACES.sub("{ ", data))
        self.label_is_words = self.label_is_words or bool(self.href)

    def handle_comment(self, data: str) -> None:
        token = self.tokens.get(data)
        if token is None:
            return
        self.lines.add(data, is_statement=True)
        self.follow_block(token.plain.removeprefix("{%").removesuffix("%}").strip())

    def follow_block(self, code: str) -> None:
        """Two blocks under the same condition count as the same place, two loops do not."""
        keyword = code.split()[0]
        if keyword in ("endif", "endfor", "else", "elif") and self.blocks:
            code = f"{self.blocks.pop()} {code}"
        if keyword in ("for", "set"):
            self.last_link = None
        if keyword in ("if", "for", "else", "elif"):
            self.blocks.append(code)

    def finish(self) -> str:
        self.lines.end_line()
        return "".join(self.lines.parts) + self.lines.waiting
