"""What a check answers: a state, what was seen, and how to mend it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"  # works, yet should be better
    PROBLEM = "problem"  # mailbox providers will refuse or distrust the mail
    UNKNOWN = "unknown"  # a look-up failed: neither good nor bad
    NOT_CHECKED = "not checked"  # can't be seen from here


@dataclass(frozen=True, slots=True)
class Finding:
    check: str  # SPF, DKIM, DMARC, …
    state: State
    message: str
    mend: str = ""


def ok(check: str, message: str) -> Finding:
    return Finding(check, State.OK, message)


def warn(check: str, message: str, mend: str) -> Finding:
    return Finding(check, State.WARNING, message, mend)


def problem(check: str, message: str, mend: str) -> Finding:
    return Finding(check, State.PROBLEM, message, mend)


def unknown(check: str, message: str, mend: str = "Ask again later; nothing was seen.") -> Finding:
    return Finding(check, State.UNKNOWN, message, mend)


def not_checked(check: str, message: str) -> Finding:
    return Finding(check, State.NOT_CHECKED, message)


def exit_code(findings: Iterable[Finding]) -> int:
    """1 where there is a problem, 3 where none is but something stayed unknown, else 0."""
    states = {finding.state for finding in findings}
    if State.PROBLEM in states:
        return 1
    return 3 if State.UNKNOWN in states else 0
