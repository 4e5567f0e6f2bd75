"""One secret, many uses: each purpose gets a key of its own."""

import hashlib
import hmac
from functools import lru_cache

from django.conf import settings


def begin_tag(purpose: str, secret: str | None = None) -> hmac.HMAC:
    """An HMAC-SHA-256 that waits for its payload, under a key of settings.PAIRWELL["LINK_KEY"], or of this
    secret, that is different for every purpose.

    So a tag made for one purpose proves nothing about another, and none of them reveals the secret. To take
    up a key costs more than to tag a link with it: one is kept for each purpose, and copied.
    """
    return _begin(str(settings.PAIRWELL["LINK_KEY"]) if secret is None else secret, purpose).copy()


@lru_cache(maxsize=64)
def _begin(secret: str, purpose: str) -> hmac.HMAC:
    key = hmac.digest(secret.encode(), b"pairwell\x00" + purpose.encode(), hashlib.sha256)
    return hmac.new(key, digestmod=hashlib.sha256)


def list_secrets() -> list[str]:
    """The secret that signs, then those of before the last rotations, which still verify."""
    return [str(settings.PAIRWELL["LINK_KEY"]), *map(str, settings.PAIRWELL.get("OLD_LINK_KEYS", ()))]
