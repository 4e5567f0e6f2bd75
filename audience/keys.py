"""One secret, many uses: each purpose gets a key of its own."""

import hashlib
import hmac

from django.conf import settings


def derive_key(purpose: str) -> bytes:
    """32 bytes from settings.PAIRWELL["LINK_KEY"], different for every purpose.

    So a tag made for one purpose proves nothing about another, and none of them reveals the secret.
    """
    secret = str(settings.PAIRWELL["LINK_KEY"]).encode()
    return hmac.digest(secret, b"pairwell\x00" + purpose.encode(), hashlib.sha256)
