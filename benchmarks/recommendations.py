"""How good and how fast the recommendations are: `python -m benchmarks.recommendations [--short]`.

A back-test on the retail sample (UCI Online Retail, Chen 2012): everything before the last whole month is
learnt from, that month is guessed. The bound is what the best simple rule reached when the methods were
compared. The long run also loads the sample into an empty SQLite database and times a rebuild there.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from recommendations.evaluation import Figures, PastOrder
    from shop.models import Product

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "demo" / "data"
SPLIT = datetime(2011, 11, 1, tzinfo=UTC)
NOW = datetime(2011, 12, 10, tzinfo=UTC)
BOUND = {"basket": 0.579, "single": 0.494}
NAMES = {
    "popular": "best-sellers of 30 days",
    "confidence": "best single rule (confidence)",
    "scorer": "our score, without the rules",
    # Wholesalers take every colour; a person who has the red one is not told of the pink one.
    "engine": "the engine, all rules",
}


def main() -> None:
    options = _read_options()
    if options.rebuild_only:
        print(json.dumps(rebuild_here()))
        return
    with tempfile.TemporaryDirectory() as directory:
        os.environ["PAIRWELL_VAR_DIR"] = directory
        os.environ["DATABASE_URL"] = f"sqlite:///{directory}/benchmark.sqlite3"
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        django.setup()
        figures = back_test(options.data, short=options.short)
        if not options.short:
            figures |= time_rebuild(options.data)
            figures |= time_recommending()
    if options.json:
        options.json.write_text(json.dumps({"figures": figures}, indent=2) + "\n", encoding="utf8")


def back_test(data: Path, *, short: bool) -> dict[str, float]:
    """HR@3 and coverage@3 of each method on each task, printed as a table."""
    from recommendations import evaluation

    products, orders = read_catalogue(data), read_orders(data)
    train = evaluation.learn(orders, SPLIT, product_count=len(products))
    tasks = evaluation.make_cases(orders, train, since=SPLIT)
    figures: dict[str, float] = {}
    print(f"{train.order_count:,} orders learnt, {len(tasks['basket']):,} guessed (HR@3 ± .010)\n")
    print(f"{'':32}{'basket':>8}{'single':>8}{'coverage':>10}{'shown':>8}")
    for name, recommend in _methods(products, train):
        found = {
            task: evaluation.measure(cases[:500] if short else cases, recommend, product_count=len(products))
            for task, cases in tasks.items()
        }
        _print_row(NAMES[name], found)
        for task, measured in found.items():
            figures[f"{name}_hr3_{task}"] = round(measured.hit_rate, 4)
        figures[f"{name}_coverage"] = round(found["basket"].coverage, 4)
    print(f"{'bound: rules, when compared':32}{BOUND['basket']:8.3f}{BOUND['single']:8.3f}")
    return figures


def time_rebuild(data: Path) -> dict[str, float]:
    """Seconds and memory of `rebuild_neighbours` on the whole sample in SQLite."""
    from django.core.management import call_command

    from recommendations.models import NeighbourModel

    call_command("migrate", verbosity=0)
    load(data)
    # In a process of its own, whose memory is a worker's and not this benchmark's.
    command = [sys.executable, "-m", "benchmarks.recommendations", "--rebuild-only"]
    child = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)  # noqa: S603
    seconds, megabytes = json.loads(child.stdout)
    counts = NeighbourModel.objects.get(is_active=True).notes["counts"]
    print(
        f"\nrebuild: {counts['orders']:,} orders, {counts['lines']:,} lines → {counts['complements']:,} "
        f"complements, {counts['upgrades']:,} upgrades in {seconds:.1f} s, peak {megabytes:.0f} MB"
    )
    return {"rebuild_seconds": round(seconds, 2), "rebuild_peak_mb": round(megabytes)}


def rebuild_here() -> tuple[float, float]:
    """Seconds and peak megabytes of a rebuild in this process, on the database of the environment."""
    django.setup()
    from recommendations.building import rebuild_neighbours

    seconds, _ = _time(lambda: rebuild_neighbours(NOW))
    return seconds, _peak_megabytes()


def time_recommending(batch: int = 500) -> dict[str, float]:
    """Milliseconds an email when a batch of 500 asks at once, each about the products of a real order."""
    from recommendations.engine import Request, recommend
    from shop.models import Order

    requests = []
    for order in (
        Order.objects.filter(customer__isnull=False).order_by("-pk")[:batch].prefetch_related("lines")
    ):
        anchors = tuple(line.product_id for line in order.lines.all())
        requests.append(Request(None, anchors, frozenset(), complements=3, upgrades=1, currency="GBP"))
    seconds, picks = _time(lambda: recommend(requests, NOW))
    shown = sum(bool(found) for found in picks)
    print(f"recommend: {1000 * seconds / batch:.2f} ms an email in a batch of {batch}, {shown} with picks")
    return {"recommend_ms": round(1000 * seconds / batch, 3)}


def read_catalogue(data: Path) -> "dict[int, Product]":
    """The products by their row, unsaved."""
    from shop.models import Product

    return {
        row: Product(
            pk=row,
            external_id=product["code"],
            title=product["title"],
            product_type=product["product_type"],
            category=product["category"],
            price=Decimal(product["pence"]) / 100,
            currency="GBP",
            created_at=datetime(2010, 12, 1, tzinfo=UTC),
        )
        for row, product in enumerate(_read(data, "products"))
    }


def read_orders(data: Path) -> "list[PastOrder]":
    """The orders, oldest first, each product once."""
    from recommendations.baskets import GUEST
    from recommendations.evaluation import PastOrder

    lines: dict[int, dict[int, None]] = defaultdict(dict)
    for line in _read(data, "lines"):
        lines[line["order"]][line["product"]] = None
    return [
        PastOrder(
            placed_at=order["time"].replace(tzinfo=UTC),
            customer=GUEST if order["customer"] is None else order["customer"],
            products=tuple(lines[row]),
        )
        for row, order in enumerate(_read(data, "orders"))
    ]


def load(data: Path) -> None:
    """The sample into the database, without prices of lines: a rebuild does not read them."""
    from recommendations.baskets import GUEST
    from shop.models import Customer, Order, OrderLine, Product

    orders = read_orders(data)
    numbers = sorted({order.customer for order in orders} - {GUEST})
    products = read_catalogue(data)
    for row, product in products.items():
        product.pk = row + 1
    Product.objects.bulk_create(products.values(), batch_size=1000)
    Customer.objects.bulk_create(
        [Customer(pk=number, external_id=str(number), created_at=NOW) for number in numbers], batch_size=1000
    )
    Order.objects.bulk_create(
        [
            Order(
                pk=row,
                external_id=str(row),
                customer_id=None if order.customer == GUEST else order.customer,
                placed_at=order.placed_at,
                currency="GBP",
                total=0,
            )
            for row, order in enumerate(orders, start=1)
        ],
        batch_size=1000,
    )
    OrderLine.objects.bulk_create(
        [
            OrderLine(order_id=row, product_id=product + 1, quantity=1, unit_price=0)
            for row, order in enumerate(orders, start=1)
            for product in order.products
        ],
        batch_size=5000,
    )


def _methods(products: "dict[int, Product]", train: Any) -> Iterator[tuple[str, Any]]:
    from recommendations import evaluation, scorers
    from recommendations.policy import Policy

    policy = Policy()
    yield "popular", evaluation.recommend_by_popularity(train)
    rules = evaluation.build_facts(products, train, policy, scorer=scorers.score_confidence)
    yield "confidence", evaluation.recommend_by_best_rule(rules)
    facts = evaluation.build_facts(products, train, policy)
    plain = {key: replace_type(product) for key, product in products.items()}
    yield "scorer", evaluation.recommend_by_engine(replace(facts, products=plain), policy)
    yield "engine", evaluation.recommend_by_engine(facts, policy)


def replace_type(product: "Product") -> "Product":
    """The product without a type and with a name of its own: no rule of taste has anything to say on it."""
    from shop.models import Product

    return Product(
        pk=product.pk, title=f"product{product.pk}", price=product.price, currency="GBP", created_at=NOW
    )


def _print_row(name: str, found: "dict[str, Figures]") -> None:
    basket, single = found["basket"], found["single"]
    print(
        f"{name:32}{basket.hit_rate:8.3f}{single.hit_rate:8.3f}{basket.coverage:10.3f}{basket.shown:8.3f}",
        flush=True,
    )


def _read(data: Path, name: str) -> list[dict[str, Any]]:
    path = data / f"{name}.parquet"
    if not path.exists():
        sys.exit(f"{path} is missing. Name the directory of the prepared sample with --data.")
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def _time(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def _peak_megabytes() -> float:
    """The kernel's own mark. `getrusage` would count what the parent held when it started this process."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--short", action="store_true", help="500 orders of the back-test, no timing")
    parser.add_argument("--rebuild-only", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--data", type=Path, default=DATA, help="directory of the prepared sample")
    return parser.parse_args()


if __name__ == "__main__":
    main()
