"""All checks of one domain, in the order in which one mends them."""

from collections.abc import Sequence

from delivery.deliverability.dkim_keys import check_dkim
from delivery.deliverability.dmarc import check_alignment, check_dmarc
from delivery.deliverability.dns import Dns
from delivery.deliverability.findings import Finding, not_checked, unknown
from delivery.deliverability.hosts import check_mx, check_ptr
from delivery.deliverability.spf import check_spf


def check_domain(
    domain: str,
    dns: Dns,
    *,
    selectors: Sequence[str] = (),
    senders: Sequence[str] = (),
    ip: str = "",
    own_keys: dict[str, bytes] | None = None,
) -> list[Finding]:
    """SPF, DKIM, DMARC, alignment of the From domains, MX and PTR, and what nobody can see from here.

    `own_keys` are the public halves (DER) of the keys that we sign with, by selector.
    """
    domain = domain.lower().rstrip(".")
    keys = own_keys or {}
    found = check_spf(domain, dns)
    for selector in selectors:
        found += check_dkim(domain, selector, dns, own_key=keys.get(selector, b""))
    if not selectors:
        mend = "Name it with --selector; your provider shows it (SendGrid: s1 and s2)."
        found.append(unknown("DKIM", "Without a selector no key can be found.", mend))
    found += check_dmarc(domain, dns)
    found += check_alignment(domain, senders, dns)
    found += check_mx(domain, dns) + check_ptr(ip, dns)
    found.append(not_checked("Reputation", "Only the mailbox providers know: see their postmaster pages."))
    return found
