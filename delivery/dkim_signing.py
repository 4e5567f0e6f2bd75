"""DKIM signatures (RFC 6376) on what leaves by SMTP; providers with an API sign for themselves."""

from dataclasses import dataclass, field

import dkim
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from delivery.configuration import ConfigurationError

KEY_SETTING = "PAIRWELL_DKIM_KEY"
_SELECTOR_SETTING = "PAIRWELL_DKIM_SELECTOR"
SHORTEST_KEY = 2048  # bits; RFC 8301 asks for as much of whoever signs
# RFC 8058 section 4: both List-Unsubscribe headers must be covered.
SIGNED_HEADERS = (
    "From", "Reply-To", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
    "Content-Transfer-Encoding", "Auto-Submitted", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post",
    "Feedback-ID",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DkimSigner:
    """Signs with one key under one selector, for the domain of each email's From: always aligned."""

    selector: str
    _key: bytes = field(repr=False)
    public_key: bytes  # DER, as the DNS record holds it in base64

    def sign(self, message: bytes, *, domain: str) -> bytes:
        """The message with its DKIM-Signature in front.

        From is signed once more than it is there, so that nobody can add a second one on the way.
        """
        head = message.partition(b"\r\n\r\n")[0].lower()
        there = [name for name in SIGNED_HEADERS if b"\r\n" + name.lower().encode() + b":" in b"\r\n" + head]
        signature = dkim.sign(
            message,
            self.selector.encode(),
            domain.encode(),
            self._key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[name.encode() for name in ("From", *there)],
        )
        return bytes(signature) + message


def read_signer(selector: str, key: str) -> DkimSigner | None:
    """The signer of these settings; None where both are empty. Raises ConfigurationError."""
    if not selector and not key:
        return None
    if not selector or not key:
        missing = KEY_SETTING if selector else _SELECTOR_SETTING
        raise ConfigurationError(missing, "Selector and key belong together.", mend="Set both or neither.")
    private = _read_key(key)
    # dkimpy reads PKCS#1 only; openssl writes PKCS#8 by default.
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return DkimSigner(selector, pem, public)


def _read_key(key: str) -> RSAPrivateKey:
    mend = f"Make one with `openssl genrsa -out dkim.pem {SHORTEST_KEY}` and name it in {KEY_SETTING}_FILE."
    try:
        private = load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigurationError(KEY_SETTING, "This is no private key in PEM.", mend=mend) from None
    if not isinstance(private, RSAPrivateKey):
        raise ConfigurationError(KEY_SETTING, "Only RSA keys are checked everywhere.", mend=mend)
    if private.key_size < SHORTEST_KEY:
        raise ConfigurationError(KEY_SETTING, f"A key of {private.key_size} bits is too weak.", mend=mend)
    return private
