"""Keys for the HTTP API. The key is shown once; the database keeps only its SHA-256."""

import re
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from secrets import token_urlsafe

from shop.models import ApiKey

_MARK = "pw_"
_PREFIX_LENGTH = 12
_SHAPE = re.compile(r"pw_[A-Za-z0-9_-]{43}")


def create_api_key(name: str, *, now: datetime) -> tuple[ApiKey, str]:
    """A new key and its plain text (256 random bits), which nobody can read again later."""
    plain = _MARK + token_urlsafe(32)
    return ApiKey.objects.create(
        name=name, prefix=_prefix(plain), digest=_digest(plain), created_at=now
    ), plain


def check_api_key(plain: str) -> ApiKey | None:
    """The key, unless it is unknown or revoked."""
    if not _SHAPE.fullmatch(plain):
        return None
    digest = _digest(plain)
    for key in ApiKey.objects.filter(prefix=_prefix(plain), revoked_at=None):
        # The prefix is no secret; the rest is compared in a time that tells nothing.
        if compare_digest(key.digest, digest):
            return key
    return None


def _prefix(plain: str) -> str:
    return plain[:_PREFIX_LENGTH]


def _digest(plain: str) -> str:
    return sha256(plain.encode()).hexdigest()
