"""Jinja tags, found with Jinja's own lexer, so that braces inside strings are safe."""

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
