"""SendGrid's Event Webhook: is it really theirs, and what does it say in our words.

Events come more than once, in any order, under changing ids, and now and then broken. One bad element never
costs the rest of its batch.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from cryptography.exceptions import UnsupportedAlgorithm
from sendgrid.helpers.eventwebhook import EventWebhook

from delivery.base import DeliveryEvent
from delivery.delivery_id import DELIVERY_ARG
from delivery.scanners import is_scanner

SIGNATURE_HEADER = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP_HEADER = "X-Twilio-Email-Event-Webhook-Timestamp"

_KINDS = {
    "processed": "processed",
    "deferred": "deferred",
    "delivered": "delivered",
    "bounce": "bounced",
    "dropped": "dropped",
    "open": "opened",
    "click": "clicked",
    "unsubscribe": "unsubscribed",
    "group_unsubscribe": "unsubscribed",
    "spamreport": "complained",
}
_IGNORED = {
    "group_resubscribe": "a provider can't give a consent back; the customer does, in the preferences"
}
# SendGrid's classes of bounces in our words; its events and its API spell some of them differently.
_BOUNCE_CLASSES = {
    "invalid address": "invalid_address",
    "mailbox unavailable": "mailbox_unavailable",
    "technical": "technical",
    "technical failure": "technical",
    "content": "content",
    "reputation": "reputation",
    "frequency/volume": "frequency",
    "frequency or volume too high": "frequency",
}
_UNCLASSIFIED = "unclassified"
_DEAD_DROPS = frozenset({"bounced address", "invalid"})
_DETAIL_KEYS = (
    *("reason", "status", "response", "attempt", "type", "bounce_classification", "useragent"),
    *("sg_message_id", "asm_group_id", "tls"),
)
_TEXT_MAX = 500
_ID_MAX = 120
_MILLISECONDS_FROM = 100_000_000_000


def verify(body: bytes, headers: Mapping[str, str], public_keys: Sequence[str]) -> bool:
    """Whether one of the keys signed exactly these bytes. Anything odd is False, never an exception.

    Several keys are for a rotation. The timestamp is signed but not judged: SendGrid repeats posts for
    24 hours, and a replayed one is recognised by its events.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    signature = lowered.get(SIGNATURE_HEADER.lower(), "")
    timestamp = lowered.get(TIMESTAMP_HEADER.lower(), "")
    if not signature or not timestamp:
        return False
    return any(_verify_with(key, body, signature=signature, timestamp=timestamp) for key in public_keys)


def _verify_with(key: str, body: bytes, *, signature: str, timestamp: str) -> bool:
    try:
        return bool(_load_key(key).verify_signature(body.decode(), signature, timestamp))
    except (ValueError, TypeError, AttributeError, UnsupportedAlgorithm):
        return False


@lru_cache(maxsize=8)
def _load_key(key: str) -> Any:  # the package is not typed
    return EventWebhook(key.strip())


def parse_events(body: bytes) -> tuple[list[DeliveryEvent], list[str]]:
    """The events of a post in its order, and a sentence for each element that is not one of them."""
    try:
        elements = json.loads(body)
    except (ValueError, RecursionError) as error:
        return [], [f"The body is not JSON that can be read ({type(error).__name__})."]
    if not isinstance(elements, list):
        return [], ["The body is not a list of events."]
    events, problems = list[DeliveryEvent](), list[str]()
    for index, element in enumerate(elements):
        try:
            events.append(_parse(element))
        except _UnreadableError as error:
            problems.append(f"[{index}] {error}")
    return events, problems


class _UnreadableError(ValueError):
    """Why an element is no event of ours."""


def _parse(element: object) -> DeliveryEvent:
    if not isinstance(element, dict):
        raise _UnreadableError(f"is {type(element).__name__}, not an object.")
    name = _text(element, "event").lower()
    if name in _IGNORED:
        raise _UnreadableError(f"{name} ignored: {_IGNORED[name]}.")
    if name not in _KINDS:
        raise _UnreadableError(f"unknown event {name[:40]!r}." if name else "has no event name.")
    kind = "blocked" if name == "bounce" and _text(element, "type") == "blocked" else _KINDS[name]
    return DeliveryEvent(
        kind=kind,
        delivery_id=_read_delivery_id(element),
        occurred_at=_read_time(element),
        provider_event_id=_fit(_text(element, "sg_event_id")),
        natural_key=_natural_key(element),
        email=_text(element, "email"),
        url=_text(element, "url"),
        is_machine=kind in ("opened", "clicked") and _is_machine(element),
        is_permanent=_is_permanent(kind, element),
        bounce_class=_classify_bounce(element) if name == "bounce" else "",
        detail=_read_detail(name, element),
    )


def _text(element: Mapping[str, object], key: str) -> str:
    """The value as text that a database takes: no NUL, no lone surrogate; numbers written out."""
    value = element.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).replace("\0", "\ufffd").encode(errors="replace").decode()


def _fit(identifier: str) -> str:
    """An id that fits its column; a longer one is replaced by its hash, so that it stays unique."""
    return identifier if len(identifier) <= _ID_MAX else hashlib.sha256(identifier.encode()).hexdigest()


def _read_delivery_id(element: Mapping[str, object]) -> UUID | None:
    try:
        return UUID(_text(element, DELIVERY_ARG))
    except ValueError:
        return None


def _read_time(element: Mapping[str, object]) -> datetime:
    """Unix seconds, as number or text; some marketing events carry milliseconds."""
    try:
        seconds = int(_text(element, "timestamp"))
        if seconds >= _MILLISECONDS_FROM:
            seconds //= 1000
        if seconds <= 0:
            raise ValueError
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise _UnreadableError("has no timestamp that can be read.") from None


def _natural_key(element: Mapping[str, object]) -> str:
    """Equal for two posts of the same fact, because SendGrid changes `sg_event_id` when it repeats."""
    origin = _text(element, DELIVERY_ARG) or _text(element, "sg_message_id")
    facts = [origin, _text(element, "email").lower(), _text(element, "event").lower()]
    facts += [_text(element, key) for key in ("timestamp", "url", "attempt", "reason")]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _is_machine(element: Mapping[str, object]) -> bool:
    return element.get("sg_machine_open") in (True, "true", "True") or is_scanner(_text(element, "useragent"))


def _is_permanent(kind: str, element: Mapping[str, object]) -> bool:
    """Whether the address should get no more mail: a dead address, or one that SendGrid holds for dead."""
    if kind == "dropped":
        return _text(element, "reason").lower() in _DEAD_DROPS
    if kind != "bounced":
        return False
    known = _classify_bounce(element)
    if known != _UNCLASSIFIED:
        return known == "invalid_address"
    # Not classified: SendGrid's type "bounce" is its hard bounce, unless the status says "for now".
    return _text(element, "type") == "bounce" and not _text(element, "status").startswith("4")


def _classify_bounce(element: Mapping[str, object]) -> str:
    return _BOUNCE_CLASSES.get(_text(element, "bounce_classification").lower(), _UNCLASSIFIED)


def _read_detail(name: str, element: Mapping[str, object]) -> dict[str, object]:
    """What helps to understand the event. No IP address: nobody needs it here."""
    detail: dict[str, object] = {
        key: value[:_TEXT_MAX] for key in _DETAIL_KEYS if (value := _text(element, key))
    }
    if element.get("sg_machine_open") in (True, "true", "True"):
        detail["machine_open"] = True
    if name == "bounce":
        detail["bounce_class"] = _classify_bounce(element)
    if categories := _read_categories(element):
        detail["categories"] = categories
    if name in ("unsubscribe", "group_unsubscribe"):
        detail["scope"] = "group" if name == "group_unsubscribe" else "global"
    return detail


def _read_categories(element: Mapping[str, object]) -> list[str]:
    """A single category comes as text, several as a list."""
    value = element.get("category")
    values = value if isinstance(value, list) else [value]
    return [text[:_TEXT_MAX] for item in values[:10] if (text := _text({"c": item}, "c"))]
