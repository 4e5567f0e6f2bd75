"""The stand-ins for Jinja on their way through MJML, and the proof that all of them came back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from campaigns.compiling.source import CompileError, Source


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

    def prove(self, text: str) -> None:
        """Statements once each and in order, expressions at least once; CompileError otherwise."""
        found = [match[1] or match[2] for match in self.pattern.finditer(text)]
        statements = [word for word in found if self.tokens[word].is_statement]
        if statements != [word for word, token in self.tokens.items() if token.is_statement]:
            raise self._lost("MJML moved or lost a statement", statements)
        missing = [word for word, token in self.tokens.items() if word not in found and "{{" in token.html]
        if missing:
            raise self._lost("MJML lost an expression", [], missing[0])

    def _lost(self, message: str, found: list[str], word: str = "") -> CompileError:
        expected = (name for name, token in self.tokens.items() if token.is_statement)
        word = word or next((name for name in expected if found.count(name) != 1), next(iter(self.tokens)))
        return self.source.error(
            self.source.text.find(word),
            message,
            "put it into mj-text, mj-button, mj-table or around whole elements",
        )
