"""Numbers, money and times as people write them, in the language of the page.

Persian gets its own digits and the Solar Hijri calendar; the rest follows CLDR through Babel.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

import jdatetime
from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_compact_decimal, format_currency, format_decimal, format_percent
from django.conf import settings
from django.utils.translation import get_language

_PERSIAN_DIGITS = str.maketrans("0123456789%", "۰۱۲۳۴۵۶۷۸۹٪")
_PERSIAN_MONTHS = (
    "فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند".split()  # noqa: SIM905 (reads better)
)


@lru_cache(maxsize=32)
def _parse_locale(language: str) -> Locale:
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en", "GB")


def current_locale() -> Locale:
    """British English stands for plain `en`, so that days come before months."""
    language = get_language() or "en"
    return _parse_locale("en-GB" if language == "en" else language)


def shop_timezone() -> ZoneInfo:
    return ZoneInfo(settings.PAIRWELL["TIMEZONE"])


def localise_digits(text: str) -> str:
    return text.translate(_PERSIAN_DIGITS) if current_locale().language == "fa" else text


def format_count(number: int) -> str:
    return localise_digits(format_decimal(number, locale=current_locale(), numbering_system="default"))


def format_compact(number: float) -> str:
    """For chart axes: 1.2K."""
    return localise_digits(
        format_compact_decimal(number, locale=current_locale(), fraction_digits=1, numbering_system="default")
    )


def format_share(share: float) -> str:
    """A share of 1 as a percentage; one digit after the point below ten per cent."""
    pattern = "#,##0.0%" if 0 < abs(share) < 0.1 else "#,##0%"
    return localise_digits(
        format_percent(share, format=pattern, locale=current_locale(), numbering_system="default")
    )


def format_decimals(number: float, places: int) -> str:
    """A plain number with so many digits after the point."""
    pattern = "#,##0." + "0" * places
    return localise_digits(
        format_decimal(number, format=pattern, locale=current_locale(), numbering_system="default")
    )


def format_points(difference: float) -> str:
    """A difference of two shares with its sign, in percentage points."""
    number = format_decimal(
        difference * 100, format="+#,##0.0;-#,##0.0", locale=current_locale(), numbering_system="default"
    )
    return localise_digits(number)


def format_money(amount: Decimal | float, currency: str) -> str:
    return localise_digits(
        format_currency(amount, currency, locale=current_locale(), numbering_system="default")
    )


def format_sums(sums: Mapping[str, Decimal]) -> str:
    """Money in several currencies, never added up across them; the shop's own zero when there is none."""
    if not sums:
        return format_money(Decimal(0), settings.PAIRWELL["CURRENCY"])
    return " + ".join(format_money(amount, currency) for currency, amount in sorted(sums.items()))


def format_day(day: date | datetime) -> str:
    """The day with its year, in the shop's time zone."""
    local = day.astimezone(shop_timezone()).date() if isinstance(day, datetime) else day
    if current_locale().language == "fa":
        solar = jdatetime.date.fromgregorian(date=local)
        return localise_digits(f"{solar.day} {_PERSIAN_MONTHS[solar.month - 1]} {solar.year}")
    return str(format_date(local, "d MMM y", locale=current_locale()))


def format_short_day(day: date) -> str:
    """The day without its year, for chart axes."""
    if current_locale().language == "fa":
        solar = jdatetime.date.fromgregorian(date=day)
        return localise_digits(f"{solar.day} {_PERSIAN_MONTHS[solar.month - 1]}")
    return str(format_date(day, "d MMM", locale=current_locale()))


def format_moment(moment: datetime) -> str:
    local = moment.astimezone(shop_timezone())
    return f"{format_day(local)}, {localise_digits(f'{local:%H:%M}')}".replace(
        ",", "،" if current_locale().language in {"fa", "ar"} else ","
    )
