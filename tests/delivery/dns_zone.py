"""A DNS of these tests: a few records, names that fail, and everything else does not exist."""

import base64
from collections.abc import Mapping
from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from delivery.deliverability.dns import LookupFailedError

FAILS = "SERVFAIL"


class Zone:
    """Records by (name, kind); a name whose record is FAILS can't be asked. `asked` counts questions."""

    def __init__(self, records: Mapping[tuple[str, str], list[str] | str]) -> None:
        self.records = dict(records)
        self.asked = 0

    def read(self, name: str, kind: str) -> list[str]:
        self.asked += 1
        found = self.records.get((name, kind), [])
        if isinstance(found, str):
            raise LookupFailedError(f"{name} {kind}: {found}")
        return found


@cache
def make_key(bits: int = 2048) -> tuple[str, str]:
    """A private key in PEM, and the p= of its DNS record."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return pem, base64.b64encode(public).decode()


def good_zone(**changes: list[str] | str) -> Zone:
    """shop.example as it should be; `changes` by spf, dkim, dmarc, mx."""
    facts: dict[str, list[str] | str] = {
        "spf": ["v=spf1 include:send.example -all"],
        "dkim": [f"v=DKIM1; k=rsa; p={make_key()[1]}"],
        "dmarc": ["v=DMARC1; p=reject; rua=mailto:reports@shop.example"],
        "mx": ["10 mail.shop.example."],
        **changes,
    }
    return Zone(
        {
            ("shop.example", "TXT"): facts["spf"],
            ("send.example", "TXT"): ["some other record", "v=spf1 ip4:192.0.2.0/24 ~all"],
            ("s1._domainkey.shop.example", "TXT"): facts["dkim"],
            ("_dmarc.shop.example", "TXT"): facts["dmarc"],
            ("shop.example", "MX"): facts["mx"],
        }
    )
