"""Reads single values as shops write them. Every reader returns the clean value or raises BadValue.

Optional texts may be empty, which clears what is stored; the schemas demand the required ones.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from babel import Locale
from babel.numbers import list_currencies
from email_validator import EmailNotValidError, validate_email

MONEY_LIMIT = Decimal(10) ** 12
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)

_CENT = Decimal("0.01")
_MONEY = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|[0-9]{3}))?", re.IGNORECASE)
_NOT_COUNTRIES = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}


class BadValue(ValueError):  # noqa: N818 - says what the value is
    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def read_money(value: object) -> Decimal:
    """A decimal of at most 14 digits, rounded half up to 2 decimals: "3.335" is 3.34. Never negative."""
    text = repr(value) if isinstance(value, float) else str(value)
    if isinstance(value, str) and not _MONEY.fullmatch(value):
        raise BadValue(f"{show(value)} is not an amount.", "Write digits with a decimal point: 1234.50.")
    amount = Decimal(text)
    if amount < 0:
        raise BadValue(f"{text} is negative.", "Send money given back as order.refunded, not as a price.")
    if amount >= MONEY_LIMIT - _CENT / 2:
        raise BadValue("The amount is too large.", "At most 14 digits, 2 of them decimals.")
    return amount.quantize(_CENT, ROUND_HALF_UP)


@lru_cache(4096)
def read_time(value: str) -> datetime:
    """An aware datetime in UTC, from ISO 8601 with an offset."""
    example = "Write ISO 8601 with an offset: 2026-03-02T12:00:00+03:30 or …Z."
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        message = f"{show(value)} is not a time." if value else "The time is empty."
        raise BadValue(message, example) from None
    if time.tzinfo is None:
        raise BadValue(f"{show(value)} has no offset, so nobody knows which moment it is.", example)
    try:
        time = time.astimezone(UTC)
    except OverflowError:
        time = datetime.min.replace(tzinfo=UTC)
    if time < EARLIEST:
        raise BadValue(f"{show(value)} is before 1990.", "Check the clock and the unit of the sender.")
    return time


def read_email(value: str) -> str:
    """The address with its domain in lower case. Syntax only: no mail server is asked."""
    if not value:
        return ""
    try:
        return validate_email(value, check_deliverability=False).normalized
    except EmailNotValidError as error:
        # The address itself stays out of the message: errors end up in logs.
        raise BadValue("This is not an email address.", f"{error} Leave it out if there is none.") from None


@lru_cache(1024)
def read_currency(value: str) -> str:
    if value and value not in list_currencies():
        known = value.upper() in list_currencies()
        hint = f"Write {value.upper()}." if known else "Write the ISO 4217 code: EUR, ILS, IRR (not Toman)."
        raise BadValue(f"{show(value)} is not a currency code.", hint)
    return value


@lru_cache(1024)
def read_country(value: str) -> str:
    code = value.upper()
    if not value or (len(code) == 2 and code in Locale("en").territories and code not in _NOT_COUNTRIES):
        return code
    hint = "Write GB." if code == "UK" else "Write the two letters of ISO 3166-1: GB, IR, IL."
    raise BadValue(f"{show(value)} is not a country code.", hint)


@lru_cache(1024)
def read_language(value: str) -> str:
    """A BCP 47 tag in its usual case: fa, en-GB, zh-Hant-TW. Underscores are read as hyphens."""
    match = _LANGUAGE.fullmatch(value)
    if not value:
        return ""
    if not match or match[1].lower() not in Locale("en").languages:
        raise BadValue(f"{show(value)} is not a language tag.", "Write BCP 47: fa, ar, he, ru, en-GB.")
    language, script, region = match.groups(default="")
    return "-".join(part for part in (language.lower(), script.title(), region.upper()) if part)


@lru_cache(1024)
def read_timezone(value: str) -> str:
    if value and value not in available_timezones():
        raise BadValue(f"{show(value)} is not a time zone.", "Write the IANA name: Asia/Tehran.")
    return value


def read_url(value: str) -> str:
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and not re.search(r"\s", value)
    except ValueError:
        good = False
    if not good:
        raise BadValue(f"{show(value)} is not a web address.", "Write all of it: https://shop.example/p/1.")
    return value


READERS: dict[str, Callable[[Any], object]] = {
    "money": read_money,
    "date-time": read_time,
    "email": read_email,
    "currency": read_currency,
    "country": read_country,
    "language": read_language,
    "timezone": read_timezone,
    "uri": read_url,
}


def read_id(value: str | float) -> str:
    """Ids are kept as text: 17, 17.0 and "17" are the same id."""
    return str(int(value)) if isinstance(value, float) else str(value)


def show(value: object) -> str:
    """The value as an error message quotes it: short, on one line."""
    text = " ".join(str(value).split())
    return f"'{text if len(text) <= 40 else text[:39] + '…'}'"
