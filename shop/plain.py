"""Turns what a sender hands over into plain JSON that every database can keep, or says why not."""

import json
import math
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from hashlib import sha256
from uuid import UUID

from shop.receipts import FieldError

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

MAX_DEPTH = 10
MAX_TEXT = 10_000
MAX_ELEMENT_BYTES = 1024 * 1024

# Everything below space but tab and line ends, delete, the C1 block, and halves of surrogate pairs.
_FORBIDDEN = (*range(9), 11, 12, *range(14, 32), *range(127, 160))
_CLEAN = dict.fromkeys(_FORBIDDEN)


class NotPlain(ValueError):  # noqa: N818 - says what the element is
    def __init__(self, path: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.error = FieldError(path, message, hint)


def as_plain(value: object, path: str = "$", depth: int = 0) -> Json:
    """JSON types only: decimals, dates and UUIDs of Python callers become texts.

    Raises NotPlain on control characters, numbers that are not finite, and what is too deep or too long.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _check_text(value, path)
    if isinstance(value, int | float):
        return _check_number(value, path)
    if depth >= MAX_DEPTH:
        raise NotPlain(path, "This is nested too deeply.", f"At most {MAX_DEPTH} levels.")
    if isinstance(value, Mapping):
        return {
            _check_name(key, path): as_plain(item, join(path, key), depth + 1) for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [as_plain(item, f"{path}[{number}]", depth + 1) for number, item in enumerate(value)]
    return _as_text(value, path)


def digest(plain: Json) -> str:
    """SHA-256 of the one way to write this JSON: the order of names does not matter."""
    return sha256(canonical_bytes(plain)).hexdigest()


def canonical_bytes(plain: Json) -> bytes:
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def join(path: str, name: object) -> str:
    return str(name) if path == "$" else f"{path}.{name}"


def _check_text(value: str, path: str) -> str:
    if len(value) > MAX_TEXT:
        raise NotPlain(path, f"The text has {len(value)} characters.", f"At most {MAX_TEXT}.")
    if len(value.translate(_CLEAN)) != len(value):
        raise NotPlain(
            path, "The text holds a control character.", "Remove NUL and other control characters."
        )
    try:
        value.encode()
    except UnicodeEncodeError:
        raise NotPlain(path, "The text holds half of a surrogate pair.", "Send valid Unicode.") from None
    return value


def _check_number(value: int | float, path: str) -> int | float:
    if isinstance(value, int) and abs(value) >= 2**63:
        raise NotPlain(path, "The number is too large.", "Send long numbers as text.")
    if isinstance(value, float) and not math.isfinite(value):
        raise NotPlain(path, "NaN and Infinity are not JSON.", "Leave the field out if there is no value.")
    return value


def _as_text(value: object, path: str) -> str:
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    raise NotPlain(path, f"A {type(value).__name__} is not JSON.", "Send text, numbers, lists and objects.")


def _check_name(name: object, path: str) -> str:
    if not isinstance(name, str):
        raise NotPlain(path, f"The name {name!r:.40} is not text.", "Names in JSON objects are text.")
    return _check_text(name, path)
