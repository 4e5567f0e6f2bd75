"""Where answers go (MX), and who the sending machine says it is (PTR)."""

from delivery.deliverability.dns import Dns, LookupFailedError, reverse_name
from delivery.deliverability.findings import Finding, not_checked, ok, problem, unknown, warn


def check_mx(domain: str, dns: Dns) -> list[Finding]:
    """Whether replies and bounces to the domain arrive anywhere."""
    try:
        records = dns.read(domain, "MX")
    except LookupFailedError as error:
        return [unknown("MX", f"The look-up failed ({error}).")]
    if not records:
        mend = "Publish an MX record, so that replies and bounces arrive."
        return [warn("MX", f"{domain} takes no mail.", mend)]
    if any(record.split()[-1] == "." for record in records):
        mend = "Write from a domain that takes answers."
        return [problem("MX", f"{domain} says that it never takes mail (null MX).", mend)]
    return [ok("MX", f"{len(records)} servers take mail for {domain}.")]


def check_ptr(ip: str, dns: Dns) -> list[Finding]:
    """Whether the address has a name that leads back to it; can't be checked without the address."""
    if not ip:
        return [not_checked("PTR", "The sending address is the provider's. Name yours with --ip.")]
    try:
        names = dns.read(reverse_name(ip), "PTR")
        kind = "AAAA" if ":" in ip else "A"
        leads_back = any(ip in dns.read(name.rstrip("."), kind) for name in names[:5])
    except LookupFailedError as error:
        return [unknown("PTR", f"The look-up failed ({error}).")]
    if not leads_back:
        mend = "Ask whoever runs the machine to set its reverse name, and point that name at the address."
        return [problem("PTR", f"{ip} has no name that leads back to it.", mend)]
    return [ok("PTR", f"{ip} is {names[0].rstrip('.')}.")]
