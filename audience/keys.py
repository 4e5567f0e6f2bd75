"""One secret, many uses: each purpose gets a key of its own."""

import hashlib
import hmac
from functools import lru_cache

from django.conf import settings


def derive_key(purpose: str, secret: str | None = None) -> bytes:
    """32 bytes from settings.PAIRWELL["LINK_KEY"], or from this secret, different for every purpose.

    So a tag made for one purpose proves nothing about another, and none of them reveals the secret.
    """
    return _derive(str(settings.PAIRWELL["LINK_KEY"]) if secret is None else secret, purpose)


@lru_cache(maxsize=64)
def _derive(secret: str, purpose: str) -> bytes:
    """Once a purpose: an email signs many links with the same key."""
    return hmac.digest(secret.encode(), b"pairwell\x00" + purpose.encode(), hashlib.sha256)


def list_secrets() -> list[str]:
    """The secret that signs, then those of before the last rotations, which still verify."""
    return [str(settings.PAIRWELL["LINK_KEY"]), *map(str, settings.PAIRWELL.get("OLD_LINK_KEYS", ()))]
