"""Links that carry their own authority: signed, bound to one purpose, never expiring.

They never expire because an old email must still let its reader say no.
"""

import base64
import binascii
import hmac
from functools import lru_cache
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from audience.keys import list_secrets, make_tag

UNSUBSCRIBE = "unsubscribe"
PREFERENCES = "preferences"
CONFIRM = "confirm"
_TAG_BYTES = 16  # 128 bits: beyond guessing


def sign(purpose: str, payload: bytes) -> str:
    """A url-safe token of the payload and its 128-bit HMAC-SHA-256 tag. The payload is not secret."""
    return _encode(_tag(purpose, payload) + payload)


def read(purpose: str, token: str) -> bytes | None:
    """The payload, or None if the token was not signed for this purpose or differs in any character.

    After a rotation the former keys still count: an old email must let its reader leave.
    """
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return None
    tag, payload = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
    # All keys are tried whatever the first says, so that time tells nothing of which one it was.
    fits = [hmac.compare_digest(tag, _tag(purpose, payload, secret)) for secret in list_secrets()]
    # Base64 has several spellings of the same bytes; only ours counts.
    return payload if any(fits) and hmac.compare_digest(_encode(raw), token) else None


def unsubscribe_url(customer_uuid: UUID, message_id: UUID) -> str:
    """The absolute address for List-Unsubscribe and for the link in the footer of this message."""
    return signed_url("audience:unsubscribe", UNSUBSCRIBE, customer_uuid.bytes + message_id.bytes)


def preferences_url(customer_uuid: UUID) -> str:
    """The absolute address of the customer's preference page."""
    return signed_url("audience:preferences", PREFERENCES, customer_uuid.bytes)


def break_url(customer_uuid: UUID) -> str:
    """The preference page with a break of 30 days chosen, one click from being saved."""
    return f"{preferences_url(customer_uuid)}?break"


def confirm_url(customer_uuid: UUID, event_id: int) -> str:
    """The absolute address where the customer confirms the request that this event made."""
    return signed_url("audience:confirm", CONFIRM, customer_uuid.bytes + event_id.to_bytes(8))


def read_confirm(token: str) -> tuple[UUID, int] | None:
    """Customer uuid and event id of a confirmation link."""
    payload = read(CONFIRM, token)
    if payload is None or len(payload) != 24:
        return None
    return UUID(bytes=payload[:16]), int.from_bytes(payload[16:])


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


def _tag(purpose: str, payload: bytes, secret: str | None = None) -> bytes:
    return make_tag(f"link:{purpose}", payload, secret)[:_TAG_BYTES]


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed_url(view: str, purpose: str, payload: bytes) -> str:
    """The public address of a view whose only argument is a token of the payload (`sign`)."""
    config = settings.PAIRWELL  # asked for once: that alone takes as long as half of a tag
    token = _encode(_tag(purpose, payload, str(config["LINK_KEY"])) + payload)
    return _url_before_token(config["BASE_URL"], view) + token


@lru_cache(maxsize=64)
def _url_before_token(base_url: str, view: str) -> str:
    """Django takes longer to reverse a path than to sign a token, and an email has ten links."""
    return base_url.rstrip("/") + reverse(view, args=["-"]).removesuffix("-")
