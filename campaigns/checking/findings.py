"""What a check found: where, what, how to mend it, and whether the email may leave with it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Problem:
    """What a check says of one email. `needles` are words by which its place in the source may be found."""

    check: str
    what: str
    hint: str
    is_error: bool = True
    needles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """`is_error` findings must be mended; others are worth knowing. Without `languages` it is in all."""

    check: str
    what: str
    hint: str
    is_error: bool = True
    file: str = ""
    line: int = 0
    column: int = 0
    languages: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """file:line:column, as far as it is known."""
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part)

    @property
    def message(self) -> str:
        """Two lines for a terminal: where and what, and how to mend it."""
        languages = f" ({', '.join(self.languages)})" if self.languages else ""
        severity = "error" if self.is_error else "warning"
        return f"{self.place}: {severity}: {self.what}{languages} [{self.check}]\n    {self.hint}"

    def as_json(self) -> dict[str, Any]:
        """Its fields, with `severity` instead of `is_error`."""
        fields = {"check": self.check, "severity": "error" if self.is_error else "warning"}
        place = {"file": self.file, "line": self.line or None, "column": self.column or None}
        return {**fields, **place, "what": self.what, "hint": self.hint, "languages": list(self.languages)}


def merge_languages(findings: Iterable[Finding]) -> list[Finding]:
    """One finding for what several languages share, errors first, each in the order it was found."""
    languages: dict[Finding, list[str]] = defaultdict(list)
    for finding in findings:
        languages[replace(finding, languages=())] += finding.languages
    merged = [replace(finding, languages=tuple(dict.fromkeys(named))) for finding, named in languages.items()]
    return sorted(merged, key=lambda finding: not finding.is_error)
