"""How long a result page takes for an experiment of a million people, and what it reads.

    python -m benchmarks.result_page [--short] [--json FILE]

Fills a database with assignments and their day totals: 1,000,000 people over 60 days, three variants and
a holdout, five markets (100,000 with --short), takes the looks of all days, and reads the page's report.
SQLite, unless DATABASE_URL names another database, which must be empty.
"""

import os
import random
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks._report import Bound, read_options, report

PEOPLE = {True: 100_000, False: 1_000_000}
DAYS, MARKETS, ARMS = 60, ("GB", "DE", "IR", "IL", "RU"), ("a", "b", "c", "")
START = datetime(2026, 1, 5, 12, tzinfo=UTC)


def main() -> None:
    options = read_options(__doc__ or "")
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{Path(folder) / 'bench.sqlite3'}")
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        import django

        django.setup()
        figures = _measure(PEOPLE[options.short])
    bounds = {"queries": Bound("at most", 9), "report_seconds": Bound("at most", 1.0)}
    report("A result page", figures, options, bounds=bounds)


def _measure(people: int) -> dict[str, float]:
    from django.core.management import call_command
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from experiments.looks import take_looks
    from experiments.models import Assignment, DayTotals, Look
    from experiments.report import read_report

    call_command("migrate", verbosity=0)
    experiment = _fill(people)
    looking = _time(lambda: take_looks(experiment, START + timedelta(days=90)))
    read_report(experiment)  # the bounds of these looks are computed once and cached
    with CaptureQueriesContext(connection) as queries:
        reading = min(_time(lambda: read_report(experiment)) for _ in range(3))
    touched = [q["sql"] for q in queries if "campaigns_" in q["sql"] or "experiments_assignment" in q["sql"]]
    assert not touched, touched
    return {
        "assigned_people": float(Assignment.objects.count()),
        "day_totals": float(DayTotals.objects.count()),
        "looks": float(Look.objects.count()),
        "seconds_for_all_looks": looking,
        "queries": len(queries) / 3,
        "report_seconds": reading,
    }


def _fill(people: int) -> Any:
    from experiments.epochs import open_epoch
    from experiments.models import Experiment, Variant
    from experiments.running import start

    experiment = Experiment.objects.create(
        key="large", name="Large", salt="large", holdout_share=0.1, planned_people=people // 2
    )
    for key in ARMS[:-1]:
        Variant.objects.create(experiment=experiment, key=key, name=key, weight=1, is_control=key == "a")
    experiment = start(experiment, START)
    variants = {variant.key: variant for variant in experiment.variants.all()}
    epoch = open_epoch(experiment, list(variants.values()), START)
    chance, number = random.Random(1), 0
    for day in range(DAYS):
        number = _fill_day(
            experiment, epoch, variants, day=day, people=people // DAYS, number=number, chance=chance
        )
    return experiment


def _fill_day(
    experiment: Any, epoch: Any, variants: Any, *, day: int, people: int, number: int, chance: random.Random
) -> int:
    """One day's customers, assignments and totals; returns the number of the next customer."""
    from experiments.models import Assignment, DayTotals
    from shop.models import Customer

    at = START + timedelta(days=day)
    customers = Customer.objects.bulk_create(
        Customer(external_id=f"c{number + n}", country=MARKETS[n % 5], created_at=at) for n in range(people)
    )
    arms = chance.choices(ARMS, [0.3, 0.3, 0.3, 0.1], k=people)
    Assignment.objects.bulk_create(
        Assignment(
            experiment=experiment, epoch=epoch, customer=customer, variant=variants.get(arm),
            market=customer.country, assigned_at=at,
        )
        for customer, arm in zip(customers, arms, strict=True)
    )  # fmt: skip
    counts: dict[tuple[str, str], int] = {}
    for customer, arm in zip(customers, arms, strict=True):
        counts[arm, customer.country] = counts.get((arm, customer.country), 0) + 1
    DayTotals.objects.bulk_create(
        _make_totals(epoch, arm, market, at.date(), count, chance) for (arm, market), count in counts.items()
    )
    return number + people


def _make_totals(epoch: Any, arm: str, market: str, day: date, people: int, chance: random.Random) -> Any:
    from experiments.models import DayTotals

    orders = sum(chance.random() < 0.03 for _ in range(people))
    return DayTotals(
        epoch=epoch, arm=arm, market=market, day=day, is_matured=True, people=people, mailed=people,
        converted=orders, clicked=orders * bool(arm), orders=orders, orders_squares=orders,
        revenue=30.0 * orders, revenue_squares=1000.0 * orders, revenue_orders=30.0 * orders,
        revenue_uncapped=32.0 * orders,
    )  # fmt: skip


def _time(work: Any) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started


if __name__ == "__main__":
    main()
