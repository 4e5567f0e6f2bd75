"""Envelopes for tests: a right one, and any number of random right ones."""

import uuid
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from delivery.base import Envelope

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
UNSUBSCRIBE = {
    "List-Unsubscribe": "<https://shop.example/u/" + "t" * 120 + ">, <mailto:leave@shop.example>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
}


def make_envelope(**changes: Any) -> Envelope:
    fields: dict[str, Any] = {
        "delivery_id": uuid.uuid4(),
        "message_class": "marketing",
        "from_email": "hello@shop.example",
        "from_name": "فروشگاه نمونه",
        "to_email": "sara@customer.example",
        "to_name": "Sara",
        "subject": "یک پیشنهاد برای شما 🎁",
        "text": "سلام سارا\n.این نقطه در آغاز سطر است\n",
        "html": "<p dir='rtl'>سلام سارا</p>\n",
        "headers": dict(UNSUBSCRIBE),
        "category": "winback",
    }
    return Envelope(**{**fields, **changes})


# Letters of many scripts, emoji and marks, but nothing that a header may not hold.
safe_texts = st.text(
    st.characters(
        exclude_categories=["Cc", "Cs", "Mn", "Mc", "Me", "Zl", "Zp"], exclude_characters="\u202d\u202e%"
    )
)
_names = safe_texts.filter(lambda name: len(name) <= 60)
_subjects = safe_texts.filter(lambda subject: bool(subject.strip()))
_bodies = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\x0b\x0c\x1c\x1d\x1e\x85"))
_local_parts = st.from_regex(r"[a-z0-9+_'-]{1,20}(\.[a-z0-9]{1,9})?", fullmatch=True)
_domains = st.sampled_from(["customer.example", "bücher.de", "mail.example.com", "пример.рф", "例え.jp"])
addresses = st.builds("{}@{}".format, _local_parts, _domains)

envelopes = st.builds(
    make_envelope,
    message_class=st.sampled_from(["marketing", "transactional"]),
    from_name=_names,
    to_name=_names,
    to_email=addresses,
    reply_to=st.just("") | addresses,
    subject=_subjects,
    text=_bodies.filter(lambda body: bool(body.strip())),
    html=_bodies,
    category=st.from_regex(r"[a-z0-9-]{0,40}", fullmatch=True),
)
