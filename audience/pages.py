"""How our public pages speak: language, direction, dates, and as little of the address as will do."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import jdatetime
from babel.dates import format_date
from django.conf import settings
from django.conf.locale import LANG_INFO
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString

from shop.models import Customer

PAGE_LANGUAGES = ("en", "fa", "ar", "he", "ru", "de", "fr")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
_PERSIAN_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


def pick_language(*tags: str) -> str:
    """The first of these BCP 47 tags that our pages speak, else the shop's language, else English."""
    for tag in (*tags, str(settings.PAIRWELL["LANGUAGE"])):
        base = tag.replace("_", "-").partition("-")[0].lower()
        if base in PAGE_LANGUAGES:
            return base
    return "en"


def list_languages(current: str) -> list[tuple[str, str]]:
    """Code and own name of every language that the shop writes in, and of the current one."""
    codes = [code for code, _ in settings.LANGUAGES]
    return [(code, LANG_INFO[code]["name_local"]) for code in dict.fromkeys([*codes, current])]


def mask_address(address: str) -> str:
    """Enough for its owner to know it, too little for anyone else: s•••@g•••.com."""
    local, _, domain = address.rpartition("@")
    name, dot, ending = domain.rpartition(".")
    return f"{local[:1]}•••@{name[:1]}•••{dot}{ending}" if local and name else "•••"


# "г." would end a sentence with two full stops.
_DAYS = {"ru": "d MMMM y 'года'"}


def format_day(moment: datetime, language: str, timezone: str) -> str:
    """The day as people there write it; in Persian by the Iranian calendar."""
    try:
        day = moment.astimezone(ZoneInfo(timezone or settings.PAIRWELL["TIMEZONE"])).date()
    except (ZoneInfoNotFoundError, ValueError):
        day = moment.date()
    if language == "fa":
        jalali = jdatetime.date.fromgregorian(date=day)
        return f"{jalali.day} {jdatetime.date.j_months_fa[jalali.month - 1]} {jalali.year}".translate(
            _PERSIAN_DIGITS
        )
    return format_date(day, _DAYS.get(language, "long"), locale=language)


def render_page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, object],
    *,
    language: str,
    customer: Customer | None = None,
    status: int = 200,
) -> HttpResponse:
    """A page in this language that no browser caches, no robot indexes and no other site may frame."""
    facts = {
        "language": language,
        "direction": "rtl" if LANG_INFO[language]["bidi"] else "ltr",
        "shop": settings.PAIRWELL,
        "address": _show_address(customer.email if customer else ""),
    }
    with translation.override(language):
        html = render_to_string(template, {**facts, **context}, request)
    return HttpResponse(html, status=status, headers={**_HEADERS, "Content-Language": language})


def _show_address(address: str) -> SafeString:
    return format_html('<bdi dir="ltr">{}</bdi>', mask_address(address))
