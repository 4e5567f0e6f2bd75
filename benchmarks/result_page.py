"""How long a result page takes for an experiment of a million people, and what it reads.

    python -m benchmarks.result_page [--short] [--json FILE]

Fills a database with 1,000,000 people and their assignments (100,000 with --short) over 60 days, in three
variants and a holdout, in five markets, adds up their day totals, takes the looks of all days, and reads the
page's report and the page itself.
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
    bounds["page_seconds"] = Bound("at most", 1.0)
    report("A result page", figures, options, bounds=bounds)


def _measure(people: int) -> dict[str, float]:
    from django.core.management import call_command
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from experiments.looks import take_looks
    from experiments.models import Assignment, DayTotals, Look
    from experiments.report import read_report

    call_command("migrate", verbosity=0)
    started = perf_counter()
    experiment = _fill(people)
    filling = perf_counter() - started
    looking = _time(lambda: take_looks(experiment, START + timedelta(days=90)))
    read_report(experiment)  # the bounds of these looks are computed once and cached
    page = _time_page(experiment.key)
    with CaptureQueriesContext(connection) as queries:
        reading = min(_time(lambda: read_report(experiment)) for _ in range(3))
    touched = [q["sql"] for q in queries if "campaigns_" in q["sql"] or "experiments_assignment" in q["sql"]]
    assert not touched, touched
    return {
        "seconds_to_fill": filling,
        "assigned_people": float(Assignment.objects.count()),
        "day_totals": float(DayTotals.objects.count()),
        "looks": float(Look.objects.count()),
        "seconds_for_all_looks": looking,
        "queries": len(queries) / 3,
        "report_seconds": reading,
        "page_seconds": page,
    }


def _time_page(key: str) -> float:
    """Seconds for the page as a signed-in browser gets it, its templates having been read before."""
    from django.contrib.auth import get_user_model
    from django.test import Client
    from django.urls import reverse

    client, address = Client(SERVER_NAME="localhost"), reverse("dashboard:experiment", args=[key])
    client.force_login(get_user_model().objects.create_superuser("reader"))
    first = client.get(address)
    assert first.status_code == 200, first.status_code
    return _time(lambda: client.get(address))


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
    _insert_people(people, experiment, epoch, variants)
    _add_up(epoch)
    return experiment


# The people in two statements: the database makes the rows, none passes through Python.
_NUMBERS = "WITH RECURSIVE number(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n + 1 < %s)"
_CUSTOMERS = """
INSERT INTO shop_customer (uuid, external_id, email, name, language, country, timezone, currency, attributes,
                           created_at)
{numbers} SELECT {uuid}, 'c' || n, '', '', '', CASE n %% 5 {markets} END, '', '', '{{}}', {moment} FROM number
"""
_ASSIGNMENTS = """
INSERT INTO experiments_assignment (experiment_id, version, epoch_id, customer_id, variant_id, market,
                                    is_forced, is_evidence, is_merged, assigned_at)
SELECT %s, 1, %s, id, CASE (id / 5) %% 10 {arms} END, country, {no}, {yes}, {no}, {day} FROM shop_customer
"""
_DIALECTS = {
    "sqlite": {
        "uuid": "lower(hex(randomblob(16)))", "no": "0", "yes": "1", "moment": "%s",
        "day": "datetime(%s, '+' || ((id / 50) %% 60) || ' days')",
    },
    "postgresql": {
        "uuid": "gen_random_uuid()", "no": "FALSE", "yes": "TRUE", "moment": "%s::timestamptz",
        "day": "%s::timestamptz + make_interval(days => ((id / 50) %% 60)::int)",
    },
}  # fmt: skip


def _insert_people(people: int, experiment: Any, epoch: Any, variants: Any) -> None:
    """Customers of five markets in turn, and of each ten of a market three in each variant, one held out."""
    from django.db import connection, transaction

    words = _DIALECTS[connection.vendor] | {
        "numbers": _NUMBERS,
        "markets": " ".join(f"WHEN {n} THEN '{market}'" for n, market in enumerate(MARKETS)),
        "arms": " ".join(f"WHEN {n} THEN {variants[ARMS[n // 3]].pk}" for n in range(9)),
    }
    at = START.strftime("%Y-%m-%d %H:%M:%S")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CUSTOMERS.format(**words), [people, at])
        cursor.execute(_ASSIGNMENTS.format(**words), [experiment.pk, epoch.pk, at])


def _add_up(epoch: Any) -> None:
    """The totals of each day, from the assignments that are there; only what people did is made up."""
    from django.db.models import Count
    from django.db.models.functions import TruncDate

    from experiments.models import Assignment, DayTotals

    chance = random.Random(1)
    counts = Assignment.objects.annotate(day=TruncDate("assigned_at")).values_list(
        "day", "variant__key", "market"
    )
    DayTotals.objects.bulk_create(
        _make_totals(epoch, arm or "", market, day, count, chance)
        for day, arm, market, count in counts.annotate(people=Count("pk")).order_by(
            "day", "variant", "market"
        )
    )


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
