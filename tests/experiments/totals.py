"""Day totals for tests, written as the roll-up would have: so many people a day and arm."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from experiments.epochs import open_epoch
from experiments.models import DayTotals, Experiment
from tests.experiments.people import NOW

FIRST = date(2026, 3, 2)


def fill_days(
    experiment: Experiment,
    days: int,
    arms: Mapping[str, Mapping[str, Any]],
    *,
    start: int = 0,
    markets: Sequence[str] = ("GB",),
    is_matured: bool = True,
) -> None:
    """The same counts on each day, by arm ("" for the held out) and market."""
    epoch = open_epoch(experiment, list(experiment.variants.filter(weight__gt=0)), NOW)
    DayTotals.objects.bulk_create(
        DayTotals(
            epoch=epoch,
            arm=arm,
            market=market,
            day=FIRST + timedelta(days=start + day),
            is_matured=is_matured,
            **counts,
        )
        for day in range(days)
        for arm, counts in arms.items()
        for market in markets
    )
