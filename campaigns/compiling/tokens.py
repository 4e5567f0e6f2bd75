"""The stand-ins for Jinja on their way through MJML, and the proof that all of them came back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from campaigns.compiling.balance import VIEWS, find_torn
from campaigns.compiling.source import CompileError, Source

_ELSEWHERE = "put it into mj-text, mj-button or mj-table, or around whole elements"
_WHOLE = "begin and end it around whole elements, and write the end tag of each, also of <tbody> and <p>"


@dataclass(frozen=True, slots=True)
class Token:
    """Stands for a piece of Jinja on its way through MJML; `html` and `plain` are what it turns back into."""

    word: str
    is_statement: bool
    html: str
    plain: str


@dataclass(frozen=True)
class Masked:
    source: Source
    tokens: Mapping[str, Token]

    @property
    def pattern(self) -> re.Pattern[str]:
        words = "|".join(self.tokens) or "(?!)"
        return re.compile(f"<!--({words})-->|({words})")

    def restore(self, text: str, *, is_html: bool) -> str:
        """The text with every token turned back into its Jinja."""

        def put_back(match: re.Match[str]) -> str:
            token = self.tokens[match[1] or match[2]]
            return token.html if is_html else token.plain

        return self.pattern.sub(put_back, text)

    def prove_statements(self, text: str) -> None:
        """Each statement once and in order; CompileError otherwise."""
        expected = [word for word, token in self.tokens.items() if token.is_statement]
        found = [word for word in self._find(text) if self.tokens[word].is_statement]
        if found != expected:
            lost = next((word for word in expected if found.count(word) != 1), expected[0])
            raise self._error(lost, "MJML moved or lost this statement")

    def prove_expressions(self, html: str) -> None:
        """Each expression at least once (Outlook gets some a second time); CompileError otherwise."""
        found = set(self._find(html))
        for word, token in self.tokens.items():
            if word not in found and "{{" in token.html:
                raise self._error(word, "MJML lost this expression")

    def prove_balance(self, html: str) -> None:
        """Each block holds whole elements, for Outlook and for others; CompileError otherwise."""
        for view in VIEWS:
            torn = find_torn(html, self._keyword, view)
            if torn:
                raise self._error(torn, "this block would hold half an element", _WHOLE)

    def _keyword(self, word: str) -> str:
        token = self.tokens.get(word)
        return token.plain.split()[1] if token and token.is_statement else ""

    def _find(self, text: str) -> list[str]:
        return [match[1] or match[2] for match in self.pattern.finditer(text)]

    def _error(self, word: str, message: str, hint: str = _ELSEWHERE) -> CompileError:
        return self.source.error(self.source.text.find(word), message, hint)
