"""Event Webhook posts as SendGrid makes them, signed with a key of the test's own."""

import base64
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

EVENT_EXTRAS: dict[str, dict[str, Any]] = {
    "processed": {},
    "deferred": {"response": "451 4.2.1 try again later", "attempt": "1"},
    "delivered": {"response": "250 OK", "tls": 1},
    "dropped": {"reason": "Bounced Address", "status": "5.0.0"},
    "open": {"useragent": "Mozilla/5.0", "sg_content_type": "html", "sg_machine_open": False},
    "click": {"useragent": "Mozilla/5.0", "url": "https://shop.example/", "url_offset": {"index": 0}},
    "bounce": {
        "type": "bounce",
        "status": "5.1.1",
        "reason": "550 5.1.1 unknown user",
        "bounce_classification": "Invalid Address",
    },
    "spamreport": {},
    "unsubscribe": {},
}


class EventSigner:
    """Writes and signs event posts. `public_key` is what SENDGRID_WEBHOOK_KEYS would hold."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        der = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.public_key = base64.b64encode(der).decode()

    def sign(self, events: Sequence[object], *, at: datetime) -> tuple[dict[str, str], bytes]:
        """Headers and body of a post, its body ending in CRLF like the real ones."""
        body = json.dumps(events).encode() + b"\r\n"
        timestamp = str(int(at.timestamp()))
        signature = self._key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        headers = {
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
            "Content-Type": "application/json",
        }
        return headers, body


def make_event(
    request_body: Mapping[str, Any], event: str, *, at: datetime, message_id: str = "", **extras: object
) -> dict[str, Any]:
    """An event of the email that a request handed over, custom arguments flattened into it."""
    person = request_body["personalizations"][0]
    message_id = message_id or uuid.uuid4().hex
    return {
        "email": person["to"][0]["email"],
        "timestamp": int(at.timestamp()),
        "event": event,
        "sg_event_id": base64.urlsafe_b64encode(uuid.uuid4().bytes).decode(),
        "sg_message_id": f"{message_id}.recvd-6b4-1",
        "smtp-id": f"<{message_id}@geopod-ismtpd-1>",
        "category": request_body.get("categories", []),
        **person.get("custom_args", {}),
        **EVENT_EXTRAS.get(event, {}),
        **extras,
    }
