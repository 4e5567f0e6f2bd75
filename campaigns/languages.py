"""Languages of emails: fallback, direction, and money, dates, numbers and plurals as people write them."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache, partial
from typing import Any, Literal, cast, get_args
from unicodedata import bidirectional
from zoneinfo import ZoneInfo

import jdatetime
from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date as babel_format_date
from babel.numbers import format_currency, format_decimal, get_currency_symbol
from pyluach.dates import HebrewDate

from campaigns.amounts import AmountForm, read_form

Direction = Literal["ltr", "rtl"]
DateLength = Literal["short", "medium", "long", "full", "hebrew"]
DATE_LENGTHS: tuple[str, ...] = get_args(DateLength)

LAST_RESORT = "en"
MOST_DIGITS = 27  # before and after the point: decimals are counted with 28, and more is no amount
LRM = "\N{LEFT-TO-RIGHT MARK}"
DIGITS = {"arab": "٠١٢٣٤٥٦٧٨٩", "arabext": "۰۱۲۳۴۵۶۷۸۹"}
# Before and after; without a language of its own the quotation marks of English.
QUOTATION = {"en": "“”", "fa": "«»", "ar": "«»", "he": "״״", "ru": "«»", "de": "„“",
             "fr": ("«\N{NARROW NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}»")}  # fmt: skip
SOLAR_MONTHS = {
    "fa": ["فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور",
           "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند"],
    "fa-AF": ["حمل", "ثور", "جوزا", "سرطان", "اسد", "سنبله",
              "میزان", "عقرب", "قوس", "جدی", "دلو", "حوت"],
}  # fmt: skip


def normalise_tag(tag: str) -> str:
    """`fa_af` and `FA-AF` become `fa-AF`."""
    language, *rest = tag.strip().replace("_", "-").split("-")
    return "-".join([language.lower(), *(part.upper() if len(part) == 2 else part.title() for part in rest)])


def fallback_chain(tag: str, default: str) -> tuple[str, ...]:
    """Where a text is looked for, in this order: fa-AF, fa, the shop's language, English."""
    chain: list[str] = []
    for wanted in (tag, default, LAST_RESORT):
        parts = normalise_tag(wanted).split("-") if wanted else []
        chain += ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return tuple(dict.fromkeys(chain))


@lru_cache(maxsize=256)
def find_locale(tag: str) -> Locale:
    """What Babel knows of the language; of its base language, or of English, where it knows nothing."""
    for wanted in fallback_chain(tag, LAST_RESORT):
        try:
            return Locale.parse(wanted, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale(LAST_RESORT)


def market_of(language: str, country: str) -> str:
    """The tag to format for: "ar" in Egypt is "ar-EG", with its own digits; "ru" in Egypt stays "ru"."""
    if not country or "-" in language or not language:
        return language
    wanted = f"{language}-{country.upper()}"
    return wanted if find_locale(wanted).territory == country.upper() else language


def direction_of(tag: str) -> Direction:
    return cast(Direction, find_locale(tag).text_direction)


@lru_cache(maxsize=64)
def _digit_table(tag: str) -> dict[int, str]:
    digits = DIGITS.get(find_locale(tag).default_numbering_system or "", "")
    return {ord(str(value)): digit for value, digit in enumerate(digits)}


def _refuse_structure(name: str, value: object) -> None:
    if isinstance(value, dict | list):
        kind = "dictionary" if isinstance(value, dict) else "list"
        raise TypeError(f"|{name} got a {kind}; name the value inside it")


def _as_decimal(value: object) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    is_sane = number.is_finite() and abs(number.adjusted()) <= MOST_DIGITS
    return number if is_sane else None


@lru_cache(maxsize=16_384)
def format_money(amount: object, currency: str, *, language: str) -> str:
    """The amount with its currency, in the currency's own decimals and the language's digits.

    Nothing is converted and nothing made up: an unknown currency shows its code, no currency shows a
    bare number, an amount that is no number is shown as it came, and no amount is shown as nothing.
    """
    if amount is None or amount == "":
        return ""
    number = _as_decimal(amount)
    if number is None:
        return f"{amount} {currency}".strip()
    if not currency:
        return format_number(number, language=language)
    form = _find_form(currency, language)
    if form and form.takes(number):
        return form.write(number)
    return _write_money(number, currency, language)


@lru_cache(maxsize=1024)
def _find_form(currency: str, language: str) -> AmountForm | None:
    return read_form(lambda amount: _write_money(amount, currency, language))


def _write_money(number: Decimal, currency: str, language: str) -> str:
    """The amount as Babel writes it."""
    is_known = currency.upper() in get_global("all_currencies")
    text = format_currency(
        number,
        currency.upper(),
        format=_WORD_LAST if _is_persian_word(currency, language) else None,
        locale=find_locale(language),
        numbering_system="default",
        currency_digits=is_known,
    )
    return _keep_symbol_whole(text, currency, language).translate(_digit_table(language))


# CLDR puts a Persian currency before the amount; Iranian shops write "۱۲۰٬۰۰۰ ریال".
_WORD_LAST = "#,##0.00\N{NO-BREAK SPACE}¤"


def _is_persian_word(currency: str, language: str) -> bool:
    symbol = get_currency_symbol(currency.upper(), locale=find_locale(language))
    return find_locale(language).language == "fa" and bidirectional(symbol[0]) == "AL"


def _keep_symbol_whole(text: str, currency: str, language: str) -> str:
    """In a line from right to left "UK£" would be shown as "£UK" without a mark behind it."""
    symbol = get_currency_symbol(currency.upper(), locale=find_locale(language))
    needs_mark = direction_of(language) == "rtl" and symbol[:1].isascii() and symbol[:1].isalpha()
    return text.replace(symbol, f"{symbol}{LRM}") if needs_mark else text


def format_number(value: object, *, language: str) -> str:
    # Only these are kept: True and Decimal("1.0") are equal to 1, yet shown in another way.
    return (_keep_number if type(value) in (int, str) else _write_number)(value, language)


def _write_number(value: object, language: str) -> str:
    number = _as_decimal(value)
    if number is None:
        _refuse_structure("number", value)
        return str(value)
    text = format_decimal(number, locale=find_locale(language), numbering_system="default")
    return text.translate(_digit_table(language))


_keep_number = lru_cache(maxsize=16_384)(_write_number)


def _as_local_date(value: object, timezone: str) -> date | None:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        return None
    if isinstance(value, str) and len(value) == 10:  # a calendar day is the same day everywhere
        return moment.date()
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(ZoneInfo(timezone)).date()


def format_date(value: object, length: DateLength = "long", *, language: str, timezone: str = "UTC") -> str:
    """The day in the given time zone; for Persian in the solar calendar of Iran (or of Afghanistan).

    The length `hebrew` gives the day of the Hebrew calendar, in Hebrew letters for Hebrew readers.

    `value` is an ISO 8601 string, a date or a datetime. What can't be read is shown as it came.
    """
    day = (_keep_local_date if type(value) is str else _as_local_date)(value, timezone)
    if day is None:
        _refuse_structure("date", value)
        return str(value)
    return _write_day(day, length, language)


_keep_local_date = lru_cache(maxsize=4096)(_as_local_date)


_AFTER_DAY = re.compile(r"(?<=\d) (?=\w)")


@lru_cache(maxsize=4096)
def _write_day(day: date, length: DateLength, language: str) -> str:
    if length == "hebrew":
        hebrew = HebrewDate.from_pydate(day)
        return str(hebrew.hebrew_date_string() if language.split("-")[0] == "he" else f"{hebrew:%-d %B %Y}")
    text = (
        _format_solar_date(day, length, language)
        if language.split("-")[0] == "fa"
        else babel_format_date(day, format=length, locale=find_locale(language))
    )
    if find_locale(language).language == "he":  # "22 ב…" at the end of a line is read as "22 in …"
        text = text.replace(" ", "\N{NO-BREAK SPACE}")
    elif find_locale(language).language == "ru":  # the day stays with its month
        text = _AFTER_DAY.sub("\N{NO-BREAK SPACE}", text)
    return text.translate(_digit_table(language))


def _format_solar_date(day: date, length: DateLength, language: str) -> str:
    solar = jdatetime.date.fromgregorian(date=day)
    if length == "short":
        return f"{solar.year}/{solar.month:02}/{solar.day:02}"
    months = SOLAR_MONTHS["fa-AF" if language == "fa-AF" else "fa"]
    return f"{solar.day} {months[solar.month - 1]} {solar.year}"


def choose_plural(count: object, *, language: str, **forms: str) -> str:
    """The form for this count (zero, one, two, few, many, other), with `{n}` replaced by the number.

    Categories are those of CLDR, so Russian asks for one, few and many and Arabic for all six; a form
    that is not given falls back to `other`.
    """
    category, number = (_keep_count if type(count) in (int, str) else _count)(count, language)
    chosen = forms.get(category) or forms.get("other") or next(iter(forms.values()), "{n}")
    return chosen.replace("{n}", number)


def _count(count: object, language: str) -> tuple[str, str]:
    """The category of CLDR, and the number as it is written."""
    _refuse_structure("plural", count)
    number = _as_decimal(count) or Decimal(0)
    return find_locale(language).plural_form(number), format_number(number, language=language)


_keep_count = lru_cache(maxsize=16_384)(_count)


def quote_text(text: object, *, language: str) -> str:
    """The text between the quotation marks of the language, «…» in Persian, Arabic and Russian."""
    _refuse_structure("quoted", text)
    before, after = QUOTATION.get(find_locale(language).language, QUOTATION["en"])
    return f"{before}{text}{after}"


@lru_cache(maxsize=64)
def formatting_filters(language: str, timezone: str) -> Mapping[str, Callable[..., Any]]:
    """The Jinja filters `money`, `date`, `number` and `plural`, bound to a language and a time zone.

    Each raises TypeError for a list or a dictionary.
    """
    # Bound first: what is kept is found by fewer arguments.
    keep_money = lru_cache(maxsize=16_384)(partial(format_money, language=language))

    def money(amount: object, currency: str) -> str:
        try:
            return keep_money(amount, currency)
        except TypeError:  # what can't be hashed is no amount
            _refuse_structure("money", amount)
            _refuse_structure("money", currency)
            raise

    return {
        "money": money,
        "date": partial(format_date, language=language, timezone=timezone),
        "number": partial(format_number, language=language),
        "plural": partial(choose_plural, language=language),
        "quoted": partial(quote_text, language=language),
    }
