"""What the lines of a consent ledger add up to. No database here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from audience.models import ConsentEntry
from audience.policies import Policy

_GRANTED = ConsentEntry.State.GRANTED
_EXPLICIT = ConsentEntry.Basis.EXPLICIT


@dataclass(frozen=True, slots=True)
class Line:
    """One ledger entry, as far as the answer depends on it."""

    state: str
    basis: str
    source: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is empty for a yes; `explicit_since` is when the explicit yes in force was said."""

    reason: str
    explicit_since: datetime | None = None


def judge(lines: Sequence[Line], *, policies: Sequence[Policy], now: datetime) -> Verdict:
    """Whether these lines, oldest first, allow marketing under all of these policies.

    The newest line decides, except that a soft opt-in only ever renews a soft opt-in. It never outweighs
    an earlier no, because article 13(2) of 2002/58/EC ends the customer exception with the objection: a
    complaint or an unsubscribe survives every later purchase until a newer explicit yes. Nor does it
    weaken an explicit yes into one that a strict market refuses.
    """
    decisive: Line | None = None
    for line in lines:
        if decisive is None or not _is_soft(line) or _is_soft(decisive):
            decisive = line
    if decisive is None:
        return Verdict("no_consent")
    if decisive.state != _GRANTED:
        return Verdict("complained" if decisive.source == "complaint" else "withdrawn")
    if decisive.basis == _EXPLICIT:
        return Verdict("", decisive.occurred_at)
    return Verdict(_refuse_soft_opt_in(decisive, policies, now))


def _is_soft(line: Line) -> bool:
    return line.state == _GRANTED and line.basis != _EXPLICIT


def _refuse_soft_opt_in(line: Line, policies: Sequence[Policy], now: datetime) -> str:
    if not all(policy.soft_opt_in for policy in policies):
        return "soft_opt_in_not_allowed"
    limits = [policy.soft_opt_in_days for policy in policies if policy.soft_opt_in_days is not None]
    if limits and line.occurred_at + timedelta(days=min(limits)) <= now:
        return "soft_opt_in_expired"
    return ""
