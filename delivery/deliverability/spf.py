"""SPF (RFC 7208): one record, at most ten look-ups, and an end that refuses strangers."""

from dataclasses import dataclass, field

from delivery.deliverability.dns import Dns, LookupFailedError
from delivery.deliverability.findings import Finding, ok, problem, unknown, warn

MOST_LOOKUPS = 10
_STOP_COUNTING = 40
_COSTLY = frozenset({"include", "a", "mx", "ptr", "exists"})
_FREE = frozenset({"all", "ip4", "ip6"})


@dataclass
class _Walk:
    """What following a record and all that it includes has shown."""

    lookups: int = 0
    open_names: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    uses_ptr: bool = False


def check_spf(domain: str, dns: Dns) -> list[Finding]:
    """What is wrong with the SPF record of the domain, or one finding that all is well."""
    try:
        records = _read_records(domain, dns)
        if not records:
            mend = f"Publish a TXT record at {domain}: v=spf1 include:<your provider> -all"
            return [problem("SPF", "There is no SPF record.", mend)]
        if len(records) > 1:
            mend = "Merge them into one record: two make every check fail."
            return [problem("SPF", f"There are {len(records)} SPF records.", mend)]
        walk = _Walk(open_names=[domain])
        ending = _follow(records[0], walk, dns)
    except LookupFailedError as error:
        return [unknown("SPF", f"The look-up failed ({error}).")]
    return _judge(walk, ending) or [ok("SPF", f"One record, {walk.lookups} look-ups, ends in {ending}.")]


def _read_records(domain: str, dns: Dns) -> list[str]:
    return [r for r in dns.read(domain, "TXT") if r.lower() == "v=spf1" or r.lower().startswith("v=spf1 ")]


def _judge(walk: _Walk, ending: str) -> list[Finding]:
    found = [problem("SPF", error, "Mend or remove that part of the record.") for error in walk.errors]
    if walk.lookups > MOST_LOOKUPS:
        mend = "Remove includes that you no longer need; beyond ten the check fails."
        found.append(problem("SPF", f"The record costs {walk.lookups} look-ups; ten are allowed.", mend))
    if ending in ("+all", "all"):
        found.append(problem("SPF", "+all lets everybody send in your name.", "End the record in -all."))
    elif ending in ("?all", ""):
        found.append(warn("SPF", "The record ends in no verdict on strangers.", "End it in -all or ~all."))
    if walk.uses_ptr:
        found.append(
            warn("SPF", "The mechanism ptr is slow and deprecated.", "Name addresses by ip4 or ip6.")
        )
    return found


def _follow(record: str, walk: _Walk, dns: Dns) -> str:
    """Counts what the record costs; returns its last word, that of a redirect included."""
    ending, redirect = "", ""
    for term in record.lower().split()[1:]:
        if term.startswith("redirect="):
            redirect = term.removeprefix("redirect=")
        elif term.lstrip("+-~?") == "all":
            ending = term
        elif "=" not in term.partition(":")[0]:  # other modifiers, such as exp=, cost nothing
            _take_mechanism(term.lstrip("+-~?"), walk, dns)
    if ending or not redirect:
        return ending
    walk.lookups += 1
    return _descend(redirect, walk, dns)


def _take_mechanism(term: str, walk: _Walk, dns: Dns) -> None:
    name, _, target = term.partition(":")
    name = name.partition("/")[0]
    if name not in _COSTLY | _FREE:
        walk.errors.append(f"{term} is not a mechanism of SPF.")
    walk.lookups += name in _COSTLY
    walk.uses_ptr |= name == "ptr"
    if name == "include":
        _descend(target, walk, dns)


def _descend(name: str, walk: _Walk, dns: Dns) -> str:
    if "%{" in name or walk.lookups > _STOP_COUNTING:
        return ""  # a macro means another name for each sender
    if name in walk.open_names:
        walk.errors.append(f"{name} includes itself.")
        return ""
    records = _read_records(name, dns)
    if len(records) != 1:
        walk.errors.append(f"{name} is included and has {len(records)} SPF records instead of one.")
        return ""
    walk.open_names.append(name)
    ending = _follow(records[0], walk, dns)
    walk.open_names.pop()
    return ending
