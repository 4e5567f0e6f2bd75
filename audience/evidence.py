"""How long the proof of a consent is kept: as long as it may be asked for, and no longer."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from django.conf import settings

from audience.models import ConsentEntry
from audience.policies import add_months, combine

_PAGE = 1000
_SHORTEST_YEARS = 3


def clear_old_evidence(now: datetime) -> int:
    """Empties proof and conditions of every yes that a no ended so many years ago; returns how many lines.

    No marketing follows a no, so the years that some laws count from the last email are over then. State,
    basis and times stay: they are what the answer is made of. Two queries a thousand customers.
    """
    return sum(_clear(customers, now) for customers in _list_candidates(now))


def _list_candidates(now: datetime) -> Iterator[Sequence[int]]:
    """Pages of customers who said no long ago and of whom some proof is left."""
    proven = ConsentEntry.objects.filter(state=ConsentEntry.State.GRANTED).exclude(proof="", conditions={})
    old = ConsentEntry.objects.filter(
        state=ConsentEntry.State.WITHDRAWN, occurred_at__lte=add_months(now, -12 * _SHORTEST_YEARS)
    )
    wanted = proven.filter(customer__in=old.values("customer")).values_list("customer", flat=True).distinct()
    last = 0
    while page := list(wanted.filter(customer__gt=last).order_by("customer")[:_PAGE]):
        last = page[-1]
        yield page


def _clear(customers: Sequence[int], now: datetime) -> int:
    lines: dict[int, list[ConsentEntry]] = defaultdict(list)
    rows = ConsentEntry.objects.filter(customer__in=customers).select_related("customer")
    for row in rows.order_by("occurred_at", "id"):
        lines[row.customer_id].append(row)
    over = [pk for own in lines.values() for pk in _find_over(own, now)]
    return ConsentEntry.objects.filter(pk__in=over).update(proof="", text_version="", conditions={})


def _find_over(lines: Sequence[ConsentEntry], now: datetime) -> Iterator[int]:
    """The yes lines before the last no that is old enough. A line with nothing left counts as done."""
    years = combine(str(settings.PAIRWELL["COUNTRY"]), lines[0].customer.country).evidence_years
    nos = [line.occurred_at for line in lines if line.state == ConsentEntry.State.WITHDRAWN]
    ended = max((no for no in nos if add_months(no, 12 * years) <= now), default=None)
    for line in lines:
        is_yes = line.state == ConsentEntry.State.GRANTED
        if ended and is_yes and line.occurred_at <= ended and (line.proof or line.conditions):
            yield line.pk
