"""Words, numbers and times for the dashboard's templates."""

import math
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString

from campaigns.models import Campaign
from dashboard import control, formatting, icons, reasons, words
from dashboard.effects import Scale
from experiments.statistics import Interval

register = template.Library()


@register.filter
def count(number: int) -> str:
    return formatting.format_count(number)


@register.filter
def share(part: float | None) -> str:
    return "–" if part is None else formatting.format_share(part)


@register.filter
def points(difference: float) -> str:
    return formatting.format_points(difference)


@register.filter
def effect(value: float | str | None, scale: Scale) -> SafeString:
    """A difference on its metric's scale; its sign stays before it in every direction of reading.

    A template hands on an empty text for an end of an interval that isn't there.
    """
    text = scale.write(value) if isinstance(value, float | int) else "–"
    return format_html('<bdi dir="ltr">{}</bdi>', text)


@register.filter
def amounts(range_: Interval | None, currency: str) -> SafeString:
    """Money from the lower end to the upper, each isolated."""
    if range_ is None:
        return format_html("–")
    low, high = (formatting.format_money(round(end), currency) for end in (range_.low, range_.high))
    return format_html('<bdi dir="ltr">{}</bdi> … <bdi dir="ltr">{}</bdi>', low, high)


@register.filter
def limit(share: float) -> str:
    return formatting.format_share(share) if math.isfinite(share) else "–"


@register.filter
def two_places(number: float | None) -> SafeString:
    """A z as statisticians write it."""
    text = "–" if number is None else formatting.format_decimals(number, 2)
    return format_html('<bdi dir="ltr">{}</bdi>', text)


@register.filter
def share_of(part: int, whole: int) -> str:
    return formatting.format_share(part / whole) if whole else "–"


@register.filter
def figure(figures: Mapping[str, float], name: str) -> str:
    """A share out of a report, "–" where the report has none."""
    return formatting.localise_digits(f"{figures[name]:.3f}") if name in figures else "–"


@register.filter
def money(amount: Decimal | float | None, currency: str) -> str:
    return "–" if amount is None else formatting.format_money(amount, currency)


@register.filter
def sums(amounts: Mapping[str, Decimal]) -> str:
    return formatting.format_sums(amounts)


@register.filter
def score(number: float) -> str:
    return formatting.localise_digits(f"{number:.3g}")


@register.filter
def moment(at: datetime | None) -> str:
    return formatting.format_moment(at) if at else "–"


@register.filter
def day(at: date | datetime | None) -> str:
    return formatting.format_day(at) if at else "–"


@register.filter
def word(code: str, table: str) -> str:
    return words.find_word(table, code)


@register.filter
def tone(code: str) -> str:
    """The colour of a chip: good, warn, bad or plain."""
    return words.TONES.get(code, "plain")


@register.filter
def reason(code: str) -> str:
    return reasons.explain_reason(code)


@register.simple_tag
def icon(name: str) -> SafeString:
    mirrored = " icon--mirrored" if name in icons.MIRRORED else ""
    return format_html(
        '<svg class="icon{}" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="{}"/></svg>',
        mirrored,
        icons.PATHS[name],
    )


@register.filter
def why_paused(campaign: Campaign) -> str:
    return control.explain_pause(campaign)


@register.simple_tag
def find_stops() -> list[str]:
    """What holds mail back, a sentence each."""
    return control.find_stops()


@register.filter
def objection(code: str) -> str:
    return reasons.explain_objection(code)


@register.filter
def language(code: str) -> str:
    """The language's name in the language of the page, the code where nobody knows one."""
    try:
        return Locale.parse(code, sep="-").get_display_name(formatting.current_locale()) or code
    except (UnknownLocaleError, ValueError):
        return code


@register.simple_tag
def is_sample_shop() -> bool:
    """Whether the figures come from the demo, where opens and clicks are made up."""
    return bool(settings.PAIRWELL["SAMPLE_SHOP"])
