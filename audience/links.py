"""Links that carry their own authority: signed, bound to one purpose, never expiring.

They never expire because an old email must still let its reader say no.
"""

import base64
import binascii
import hashlib
import hmac
from functools import cache
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from audience.keys import derive_key

UNSUBSCRIBE = "unsubscribe"
PREFERENCES = "preferences"
_TAG_BYTES = 12  # 96 bits: beyond guessing, yet short enough for a line of plain text


def sign(purpose: str, payload: bytes) -> str:
    """A url-safe token of the payload and its 96-bit HMAC-SHA-256 tag. The payload is not secret."""
    return base64.urlsafe_b64encode(_tag(purpose, payload) + payload).rstrip(b"=").decode()


def read(purpose: str, token: str) -> bytes | None:
    """The payload, or None if the token was not signed for this purpose or differs in any character."""
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return None
    tag, payload = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
    if not hmac.compare_digest(tag, _tag(purpose, payload)):
        return None
    # Base64 has several spellings of the same bytes; only ours counts.
    return payload if hmac.compare_digest(sign(purpose, payload), token) else None


def unsubscribe_url(customer_uuid: UUID, message_id: UUID) -> str:
    """The absolute address for List-Unsubscribe and for the link in the footer of this message."""
    return absolute_url("audience:unsubscribe", sign(UNSUBSCRIBE, customer_uuid.bytes + message_id.bytes))


def preferences_url(customer_uuid: UUID) -> str:
    """The absolute address of the customer's preference page."""
    return absolute_url("audience:preferences", sign(PREFERENCES, customer_uuid.bytes))


def read_unsubscribe(token: str) -> tuple[UUID, UUID] | None:
    """Customer uuid and message id of an unsubscribe link."""
    payload = read(UNSUBSCRIBE, token)
    if payload is None or len(payload) != 32:
        return None
    return UUID(bytes=payload[:16]), UUID(bytes=payload[16:])


def read_preferences(token: str) -> UUID | None:
    """Customer uuid of a preference link."""
    payload = read(PREFERENCES, token)
    return UUID(bytes=payload) if payload is not None and len(payload) == 16 else None


def _tag(purpose: str, payload: bytes) -> bytes:
    return hmac.digest(derive_key(f"link:{purpose}"), payload, hashlib.sha256)[:_TAG_BYTES]


def absolute_url(view: str, token: str) -> str:
    """The public address of a view whose only argument is a token."""
    return str(settings.PAIRWELL["BASE_URL"]).rstrip("/") + _path_before_token(view) + token


@cache
def _path_before_token(view: str) -> str:
    """Django takes longer to reverse a path than to sign a token, and an email has ten links."""
    return reverse(view, args=["-"]).removesuffix("-")
