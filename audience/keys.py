"""One secret, many uses: each purpose gets a key of its own."""

import hashlib
import hmac
from functools import lru_cache

from django.conf import settings

_BLOCK_BYTES = 64
_INNER_PAD, _OUTER_PAD = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))


def make_tag(purpose: str, payload: bytes, secret: str | None = None) -> bytes:
    """The HMAC-SHA-256 of the payload, 32 bytes, under a key of settings.PAIRWELL["LINK_KEY"], or of this
    secret, that is different for every purpose.

    So a tag made for one purpose proves nothing about another, and none of them reveals the secret. To take
    up a key costs more than to tag a link with it: the two hashes that RFC 2104 nests are kept for each
    purpose with the key in them, and copied.
    """
    kept = _begin(str(settings.PAIRWELL["LINK_KEY"]) if secret is None else secret, purpose)
    inner, outer = (begun.copy() for begun in kept)
    inner.update(payload)
    outer.update(inner.digest())
    return outer.digest()


@lru_cache(maxsize=64)
def _begin(secret: str, purpose: str) -> tuple["hashlib._Hash", "hashlib._Hash"]:
    key = hmac.digest(secret.encode(), b"pairwell\x00" + purpose.encode(), hashlib.sha256)
    block = key.ljust(_BLOCK_BYTES, b"\0")
    return hashlib.sha256(block.translate(_INNER_PAD)), hashlib.sha256(block.translate(_OUTER_PAD))


def list_secrets() -> list[str]:
    """The secret that signs, then those of before the last rotations, which still verify."""
    return [str(settings.PAIRWELL["LINK_KEY"]), *map(str, settings.PAIRWELL.get("OLD_LINK_KEYS", ()))]
