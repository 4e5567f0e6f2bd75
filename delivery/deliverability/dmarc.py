"""DMARC: what to do with mail that is not ours, and whether ours counts as ours (alignment).

The record of a domain is looked for upwards (RFC 9989 calls it the tree walk), which needs no list of
public suffixes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from delivery.deliverability.dns import Dns, LookupFailedError, parse_tags
from delivery.deliverability.findings import Finding, ok, problem, unknown, warn

_POLICIES = ("none", "quarantine", "reject")


@dataclass(frozen=True, slots=True)
class _Record:
    tags: dict[str, str]
    owner: str  # the domain that publishes it


def check_dmarc(domain: str, dns: Dns) -> list[Finding]:
    """What is wrong with the policy that holds for the domain, or one finding that all is well."""
    try:
        found = _find_records(domain, dns)
    except LookupFailedError as error:
        return [unknown("DMARC", f"The look-up failed ({error}).")]
    if not found:
        mend = f"Publish a TXT record at _dmarc.{domain}: v=DMARC1; p=quarantine; rua=mailto:…"
        return [problem("DMARC", "There is no DMARC record.", mend)]
    if len(found) > 1:
        return [problem("DMARC", f"There are {len(found)} DMARC records.", "Keep one: two count as none.")]
    findings = list(_judge(found[0], domain))
    policy = _policy_for(found[0], domain)
    return findings or [ok("DMARC", f"{found[0].owner} says p={policy}.")]


def check_alignment(domain: str, senders: Sequence[str], dns: Dns) -> list[Finding]:
    """For each From domain, whether a signature of `domain` counts for it."""
    return [_align(domain, sender, dns) for sender in dict.fromkeys(map(str.lower, senders))]


def _align(domain: str, sender: str, dns: Dns) -> Finding:
    if sender == domain:
        return ok("Alignment", f"From is at {sender}, which signs.")
    try:
        records = _find_records(sender, dns)
    except LookupFailedError as error:
        return unknown("Alignment", f"The look-up failed ({error}).")
    mend = f"Sign with d={sender}, or write from an address at {domain}."
    if len(records) != 1:
        return problem("Alignment", f"From is at {sender}, and no DMARC record joins it to {domain}.", mend)
    if records[0].tags.get("adkim", "r").lower() == "s":
        return problem("Alignment", f"From is at {sender}, and adkim=s wants exactly that to sign.", mend)
    if not _is_at_or_under(domain, records[0].owner):
        return problem("Alignment", f"From is at {sender}; a signature of {domain} does not count.", mend)
    return ok("Alignment", f"From is at {sender}; {domain} signs for the same organisation.")


def _judge(record: _Record, domain: str) -> Iterator[Finding]:
    policy = _policy_for(record, domain)
    if policy not in _POLICIES:
        mend = f"Write p= as one of {', '.join(_POLICIES)}."
        yield problem("DMARC", "The record has no policy that can be read.", mend)
    elif policy == "none":
        mend = "Read the reports for some weeks, then say p=quarantine and later p=reject."
        yield warn("DMARC", "p=none only watches: forged mail is delivered.", mend)
    if record.tags.get("pct", "100") != "100":
        yield warn("DMARC", f"The policy holds for {record.tags['pct']} % of the mail.", "Remove pct=.")
    if "rua" not in record.tags:
        yield warn("DMARC", "Nobody gets the reports.", "Add rua=mailto:… to see who sends in your name.")


def _policy_for(record: _Record, domain: str) -> str:
    policy = record.tags.get("p", "")
    return (policy if record.owner == domain else record.tags.get("sp", policy)).lower()


def _find_records(domain: str, dns: Dns) -> list[_Record]:
    """Those of the nearest name upwards that has any."""
    labels = domain.split(".")
    for start in range(max(1, len(labels) - 1)):
        owner = ".".join(labels[start:])
        texts = [text for text in dns.read(f"_dmarc.{owner}", "TXT") if text.lower().startswith("v=dmarc1")]
        if texts:
            return [_Record(parse_tags(text), owner) for text in texts]
    return []


def _is_at_or_under(name: str, owner: str) -> bool:
    return name == owner or name.endswith(f".{owner}")
