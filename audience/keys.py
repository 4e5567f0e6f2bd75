"""One secret, many uses: each purpose gets a key of its own."""

import hashlib
import hmac

from django.conf import settings


def derive_key(purpose: str, secret: str | None = None) -> bytes:
    """32 bytes from settings.PAIRWELL["LINK_KEY"], or from this secret, different for every purpose.

    So a tag made for one purpose proves nothing about another, and none of them reveals the secret.
    """
    chosen = str(settings.PAIRWELL["LINK_KEY"]) if secret is None else secret
    return hmac.digest(chosen.encode(), b"pairwell\x00" + purpose.encode(), hashlib.sha256)


def list_secrets() -> list[str]:
    """The secret that signs, then those of before the last rotations, which still verify."""
    return [str(settings.PAIRWELL["LINK_KEY"]), *map(str, settings.PAIRWELL.get("OLD_LINK_KEYS", ()))]
