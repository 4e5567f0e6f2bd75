"""Effects as people write them: so much more or less of a metric for 100 people, in the page's language."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from babel.numbers import format_decimal, get_currency_precision
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboard.formatting import current_locale, format_money, localise_digits
from experiments.comparisons import Metric
from experiments.statistics import Interval

MONEY = frozenset({Metric.REVENUE, Metric.MARGIN, Metric.ORDER_VALUE})
UNITS: dict[Metric, "str | Promise"] = {
    Metric.CLICK: _("people who clicked, of 100"),
    Metric.CONVERSION: _("orders per 100 people"),
    Metric.REVENUE: _("revenue per 100 people"),
    Metric.MARGIN: _("margin per 100 people"),
    Metric.ORDER_VALUE: _("revenue per order"),
}


@dataclass(frozen=True, slots=True)
class Scale:
    """How one metric's effects are written together: the same decimals, so that they can be compared."""

    metric: Metric
    currency: str
    decimals: int

    @property
    def unit(self) -> str:
        return str(UNITS[self.metric])

    def write(self, effect: float) -> str:
        """With its sign, for 100 people (an order's value: for one order)."""
        number = self.size(abs(effect))
        return f"{_sign(effect, self.decimals, self.factor)}{number}"

    def size(self, effect: float) -> str:
        """Without a sign."""
        if self.metric in MONEY:
            return format_money(round(effect * self.factor, self.decimals), self.currency)
        pattern = "#,##0." + "0" * self.decimals if self.decimals else "#,##0"
        number = format_decimal(
            effect * self.factor, format=pattern, locale=current_locale(), numbering_system="default"
        )
        return localise_digits(number)

    @property
    def factor(self) -> int:
        return 1 if self.metric is Metric.ORDER_VALUE else 100


def choose_scale(metric: Metric, currency: str, ranges: Iterable[Interval]) -> Scale:
    """As many decimals as the narrowest of the ranges deserves; money has those of its currency."""
    if metric in MONEY:
        return Scale(metric, currency, get_currency_precision(currency))
    widths = [range_.high - range_.low for range_ in ranges if range_.high > range_.low]
    if not widths:
        return Scale(metric, currency, 1)
    return Scale(metric, currency, min(max(1, math.ceil(-math.log10(min(widths) * 100 / 2))), 4))


def _sign(effect: float, decimals: int, factor: int) -> str:
    """A real minus, and no sign before what reads as zero."""
    rounded = round(effect * factor, decimals)
    return "+" if rounded > 0 else "−" if rounded < 0 else ""
