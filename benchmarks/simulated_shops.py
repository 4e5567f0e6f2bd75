"""Do experiments find what is there, and only that, in small shops that run on the real engine?

    python -m benchmarks.simulated_shops [--shops N] [--short] [--json FILE]

Each shop lives for five days: 48 people a day leave a cart, the engine enrols them, deals them an arm,
renders and hands over the email; they click, and order through `record_events`. Every day the experiment
is counted, looked at and decided, as by the engine when it is idle. In half of the shops version B brings
45 instead of 25 orders per 100 people, in the other half nothing. 200 shops of each kind by default, 10
with --short. `stated_power` is what experiments.boundaries promises for these looks; the figures of a
simulation may miss a bound by twice their Monte-Carlo error, which is printed beside them.
"""

import random
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from uuid import NAMESPACE_URL, uuid5

from benchmarks._report import Bound, error_of_share, report

DAYS, DAILY, RATES = 5, 48, (0.25, 0.45)
START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class End:
    """How one shop's experiment ended: the verdict of the last day, and the day of the first claim."""

    status: str
    day: int | None


def main() -> None:
    options = _read_options()
    shops = 10 if options.short else options.shops
    started = perf_counter()
    with get_context("spawn").Pool(1, initializer=_open_database) as pool:
        different = pool.map(_run_different, range(shops))
        same = pool.map(_run_same, range(shops))
    power = 100 * share_of(different, "better")
    wrong = 100 * (share_of(same, "better") + share_of(same, "worse"))
    stated, slack = 100 * state_power(), 2 * error_of_share(5, shops)
    figures = {
        "shops_of_each_kind": float(shops),
        "found_effect": power,
        "stated_power": stated,
        "found_effect_error": error_of_share(power, shops),
        "found_nothing_wrongly": wrong,
        "found_nothing_wrongly_error": error_of_share(wrong, shops),
        "called_the_wrong_way": 100 * share_of(different, "worse"),
        "seconds_a_shop": (perf_counter() - started) / (2 * shops),
    }
    bounds = {
        "found_effect": Bound("at least", stated - 2 * error_of_share(stated, shops)),
        "found_nothing_wrongly": Bound("at most", 5 + slack),
    }
    for kind, ends in (("different", different), ("the same", same)):
        print(f"Versions {kind}: {dict(Counter(end.status for end in ends))}")
    report("Experiments of small shops on the real engine, per cent", figures, options, bounds=bounds)


def share_of(ends: list[End], status: str) -> float:
    return sum(end.status == status for end in ends) / len(ends)


def state_power() -> float:
    """What the decision rule promises for these looks and this effect, in the normal limit."""
    from experiments.boundaries import HYBRID, chances_to_decide, combined_reaches

    fractions = tuple((day + 1) / DAYS for day in range(1, DAYS))  # ten orders an arm need two days
    people, (a, b) = DAYS * DAILY / 2, RATES
    middle = (a + b) / 2
    drift = (b - a) / (2 * middle * (1 - middle) / people) ** 0.5
    reaches = combined_reaches(fractions, HYBRID, ended=True)
    return chances_to_decide(fractions, reaches, drift)[-1]


def run_shop(seed: int, rates: tuple[float, float]) -> End:
    """One shop from its first cart to its last look, in a transaction that is taken back."""
    from campaigns.rollups import count_due_experiments
    from experiments.models import Decision

    with _taken_back():
        shop = Shop(seed, rates)
        for day in range(DAYS + 3):
            now = START + timedelta(days=day)
            if day < DAYS:
                shop.live_a_day(day, now)
            count_due_experiments(now + timedelta(hours=14))
        decisions = list(Decision.objects.order_by("day"))
        first = next((n for n, d in enumerate(decisions) if d.status in ("better", "worse")), None)
        return End(decisions[-1].status, first)


class Shop:
    """A cart flow under an experiment of two subjects, and people whose arm moves them to order."""

    def __init__(self, seed: int, rates: tuple[float, float]) -> None:
        from experiments.models import Experiment, Variant
        from experiments.running import start
        from shop.models import Product
        from tests.flows import make_campaign, make_trigger

        self.chance, self.rates = random.Random(seed), rates
        Product.objects.create(
            external_id="teapot", title="Teapot", price=24, currency="GBP", created_at=START
        )
        self.campaign = make_campaign(marketing=True, template="abandoned_cart")
        make_trigger("abandoned_cart", campaign=self.campaign, settings={"delay_minutes": 15})
        self.experiment = Experiment.objects.create(
            key="subject", name="Subject", salt=f"shop{seed}", holdout_share=0.0, window_days=1,
            planned_people=DAYS * DAILY,
        )  # fmt: skip
        variants = {"a": {}, "b": {"texts": {"en": {"subject": "Did you forget something?"}}}}
        for key, changes in variants.items():
            Variant.objects.create(
                experiment=self.experiment, key=key, name=key, changes=changes, is_control=key == "a"
            )
        start(self.experiment, START - timedelta(days=1))
        self.campaign.experiment = self.experiment
        self.campaign.save()

    def live_a_day(self, day: int, now: datetime) -> None:
        """Carts at noon, emails a quarter of an hour later, clicks and orders in the hours after that."""
        from campaigns.transports import build_current_transport
        from shop.ingest import record_events
        from triggers.engine import sweep

        names = [f"d{day}n{n}" for n in range(DAILY)]
        _make_customers(names, self.experiment.salt, now)
        receipts = record_events([_cart(name, now) for name in names], source="shop", now=now)
        assert all(receipt.status == "recorded" for receipt in receipts)
        sweep(now, build_current_transport())
        sent_at = now + timedelta(minutes=16)
        sweep(sent_at, build_current_transport())
        record_events(self._react(sent_at), source="shop", now=now + timedelta(hours=9))

    def _react(self, sent_at: datetime) -> list[dict[str, object]]:
        """Who clicks and who orders, by the arm that their email was rendered with."""
        from campaigns.models import RenderedMessage
        from campaigns.tracking import record_visit

        orders: list[dict[str, object]] = []
        rendered = RenderedMessage.objects.filter(created_at=sent_at).select_related(
            "variant", "message__customer"
        )
        for row in rendered.order_by("message__customer__external_id"):
            rate = self.rates[bool(row.variant and row.variant.key == "b")]
            draw, customer = self.chance.random(), row.message.customer.external_id
            at = sent_at + timedelta(minutes=self.chance.randint(5, 400))
            if draw < min(1.0, rate * 1.5):
                record_visit("clicked", row.message_id, now=at)
            if draw < rate:
                orders.append(_order(customer, at + timedelta(minutes=5)))
        return orders


def _make_customers(names: list[str], shop: str, now: datetime) -> None:
    from audience.models import ConsentEntry
    from shop.models import Customer

    before = now - timedelta(days=1)
    customers = Customer.objects.bulk_create(
        Customer(
            uuid=uuid5(NAMESPACE_URL, f"{shop}:{name}"),  # every run draws the same arms
            external_id=name,
            email=f"{name}@buyer.example",
            country="GB",
            created_at=before,
        )
        for name in names
    )
    ConsentEntry.objects.bulk_create(
        ConsentEntry(
            customer=customer, state="granted", basis="explicit", source="form", occurred_at=before,
            recorded_at=before,
        )
        for customer in customers
    )  # fmt: skip


def _cart(name: str, now: datetime) -> dict[str, object]:
    lines = [{"product": "teapot", "quantity": 1, "unit_price": "24.00"}]
    return {
        "id": f"cart-{name}",
        "kind": "cart.updated",
        "occurred_at": now.isoformat(),
        "customer": {"id": name},
        "cart": {"id": f"cart-{name}", "currency": "GBP", "lines": lines},
    }


def _order(name: str, at: datetime) -> dict[str, object]:
    lines = [{"product": "teapot", "quantity": 1, "unit_price": "24.00"}]
    return {
        "id": f"order-{name}",
        "kind": "order.placed",
        "occurred_at": at.isoformat(),
        "customer": {"id": name},
        "order": {"id": f"order-{name}", "currency": "GBP", "lines": lines},
    }


@contextmanager
def _taken_back() -> Iterator[None]:
    from django.db import transaction

    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _open_database() -> None:
    """A database in this process's memory, with the templates published once for all shops."""
    import os

    os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": "sqlite://:memory:"}
    import django

    django.setup()
    from django.core.management import call_command

    from campaigns.templates_store import publish_all

    call_command("migrate", verbosity=0)
    publish_all(START - timedelta(days=9))


def _run_different(seed: int) -> End:
    return run_shop(seed, RATES)


def _run_same(seed: int) -> End:
    return run_shop(10_000 + seed, (RATES[0], RATES[0]))


def _read_options() -> Namespace:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--shops", type=int, default=200, help="of each kind")
    parser.add_argument("--short", action="store_true", help="ten shops of each kind")
    parser.add_argument("--json", type=Path, metavar="FILE", help='writes {"figures": {"name": number}}')
    return parser.parse_args()


if __name__ == "__main__":
    main()
