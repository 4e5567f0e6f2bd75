"""What is wrong with an envelope for every transport, found before a byte leaves.

Nothing is repaired in silence: a line break in a header is an attack or a bug, and both should be seen.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator

from delivery.addresses import AddressError, to_ascii_address
from delivery.base import Envelope, Problem

MESSAGE_CLASSES = ("transactional", "marketing", "legal")
SUBJECT_CHARS_MAX = 998
NAME_CHARS_MAX = 200
HEADER_LINE_MAX = 900  # RFC 5322 allows 998 octets; the rest is room for the name
HTML_BYTES_MAX = 10 * 1024 * 1024
TOTAL_BYTES_MAX = 30 * 1024 * 1024
RESERVED_HEADERS = frozenset(
    [
        "auto-submitted",
        "bcc",
        "cc",
        "content-transfer-encoding",
        "content-type",
        "date",
        "dkim-signature",
        "from",
        "message-id",
        "mime-version",
        "received",
        "reply-to",
        "return-path",
        "sender",
        "subject",
        "to",
        "x-sg-eid",
        "x-sg-id",
    ]
)

_UNSAFE = re.compile(
    r"(?P<control>[\x00-\x1f\x7f-\x9f\u2028\u2029])"
    r"|(?P<half>[\ud800-\udfff])"
    r"|(?P<override>[\u202d\u202e])"
    r"|(?P<encoded>%0[ad])",
    re.IGNORECASE,
)
_HEADER_NAME = re.compile(r"[!-9;-~]+")
_MARKS_MAX = 8
_UNSUBSCRIBE_URI = re.compile(r"<([^<>\s]+)>")
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?/")


def find_problems(envelope: Envelope) -> list[Problem]:
    """Everything wrong with the envelope, in the order of its fields; empty when it may leave."""
    return [problem for rule in _RULES for problem in rule(envelope)]


def explain_unsafe_header(value: str) -> str:
    """Why the text must not go into a header; empty when it may."""
    found = _UNSAFE.search(value)
    if not found:
        return ""
    if found["control"]:
        return f"holds the control character U+{ord(found['control']):04X}, which could start a new header."
    if found["half"]:
        return "holds half of a character (a lone surrogate) that can't be encoded."
    if found["override"]:
        return "holds a direction override that disguises text. Use isolates (U+2066 to U+2069)."
    return "holds a percent-encoded line break. Remove it where the value comes from."


def _check_class(envelope: Envelope) -> Iterator[Problem]:
    if envelope.message_class not in MESSAGE_CLASSES:
        yield Problem("message_class", f"Must be one of {', '.join(MESSAGE_CLASSES)}.")


def _check_addresses(envelope: Envelope) -> Iterator[Problem]:
    for field in ("from_email", "to_email", "reply_to"):
        address = getattr(envelope, field)
        if field == "reply_to" and not address:
            continue
        try:
            to_ascii_address(address)
        except AddressError as error:
            yield Problem(field, f"{error} Correct the address.")


def _check_header_texts(envelope: Envelope) -> Iterator[Problem]:
    for field in ("from_name", "to_name", "subject", "category"):
        value = getattr(envelope, field)
        if why := explain_unsafe_header(value):
            yield Problem(field, f"The text {why}")
        elif _has_mark_pile(value):
            yield Problem(field, f"More than {_MARKS_MAX} marks are piled on one letter. Use plain letters.")
        if field.endswith("name") and len(value) > NAME_CHARS_MAX:
            yield Problem(field, f"A name has at most {NAME_CHARS_MAX} characters; this has {len(value)}.")


def _has_mark_pile(value: str) -> bool:
    run = 0
    for character in "" if value.isascii() else value:
        run = run + 1 if unicodedata.combining(character) else 0
        if run > _MARKS_MAX:
            return True
    return False


def _check_subject(envelope: Envelope) -> Iterator[Problem]:
    if not envelope.subject.strip():
        yield Problem("subject", "The subject is empty. Give the template a subject in this language.")
    if len(envelope.subject) > SUBJECT_CHARS_MAX:
        yield Problem("subject", f"Longer than {SUBJECT_CHARS_MAX} characters. Shorten it.")


def _check_headers(envelope: Envelope) -> Iterator[Problem]:
    seen: set[str] = set()
    for name, value in envelope.headers.items():
        field = f"headers.{name}" if _HEADER_NAME.fullmatch(name) else "headers"
        if field == "headers":
            yield Problem(field, "A header name is made of visible ASCII characters without a colon.")
        if name.lower() in RESERVED_HEADERS:
            yield Problem(field, "Pairwell or the provider sets this header. Leave it out.")
        if name.lower() in seen:
            yield Problem(field, "The header is there twice. Keep one.")
        seen.add(name.lower())
        if why := _explain_bad_value(value):
            yield Problem(field, f"The value {why}")


def _explain_bad_value(value: str) -> str:
    if why := explain_unsafe_header(value):
        return why
    if not value.isascii():
        return "is not ASCII. Percent-encode addresses and leave other text out."
    if max(map(len, value.split()), default=0) > HEADER_LINE_MAX:
        return f"has a part of more than {HEADER_LINE_MAX} characters that can't be folded. Shorten it."
    return "" if value.strip() else "is empty. Leave the header out."


def _check_unsubscribe(envelope: Envelope) -> Iterator[Problem]:
    """RFC 8058: exactly one HTTPS address, and the POST header beside it."""
    headers = {name.lower(): value for name, value in envelope.headers.items()}
    target, post = headers.get("list-unsubscribe", ""), headers.get("list-unsubscribe-post", "")
    if not target and not post:
        if envelope.message_class == "marketing":
            yield Problem("headers.List-Unsubscribe", "Marketing email must carry one-click unsubscribe.")
        return
    web = [uri for uri in _UNSUBSCRIBE_URI.findall(target) if not uri.lower().startswith("mailto:")]
    if len(web) != 1 or not (web[0].startswith("https://") or _LOOPBACK.match(web[0])):
        yield Problem("headers.List-Unsubscribe", "Needs exactly one <https://…> address (RFC 8058).")
    if post != "List-Unsubscribe=One-Click":
        yield Problem("headers.List-Unsubscribe-Post", 'Must be "List-Unsubscribe=One-Click" (RFC 8058).')


def _check_bodies(envelope: Envelope) -> Iterator[Problem]:
    if not envelope.text.strip():
        yield Problem("text", "The text part is empty. Every email needs one, beside its HTML.")
    for field, body in (("text", envelope.text), ("html", envelope.html)):
        if "\0" in body:
            yield Problem(field, "Holds a NUL character, which mail can't carry. Clean the data.")
        if _holds_surrogate(body):
            yield Problem(field, "Holds half of a character (a lone surrogate). Clean the data.")


def _holds_surrogate(body: str) -> bool:
    try:
        body.encode()
    except UnicodeEncodeError:
        return True
    return False


def _check_sizes(envelope: Envelope) -> Iterator[Problem]:
    html, text = (len(body.encode(errors="replace")) for body in (envelope.html, envelope.text))
    if html > HTML_BYTES_MAX:
        yield Problem("html", f"{html:,} bytes; at most {HTML_BYTES_MAX:,}. Link to images.")
    if html + text > TOTAL_BYTES_MAX:
        yield Problem("text", f"The email has {html + text:,} bytes; at most {TOTAL_BYTES_MAX:,}.")


_RULES: tuple[Callable[[Envelope], Iterator[Problem]], ...] = (
    _check_class,
    _check_addresses,
    _check_header_texts,
    _check_subject,
    _check_headers,
    _check_unsubscribe,
    _check_bodies,
    _check_sizes,
)
