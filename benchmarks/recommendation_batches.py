"""What a batch of 500 customers with three slots each costs beside one call for each:
`python -m benchmarks.recommendation_batches [--short]`.

Real orders of the retail sample in SQLite. Every request asks for complements, an upgrade and what is due
again, with the customer's own history, so that nothing of the work is left out.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import django

ROOT = Path(__file__).resolve().parent.parent

BATCH = 500
SHORT_BATCH = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help=f"{SHORT_BATCH} customers instead of {BATCH}")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        os.environ["PAIRWELL_VAR_DIR"] = directory
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{directory}/benchmark.sqlite3")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        django.setup()
        load_once()
        figures = compare(SHORT_BATCH if options.short else BATCH)
    if options.json:
        options.json.write_text(json.dumps({"figures": figures}, indent=2) + "\n", encoding="utf8")


def load_once() -> None:
    """The sample and its tables, unless the database of the environment has them."""
    from django.core.management import call_command

    from benchmarks._sample_shop import NOW, load
    from recommendations.building import rebuild_neighbours
    from shop.models import Order

    call_command("migrate", verbosity=0)
    if not Order.objects.exists():
        load(ROOT / "demo" / "data")
        rebuild_neighbours(NOW)


def compare(number: int) -> dict[str, float]:
    """Seconds and queries of one batch and of single calls, printed; and whether both answer the same."""
    from benchmarks._sample_shop import NOW
    from recommendations.engine import recommend

    requests = read_requests(number)
    recommend(requests[:5], NOW)  # connections and caches of titles are warm for both
    together, batch_seconds, batch_queries = _time(lambda: recommend(requests, NOW))
    alone, single_seconds, single_queries = _time(lambda: [recommend([r], NOW)[0] for r in requests])
    assert [_keys(picks) for picks in together] == [_keys(picks) for picks in alone], (
        "batches answer otherwise"
    )
    share = batch_seconds / single_seconds
    print(f"{number} customers in a batch: {batch_seconds:.2f} s, {batch_queries} queries")
    print(f"one by one:             {single_seconds:.2f} s, {single_queries} queries")
    print(f"the batch takes {share:.3f} of the time (goal 0.100); both answer the same")
    return {
        "batch_seconds": round(batch_seconds, 3),
        "single_seconds": round(single_seconds, 3),
        "share": round(share, 4),
        "batch_queries": batch_queries,
    }


def read_requests(number: int) -> list[Any]:
    """The newest orders of known customers, each with all of its lines."""
    from recommendations.offers import Request
    from shop.models import Order

    orders = Order.objects.filter(customer__isnull=False).order_by("-pk").prefetch_related("lines")[:number]
    return [
        Request(
            customer_id=order.customer_id,
            anchors=tuple(line.product_id for line in order.lines.all()),
            exclude=frozenset(),
            complements=3,
            upgrades=1,
            currency="GBP",
            repeats=1,
        )
        for order in orders
    ]


def _time(work: Any) -> tuple[Any, float, int]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    started = time.perf_counter()
    with CaptureQueriesContext(connection) as captured:
        answer = work()
    return answer, time.perf_counter() - started, len(captured)


def _keys(picks: Any) -> list[int]:
    return [pick.product.pk for pick in picks]


if __name__ == "__main__":
    main()
