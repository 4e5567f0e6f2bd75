"""DKIM keys as they stand in the DNS (RFC 6376 section 3.6, RFC 8301 on their length)."""

import base64
import binascii

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from delivery.deliverability.dns import Dns, LookupFailedError, parse_tags
from delivery.deliverability.findings import Finding, ok, problem, unknown, warn

_ED25519_BYTES = 32


def check_dkim(domain: str, selector: str, dns: Dns, *, own_key: bytes = b"") -> list[Finding]:
    """What is wrong with the key under this selector. `own_key` is the public half of the key that we
    sign with (DER), where we sign ourselves: then the DNS must hold the same."""
    name = f"{selector}._domainkey.{domain}"
    try:
        records = dns.read(name, "TXT")
    except LookupFailedError as error:
        return [unknown("DKIM", f"The look-up failed ({error}).")]
    if not records:
        return [problem("DKIM", f"There is no key at {name}.", "Publish the record your provider shows.")]
    if len(records) > 1:
        return [problem("DKIM", f"There are {len(records)} records at {name}.", "Keep one.")]
    tags = parse_tags(records[0])
    found = _judge_tags(tags, name) or _judge_key(tags, name, own_key)
    return found or [ok("DKIM", f"The key at {name} is good.")]


def _judge_tags(tags: dict[str, str], name: str) -> list[Finding]:
    if tags.get("v", "DKIM1") != "DKIM1" or "p" not in tags:
        return [problem("DKIM", f"What stands at {name} is no DKIM key.", "Begin it with v=DKIM1; p=…")]
    if not tags["p"]:
        mend = "Publish the current key, or sign with another selector."
        return [problem("DKIM", f"The key at {name} is revoked: p= is empty.", mend)]
    if "h" in tags and "sha256" not in tags["h"].split(":"):
        return [problem("DKIM", f"{name} allows no SHA-256 (h={tags['h']}).", "Remove the h= tag.")]
    if "y" in tags.get("t", "").split(":"):
        mend = "Remove t=y once mail passes."
        return [warn("DKIM", f"{name} is in test mode (t=y): providers ignore it.", mend)]
    return []


def _judge_key(tags: dict[str, str], name: str, own_key: bytes) -> list[Finding]:
    try:
        raw = base64.b64decode(tags["p"], validate=True)
    except binascii.Error:
        return [problem("DKIM", f"The key at {name} is not base64.", "Copy it again, in one piece.")]
    if own_key and raw != own_key:
        mend = "Publish the public half of the key in PAIRWELL_DKIM_KEY."
        return [problem("DKIM", f"The key at {name} is not the one we sign with.", mend)]
    if tags.get("k", "rsa") == "ed25519":
        if len(raw) != _ED25519_BYTES:
            return [problem("DKIM", f"The key at {name} can't be read.", "Copy it again.")]
        mend = "Keep an RSA key under another selector beside it."
        return [warn("DKIM", "Ed25519 is not checked by every mailbox provider.", mend)]
    return _judge_rsa(raw, name)


def _judge_rsa(raw: bytes, name: str) -> list[Finding]:
    try:
        key = load_der_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPublicKey):
        return [problem("DKIM", f"The key at {name} can't be read.", "Copy it again, in one piece.")]
    mend = "Make a key of 2048 bits under a new selector."
    if key.key_size < 1024:
        return [problem("DKIM", f"{key.key_size} bits are too few: such keys are ignored.", mend)]
    if key.key_size < 2048:
        return [warn("DKIM", f"{key.key_size} bits are weak.", mend)]
    return []
