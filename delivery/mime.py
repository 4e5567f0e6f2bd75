"""An envelope as the bytes of an internet message (RFC 5322), for SMTP and the preview inbox.

The header block is written here, because the standard library folds a long List-Unsubscribe address
into encoded words, which no mailbox reads.
"""

import base64
import binascii
import re
from datetime import datetime
from email.header import Header
from email.utils import format_datetime

from delivery.addresses import to_ascii_address
from delivery.base import Envelope
from delivery.validation import explain_unsafe_header

_LINE_MAX = 76
_FOLD = "\r\n "
_LINE_END = re.compile(r"\r\n?|\n")
# Words that survive folding and can't be mistaken for an encoded word.
_PLAIN = re.compile(r"(?!.*=\?)[!-~]{1,60}( [!-~]{1,60})*")


def message_id(envelope: Envelope) -> str:
    """`<delivery id@sender's domain>`: the same for every attempt, so that a double can be recognised."""
    domain = to_ascii_address(envelope.from_email).rpartition("@")[2]
    return f"<{envelope.delivery_id}@{domain}>"


def build_mime(envelope: Envelope, *, now: datetime) -> bytes:
    """The whole message in 7-bit lines that end in CRLF.

    Raises ValueError (AddressError for an address) if a header could be injected; validation finds these
    earlier with a better explanation, and this is the last door.
    """
    headers = {
        "From": _format_mailbox("From", envelope.from_name, address=envelope.from_email),
        "To": _format_mailbox("To", envelope.to_name, address=envelope.to_email),
        "Subject": _encode_text("Subject", envelope.subject),
        "Date": format_datetime(now),
        "Message-ID": message_id(envelope),
        "Auto-Submitted": "auto-generated",
    }
    if envelope.reply_to:
        headers["Reply-To"] = to_ascii_address(envelope.reply_to)
    for name, value in envelope.headers.items():
        headers[name] = _fold(name, _refuse_breaks(name, value))
    block = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return block.encode("ascii") + _build_body(envelope)


def _build_body(envelope: Envelope) -> bytes:
    """The text, or both alternatives with the HTML last, as the better one."""
    if not envelope.html:
        return b"MIME-Version: 1.0\r\n" + _build_part("plain", envelope.text)
    boundary = f"=_{envelope.delivery_id.hex}"  # can't occur: neither encoding writes "=_"
    head = f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n'
    rule = f"--{boundary}".encode()
    parts = (_build_part("plain", envelope.text), _build_part("html", envelope.html))
    return head.encode() + b"".join(rule + b"\r\n" + part + b"\r\n" for part in parts) + rule + b"--\r\n"


def _build_part(subtype: str, body: str) -> bytes:
    raw = _LINE_END.sub("\n", body).encode()
    # Readable where it is mostly ASCII, else the shorter encoding. Both in C: the email package's own
    # quoted-printable takes 3 ms for a usual email.
    if len(raw) > 1.2 * len(body):
        encoding, encoded = "base64", base64.encodebytes(raw)
    else:
        encoding, encoded = "quoted-printable", binascii.b2a_qp(raw, istext=True)
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    return head.encode() + encoded.rstrip(b"\n").replace(b"\n", b"\r\n") + b"\r\n"


def _format_mailbox(header: str, name: str, *, address: str) -> str:
    ascii_address = to_ascii_address(address)
    if not name:
        return ascii_address
    if _PLAIN.fullmatch(_refuse_breaks(header, name)):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        shown = f'"{escaped}"'
    else:
        shown = _encode_text(header, name)
    fits = len(header) + len(shown) + len(ascii_address) + 5 <= _LINE_MAX
    return f"{shown}{' ' if fits else _FOLD}<{ascii_address}>"


def _encode_text(header: str, value: str) -> str:
    if _PLAIN.fullmatch(_refuse_breaks(header, value)):
        return _fold(header, value)
    encoded = Header(value, "utf-8", maxlinelen=_LINE_MAX, header_name=header).encode(linesep="\r\n")
    return str(encoded)


def _fold(header: str, value: str) -> str:
    """Break the line at spaces where the next word would not fit."""
    lines, room = [""], _LINE_MAX - len(header) - 2
    for word in value.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines.append(word)
            room = _LINE_MAX - 1
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return _FOLD.join(lines)


def _refuse_breaks(header: str, value: str) -> str:
    if why := explain_unsafe_header(value):
        raise ValueError(f"{header} {why}")
    return value
