"""Experiments with weeks of day totals, looked at and decided as the nightly work does it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from campaigns.models import Campaign
from experiments.decided import decide_day
from experiments.epochs import open_epoch
from experiments.looks import take_looks
from experiments.models import DayTotals, Experiment, Variant
from experiments.running import start

FIRST = date(2026, 3, 2)
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
LATER = START + timedelta(days=60)


def make_trial(key: str = "question", **fields: Any) -> Experiment:
    """A running experiment with two versions and a few who get nothing."""
    facts = {"name": "Statement or question", "holdout_share": 0.1, "planned_people": 18_000}
    experiment = Experiment.objects.create(key=key, salt=key, **{**facts, **fields})
    Variant.objects.create(experiment=experiment, key="control", name="Statement", is_control=True)
    changes = {"texts": {"en": {"subject": "Did you forget something?"}}}
    Variant.objects.create(experiment=experiment, key="question", name="Question", changes=changes)
    return start(experiment, START, actor="Mina")


def live_on(
    experiment: Experiment, days: int, orders: tuple[int, int, int] = (9, 16, 0), people: int = 300
) -> None:
    """So many days of people, and what of each day's ordered: control, question, held out."""
    epoch = open_epoch(experiment, list(experiment.variants.all()), START)
    for day in range(days):
        for arm, ordered, size in zip(
            ("control", "question", ""), orders, (people, people, people * 2 // 9), strict=True
        ):
            _write_day(epoch, arm, FIRST + timedelta(days=day), size, ordered)
    Experiment.objects.filter(pk=experiment.pk).update(counted_at=LATER)
    take_looks(experiment, LATER)
    decide_day(experiment, LATER)


def join_flow(experiment: Experiment, **fields: Any) -> Campaign:
    return Campaign.objects.create(
        key=f"flow-{experiment.key}",
        name="Left cart",
        message_class="marketing",
        experiment=experiment,
        **fields,
    )


def _write_day(epoch: Any, arm: str, day: date, people: int, orders: int) -> None:
    mailed = people if arm else 0
    for market, share in (("GB", 0.8), ("IR", 0.2)):
        count, bought = round(people * share), round(orders * share)
        DayTotals.objects.create(
            epoch=epoch,
            arm=arm,
            market=market,
            day=day,
            is_matured=True,
            people=count,
            mailed=round(mailed * share),
            delivered=round(mailed * share * 0.98),
            opened=round(mailed * share * 0.4),
            clicked=bought * 3 if arm else 0,
            converted=bought,
            orders=bought,
            orders_squares=bought,
            revenue=30.0 * bought,
            revenue_squares=1000.0 * bought,
            revenue_orders=30.0 * bought,
            revenue_uncapped=32.0 * bought,
            attributed=20.0 * bought if arm else 0.0,
        )
