"""Money of every currency in the shop's own, at the rates that were stored for that time."""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.conf import settings

from shop.models import ExchangeRate


@dataclass(frozen=True, slots=True)
class Rates:
    """All stored rates, in the order of their moments."""

    own: str
    by_currency: dict[str, list[tuple[datetime, Decimal]]]

    def convert(self, amount: Decimal, currency: str, at: datetime) -> Decimal | None:
        """The amount in the shop's currency by the rate valid at that moment; None where none was.

        Before the first stored rate of a currency that first one counts: a rate of the next day is
        nearer to the truth than none.
        """
        if currency == self.own:
            return amount
        known = self.by_currency.get(currency)
        if not known:
            return None
        newest = max(bisect_right(known, at, key=lambda pair: pair[0]) - 1, 0)
        return amount * known[newest][1]


def read_rates() -> Rates:
    """One query."""
    rates: dict[str, list[tuple[datetime, Decimal]]] = defaultdict(list)
    rows = ExchangeRate.objects.order_by("currency", "valid_from")
    for currency, valid_from, rate in rows.values_list("currency", "valid_from", "rate"):
        rates[currency].append((valid_from, rate))
    return Rates(settings.PAIRWELL["CURRENCY"], rates)
