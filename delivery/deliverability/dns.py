"""Asking the DNS, with "there is no such record" told from "nobody answered"."""

from typing import Protocol

import dns.exception
import dns.rdatatype
import dns.resolver
import dns.reversename

LIFETIME = 6.0  # seconds for one question, retries included


class LookupFailedError(Exception):
    """Nobody can say what the record is: a timeout, SERVFAIL, or a resolver out of reach."""


class Dns(Protocol):
    def read(self, name: str, kind: str) -> list[str]:
        """The records as texts, [] where there is none. Raises LookupFailedError."""


class SystemDns:
    """Asks the resolver of this machine, or a given one."""

    def __init__(self, resolver: dns.resolver.Resolver | None = None) -> None:
        self._resolver = resolver

    def read(self, name: str, kind: str) -> list[str]:
        try:
            self._resolver = self._resolver or dns.resolver.Resolver()
            answer = self._resolver.resolve(name, kind, lifetime=LIFETIME, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise LookupFailedError(f"{name} {kind}: {type(error).__name__}") from None
        return [_as_text(record) for record in answer]


def _as_text(record: object) -> str:
    """Pieces of a TXT record belong together without a space (RFC 7208 section 3.3)."""
    strings = getattr(record, "strings", None)
    if strings is not None:
        return b"".join(strings).decode("utf-8", "replace")
    return str(record)


def reverse_name(ip: str) -> str:
    """The name under which the DNS keeps the host of an address. Raises ValueError."""
    try:
        return dns.reversename.from_address(ip).to_text(omit_final_dot=True)
    except dns.exception.SyntaxError:
        raise ValueError(f"{ip} is no IP address.") from None


def parse_tags(record: str) -> dict[str, str]:
    """The `tag=value; …` list of DKIM and DMARC records; blanks around and within values dropped."""
    pairs = (part.partition("=") for part in record.split(";") if part.strip())
    return {tag.strip().lower(): "".join(value.split()) for tag, _, value in pairs}
