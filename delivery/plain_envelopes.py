"""The envelopes that nothing can be wrong with, known at a glance: nearly all of them.

Going through every rule takes a third of a millisecond, and a broadcast has a million recipients. So what
they share is put to the rules once, and what differs has to look as it nearly always does. Whatever looks
different is no error yet: it is left to the rules, which also know how to say what is wrong.
"""

import re
import unicodedata
from functools import lru_cache
from uuid import UUID

from delivery.addresses import AddressError, to_ascii_address
from delivery.base import Envelope, Skeleton
from delivery.validation import NAME_CHARS_MAX, SUBJECT_CHARS_MAX, explain_unsafe_header, find_problems

_LEAVE = re.compile(r"<https://[!-;=?-~]{1,700}>(?:, <mailto:[!-;=?-~]{1,150}>)?")
_ONE_CLICK = "List-Unsubscribe=One-Click"
_CHARS_MAX = 2_000_000  # of text and HTML together; four bytes each are still less than any limit
_KEY_BEGINS = "SG."  # an API key in the content is for the rules to judge


def is_plain(envelope: Envelope) -> bool:
    """Whether no rule of `find_problems`, and none of SendGrid's, can object. False proves nothing."""
    return (
        _shares_are_fine(
            envelope.message_class,
            envelope.from_email,
            envelope.from_name,
            envelope.reply_to,
            envelope.category,
        )
        and _address_is_fine(envelope.to_email)
        and _leaves_are_fine(envelope)
        and _names_are_fine(envelope)
        and _content_is_fine(envelope)
    )


@lru_cache(maxsize=1024)
def _shares_are_fine(
    message_class: str, from_email: str, from_name: str, reply_to: str, category: str
) -> bool:
    """What is the same for a whole campaign, by the rules themselves."""
    if message_class not in ("transactional", "marketing") or "@" in category or not category.isascii():
        return False
    probe = Envelope(
        UUID(int=0), "transactional", from_email, from_name, "a@b.example", "", "s", "t", "",
        reply_to=reply_to, category=category,
    )  # fmt: skip
    return not find_problems(probe) and len(category) <= NAME_CHARS_MAX


def _address_is_fine(address: str) -> bool:
    try:
        return bool(to_ascii_address(address))
    except AddressError:
        return False


def _leaves_are_fine(envelope: Envelope) -> bool:
    """Whether the way out is that of one-click unsubscribe, or none where none is needed."""
    others = dict(envelope.headers)
    target, post = others.pop("List-Unsubscribe", ""), others.pop("List-Unsubscribe-Post", "")
    if others and not _others_are_fine(tuple(others.items())):
        return False
    if not target and not post:
        return envelope.message_class == "transactional"
    return post == _ONE_CLICK and bool(_LEAVE.fullmatch(target)) and "%0" not in target


@lru_cache(maxsize=1024)
def _others_are_fine(headers: tuple[tuple[str, str], ...]) -> bool:
    """Headers that are the same for a whole campaign, by the rules themselves."""
    names = [name.lower() for name, _ in headers]
    if any(name.startswith("list-unsubscribe") for name in names):
        return False
    probe = Envelope(
        UUID(int=0),
        "transactional",
        "a@b.example",
        "",
        "a@b.example",
        "",
        "s",
        "t",
        "",
        headers=dict(headers),
    )
    return not find_problems(probe)


def _names_are_fine(envelope: Envelope) -> bool:
    name, subject = envelope.to_name, envelope.subject
    both = f"{name} {subject}"
    if explain_unsafe_header(both) or not subject.strip():
        return False
    if not both.isascii() and any(map(unicodedata.combining, both)):
        return False
    return len(name) <= NAME_CHARS_MAX and len(subject) <= SUBJECT_CHARS_MAX


def _content_is_fine(envelope: Envelope) -> bool:
    if envelope.skeleton is None:
        return bool(envelope.text.strip()) and _text_is_fine(envelope.text + envelope.html)
    return _skeleton_is_fine(envelope.skeleton, tuple(envelope.substitutions)) and _text_is_fine(
        "".join(envelope.substitutions.values())
    )


@lru_cache(maxsize=1024)
def _skeleton_is_fine(skeleton: Skeleton, tags: tuple[str, ...]) -> bool:
    """Whether there is text even where every value is empty."""
    _, text, _ = skeleton.fill(dict.fromkeys(tags, ""))
    return bool(text.strip()) and _text_is_fine(skeleton.text + skeleton.html)


def _text_is_fine(text: str) -> bool:
    if "\0" in text or _KEY_BEGINS in text or len(text) > _CHARS_MAX:
        return False
    try:
        text.encode()  # fails for half of a character
    except UnicodeEncodeError:
        return False
    return True
