"""Emails a second by one process, from queued rows to SendGrid's 202, beside what a Django shop could pick.

    python -m benchmarks.throughput [--short] [--json FILE]

On a PostgreSQL of its own with fsync on, against a sink on 127.0.0.1 that answers at once or after 50 ms.
Everybody does the same job for each email: read the order, look up consent and suppression, find three
products, render the same template, hand it over, and commit that it is sent. Ours goes through the very
functions of the engine. The peers are a plain loop that does it in the fewest queries; `post_office` is
django-post-office, which stores each email and sends what it stored through anymail, in threads of its own;
`bare_anymail` renders and sends only. `bound` are our own requests, built beforehand, over the same
connections. What the engine does before, from an event to the queued row, is in nobody's figures; putting
rows into the queue is measured apart, by a broadcast.
All ways take turns, so that the ratios hold where the figures of a busy machine don't.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter, process_time
from typing import Any

from benchmarks._report import Bound, read_options, report
from tests.run import start_postgres

SIZES = {
    True: (1_000, 3, 100_000),
    False: (2_000, 5, 1_000_000),
}  # emails, rounds, customers of the broadcast
OURS = ("batched", "batched_50ms", "single")
GOALS = {
    "batched_vs_anymail": Bound("at least", 40),
    "batched_vs_sdk": Bound("at least", 25),
    "single_vs_anymail": Bound("at least", 10),
    "batched_vs_bound": Bound("at least", 0.5),
    "latency_cost": Bound("at most", 0.2),
    "wal_bytes_per_mail": Bound("at most", 5),
}


def main() -> None:
    options = read_options(__doc__ or "")
    with start_postgres() as url:
        ours = {
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PAIRWELL_BASE_URL": "https://mail.shop.example",
        }
        command = [sys.executable, "-m", "benchmarks.throughput", "--measure", str(int(options.short))]
        done = subprocess.run(command, env=os.environ | ours, check=True, stdout=subprocess.PIPE)  # noqa: S603
    found = json.loads(done.stdout)
    print(found["table"])
    report("Throughput", found["figures"], options, bounds=GOALS)


def _measure(*, is_short: bool) -> dict[str, Any]:
    import django
    from django.conf import settings

    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "post_office"]
    django.setup()
    from benchmarks import _mailing, _stages
    from benchmarks._sink import start_sink
    from benchmarks._ways import Ways
    from campaigns.collecting import calm_collector

    emails, rounds, audience = SIZES[is_short]
    # Three of the ways are ours, in each round and in the one before that warms up; and once for the bound.
    shop = _mailing.open_shop(emails * (3 * (rounds + 1) + 1) + _stages.EMAILS + _stages.PROFILED)
    calm_collector()  # as the engine does
    with start_sink() as sink:
        spent = _take_turns(Ways(sink, shop, emails=emails).all(), rounds, lambda: shop.queue(emails))
        stages, wal = _stages.measure(shop, sink)
    figures = _compare(spent) | wal | _mailing.measure_broadcast(audience)
    differing = f"Each bought once; of 1,000 baskets {shop.distinct} differ.\n"
    return {"table": differing + _show(spent) + stages, "figures": figures}


Spent = dict[str, list[tuple[float, float, float]]]


def _take_turns(
    ways: Mapping[str, Callable[[], tuple[int, int]]], rounds: int, queue: Callable[[], None]
) -> Spent:
    """Seconds, CPU seconds and bytes an email, for each way in each round; the first round warms up."""
    spent: Spent = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, send in ways.items():
            if name in OURS:
                queue()
            wall, cpu = perf_counter(), process_time()
            emails, size = send()
            each = (perf_counter() - wall) / emails, (process_time() - cpu) / emails, size / emails
            if number:
                spent[name].append(each)
    return spent


def _compare(spent: Spent) -> dict[str, float]:
    def faster(one: str, other: str) -> float:
        """How many times the emails a second, as the median over the rounds."""
        return median(b[0] / a[0] for a, b in zip(spent[one], spent[other], strict=True))

    return {
        "batched_vs_anymail": faster("batched", "anymail"),
        "batched_vs_sdk": faster("batched", "sdk"),
        "batched_vs_post_office": faster("batched", "post_office"),
        "batched_vs_bare_anymail": faster("batched", "bare_anymail"),
        "single_vs_anymail": faster("single", "anymail"),
        "batched_vs_bound": faster("batched", "bound"),
        "latency_cost": 1 - 1 / faster("batched", "batched_50ms"),
        "batched_per_second": 1 / median(wall for wall, _, _ in spent["batched"]),
        "batched_bytes_per_mail": median(size for _, _, size in spent["batched"]),
    }


def _show(spent: Spent) -> str:
    lines = [f"{'':14}{'emails/s':>10}{'CPU s/1,000':>13}{'bytes each':>12}"]
    for name, rounds in spent.items():
        wall, cpu, size = (median(column) for column in zip(*rounds, strict=True))
        lines.append(f"{name:14}{1 / wall:10,.0f}{1000 * cpu:13.3f}{size:12,.0f}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if "--measure" in sys.argv:
        sys.stdout.write(json.dumps(_measure(is_short=sys.argv[-1] == "1")))
    else:
        main()
