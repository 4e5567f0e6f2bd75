"""One secret, many uses: each purpose gets a key of its own."""

import hashlib
import hmac
from functools import lru_cache

from django.conf import settings


def derive_key(purpose: str) -> bytes:
    """32 bytes from settings.PAIRWELL["LINK_KEY"], different for every purpose.

    So a tag made for one purpose proves nothing about another, and none of them reveals the secret.
    """
    return _derive(str(settings.PAIRWELL["LINK_KEY"]), purpose)


@lru_cache(maxsize=64)
def _derive(secret: str, purpose: str) -> bytes:
    """Once a purpose: an email signs a link with each of its keys many times."""
    return hmac.digest(secret.encode(), b"pairwell\x00" + purpose.encode(), hashlib.sha256)
