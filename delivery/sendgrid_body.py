"""The bodies of ``POST /v3/mail/send``: for one recipient, or for many with what differs as substitutions."""

import logging
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
from sendgrid.helpers import mail as sg

from delivery.addresses import to_ascii_address
from delivery.base import Envelope
from delivery.delivery_id import DELIVERY_ARG

Body = dict[str, Any]

# The package's client logs the headers of its requests, with the key, at DEBUG. We don't send by it, but
# whoever imports it beside us shall not find the key in a log either.
logging.getLogger("python_http_client").setLevel(logging.WARNING)

_OWN_HEADERS: Mapping[str, str] = {"Auto-Submitted": "auto-generated"}
_NOT_IN_NAMES = re.compile(r"\s*[;,]\s*")


def build_body(envelope: Envelope, *, unsubscribe_group: int = 0) -> Body:
    """The body for one recipient: our id in it, no tracking of SendGrid's."""
    whole = envelope.make_whole()
    content = [{"type": "text/plain", "value": whole.text}]
    if whole.html:
        content.append({"type": "text/html", "value": whole.html})
    return {
        **_build_shared(envelope, unsubscribe_group),
        "headers": {**envelope.headers, **_OWN_HEADERS},
        "personalizations": [_build_person(envelope, headers={})],
        "subject": whole.subject,
        "content": content,
    }


def encode_body(body: Body) -> bytes:
    return orjson.dumps(body)


def encode_person(envelope: Envelope) -> bytes:
    """The personalization of one recipient among many, as JSON."""
    person = _build_person(envelope, headers=envelope.headers)
    person["substitutions"] = envelope.substitutions
    return orjson.dumps(person)


def build_bulk_head(envelope: Envelope, *, unsubscribe_group: int = 0) -> Body:
    """What all recipients of the envelope's skeleton share; their personalizations are still missing."""
    skeleton = envelope.skeleton
    assert skeleton is not None  # noqa: S101 (only envelopes with one are grouped)
    content = [{"type": "text/plain", "value": skeleton.text}]
    if skeleton.html:
        content.append({"type": "text/html", "value": skeleton.html})
    shared = _build_shared(envelope, unsubscribe_group)
    return {**shared, "headers": {**_OWN_HEADERS}, "subject": skeleton.subject, "content": content}


def join_bulk(head: Body, people: Sequence[bytes]) -> bytes:
    """The body of a request for many: the head and the encoded personalizations."""
    return b'%b,"personalizations":[%b]}' % (orjson.dumps(head)[:-1], b",".join(people))


def _build_person(envelope: Envelope, *, headers: Mapping[str, str]) -> Body:
    person: Body = {
        "to": [_build_recipient(envelope)],
        "custom_args": {DELIVERY_ARG: str(envelope.delivery_id)},
    }
    if headers:
        person["headers"] = headers
    return person


def _build_recipient(envelope: Envelope) -> Body:
    """SendGrid takes no ; or , in a recipient's name; a blank keeps it readable."""
    recipient = {"email": to_ascii_address(envelope.to_email)}
    if name := _NOT_IN_NAMES.sub(" ", envelope.to_name).strip():
        recipient["name"] = name
    return recipient


def _build_shared(envelope: Envelope, unsubscribe_group: int) -> Body:
    group = unsubscribe_group if envelope.message_class == "marketing" else 0
    return _build_settings(
        envelope.from_email, envelope.from_name, envelope.reply_to, envelope.category, group
    )


@lru_cache(maxsize=256)
def _build_settings(from_email: str, from_name: str, reply_to: str, category: str, group: int) -> Body:
    """By SendGrid's own types, which know the names of its settings; the same for a whole campaign."""
    mail = sg.Mail(from_email=sg.From(to_ascii_address(from_email), from_name or None))
    if reply_to:
        mail.reply_to = sg.ReplyTo(to_ascii_address(reply_to))
    if category:
        mail.add_category(sg.Category(category))
    if group:
        mail.asm = sg.Asm(sg.GroupId(group))
    mail.tracking_settings = sg.TrackingSettings(
        click_tracking=sg.ClickTracking(enable=False, enable_text=False),
        open_tracking=sg.OpenTracking(enable=False),
        subscription_tracking=sg.SubscriptionTracking(enable=False),
        ganalytics=sg.Ganalytics(enable=False),
    )
    settings: Body = mail.get()
    return settings
