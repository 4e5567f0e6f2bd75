"""What the lines of a consent ledger add up to. No database here."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from audience.models import ConsentEntry
from audience.policies import Policy, add_months

_GRANTED = ConsentEntry.State.GRANTED
_EXPLICIT = ConsentEntry.Basis.EXPLICIT
_INQUIRY = ConsentEntry.Basis.INQUIRY


class Line(NamedTuple):
    """One ledger entry, as far as the answer depends on it."""

    state: str
    basis: str
    source: str
    occurred_at: datetime
    expires_at: datetime | None = None
    conditions: Mapping[str, Any] = MappingProxyType({})


class Verdict(NamedTuple):
    """`reason` is empty for a yes; `explicit_since` is when the explicit yes in force was said."""

    reason: str
    explicit_since: datetime | None = None


def judge(lines: Sequence[Line], *, policy: Policy, now: datetime) -> Verdict:
    """Whether these lines, oldest first, allow marketing under this policy.

    The newest line decides, except that a customer relation (a sale or an inquiry) only ever adds to
    other such relations. It never outweighs an earlier no, because article 13(2) of 2002/58/EC ends the
    customer exception with the objection: a complaint or an unsubscribe survives every later purchase
    until a newer explicit yes. Nor does it weaken an explicit yes into one that a strict market refuses.
    """
    spoken: Line | None = None
    relations: list[Line] = []
    for line in lines:
        if _is_relation(line):
            relations.append(line)
        else:
            spoken, relations = line, []
    if spoken is not None:
        return _judge_words(spoken, now)
    refusals = [_refuse_relation(line, policy, now) for line in relations]
    if not refusals:
        return Verdict("no_consent")
    return Verdict("" if "" in refusals else refusals[-1])


def _is_relation(line: Line) -> bool:
    return line.state == _GRANTED and line.basis != _EXPLICIT


def _judge_words(line: Line, now: datetime) -> Verdict:
    if line.state != _GRANTED:
        return Verdict("complained" if line.source == "complaint" else "withdrawn")
    if line.expires_at and line.expires_at <= now:
        return Verdict("consent_expired")
    return Verdict("", line.occurred_at)


def _refuse_relation(line: Line, policy: Policy, now: datetime) -> str:
    is_inquiry = line.basis == _INQUIRY
    if not (policy.inquiry if is_inquiry else policy.soft_opt_in):
        return "soft_opt_in_not_allowed"
    if not is_complete(line.basis, line.conditions):
        return "soft_opt_in_incomplete"
    months = policy.inquiry_months if is_inquiry else policy.sale_months
    ends = [at for at in (line.expires_at, months and add_months(line.occurred_at, months)) if at]
    return "soft_opt_in_expired" if ends and min(ends) <= now else ""


def is_complete(basis: str, conditions: Mapping[str, Any]) -> bool:
    """Whether what article 13(2) asks for was fulfilled when the address was collected: it was got in a
    sale (or an inquiry), and a way to refuse was offered then. That it is offered in every email, and
    that what is offered is the shop's own and similar, is the work of the templates and of the picks."""
    if conditions.get("opt_out_offered") is not True:
        return False
    return basis == _INQUIRY or bool(conditions.get("sale"))
