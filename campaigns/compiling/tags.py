"""Jinja tags, found with Jinja's own lexer, so that braces inside strings are safe."""

import re
from dataclasses import dataclass
from typing import Literal

from jinja2 import TemplateSyntaxError

from campaigns.compiling.sandbox import html_environment
from campaigns.compiling.source import Source

_LEXER = html_environment("en")


@dataclass(frozen=True, slots=True)
class Tag:
    kind: Literal["expression", "statement", "comment"]
    start: int
    end: int
    code: str

    @property
    def keyword(self) -> str:
        return self.code.split(None, 1)[0] if self.kind == "statement" and self.code else ""


_OPENERS: dict[str, tuple[Literal["expression", "statement", "comment"], str]] = {
    "variable_begin": ("expression", "variable_end"),
    "block_begin": ("statement", "block_end"),
    "comment_begin": ("comment", "comment_end"),
}


def find_tags(source: Source) -> list[Tag]:
    """Every Jinja tag in order. Raises CompileError where Jinja can't read the text."""
    found: list[Tag] = []
    kind: Literal["expression", "statement", "comment"] = "expression"
    position = start = 0
    closing = ""
    try:
        for _, token, value in _LEXER.lex(source.text):
            position = source.text.index(value, position)
            if token in _OPENERS:
                kind, closing = _OPENERS[token]
                start = position
                _refuse_unusual(source, token, value, position)
            elif token == "raw_begin":  # noqa: S105 (a token of the lexer, not a password)
                raise source.error(position, "“raw” is not allowed", "write the braces as {{ '{{' }}")
            position += len(value)
            if token == closing:
                end = start + len(source.text[start:position].rstrip())
                found.append(Tag(kind, start, end, source.text[start + 2 : end - 2].strip()))
                closing = ""
    except TemplateSyntaxError as error:
        raise _syntax_error(source, error, position) from error
    if closing:
        raise source.error(start, "this tag is not closed", "end it with }} or %} or #}")
    return found


_MARKED = re.compile(r"\{[{%#][-+]|[-+][}%#]\}")
_CLOSERS = frozenset(closing for _, closing in _OPENERS.values())


def strip_marks(source: Source) -> Source:
    """`{%-` and `-%}` as others write them: done what they ask for, and without them."""
    if not _MARKED.search(source.text):
        return source
    replacements: list[tuple[int, int, str]] = []
    position = last = 0
    try:
        for _, token, value in _LEXER.lex(source.text):
            position = source.text.index(value, position)
            end = position + len(value)
            if token in _OPENERS and value[-1] in "-+":
                start = len(source.text[:position].rstrip()) if value[-1] == "-" else position
                replacements.append((max(start, last), end, value[:2]))
            elif token in _CLOSERS and value[0] in "-+":
                replacements.append((position, end, value[1:3]))
                last = end
            position = end
    except TemplateSyntaxError:
        return source  # told with its place by `find_tags`
    return source.rewrite(replacements)


_WRAPPED = re.compile(r"<mj-raw\s*>(\s*(?:\{%(?:(?!%\}).)*%\}\s*)+)</mj-raw\s*>", re.DOTALL)


def unwrap_statements(source: Source) -> Source:
    """Statements that others put into an mj-raw of their own, so that MJML would not drop them."""
    found = list(_WRAPPED.finditer(source.text))
    return source.rewrite(
        edge
        for match in found
        for edge in ((match.start(), match.start(1), ""), (match.end(1), match.end(), ""))
    )


def strip_jinja_comments(source: Source) -> Source:
    if "{#" not in source.text:
        return source
    return source.rewrite((tag.start, tag.end, "") for tag in find_tags(source) if tag.kind == "comment")


def _refuse_unusual(source: Source, token: str, value: str, position: int) -> None:
    if (token == "block_begin" and value != "{%") or value.endswith("-"):  # noqa: S105
        raise source.error(
            position,
            "marks for white space are not needed",
            "write the tag without - or +; the compiler trims",
        )


def _syntax_error(source: Source, error: TemplateSyntaxError, position: int) -> Exception:
    offset = max(position, source.offset_of(error.lineno, 1))
    return source.error(
        min(offset, len(source.text)),
        f"Jinja can't read this: {error.message}",
        "look for a missing brace or quote",
    )
