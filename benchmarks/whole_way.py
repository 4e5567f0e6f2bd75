"""Events a second through the whole way, on SQLite and on PostgreSQL, with the CPU a message costs.

    python -m benchmarks.whole_way [--short] [--json FILE]

Orders go in through `record_events`, and come out as emails in the preview inbox: enrolled, judged, with
products picked, rendered, handed over, recorded. Beside it, in the same process on the same data, the
plain way that a Django shop starts with: for each order, one after the other, read it, render the same
compiled template, send with Django's own mail classes, and save a row. Ratios are ours to that peer.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from benchmarks._report import read_options, report
from tests.run import start_postgres

ORDERS = {True: 1_000, False: 10_000}


def main() -> None:
    options = read_options(__doc__ or "")
    orders = ORDERS[options.short]
    with tempfile.TemporaryDirectory() as folder:
        figures = _run_on(f"sqlite:///{Path(folder) / 'bench.sqlite3'}", orders, "sqlite")
    with start_postgres() as url:
        figures |= _run_on(url, orders, "postgresql")
    report(f"The whole way of {orders:,} orders", figures, options)


def _run_on(url: str, orders: int, name: str) -> dict[str, float]:
    environment = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-m", "benchmarks.whole_way", "--measure", str(orders)]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)  # noqa: S603
    return {f"{name}_{key}": value for key, value in json.loads(done.stdout).items()}


def _measure(orders: int) -> dict[str, float]:
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    call_command("migrate", verbosity=0)
    now = timezone.now()
    elements = _set_up_shop(orders, now)
    wall, cpu = _time(lambda: _walk(elements, now))
    peer_wall, peer_cpu = _time(lambda: _send_one_by_one(max(orders // 10, 100)))
    mails, peer_mails = orders, max(orders // 10, 100)
    return {
        "events_per_second": orders / wall,
        "cpu_ms_per_message": 1000 * cpu / mails,
        "one_by_one_cpu_ms_per_message": 1000 * peer_cpu / peer_mails,
        "times_one_by_one": (mails / wall) / (peer_mails / peer_wall),
    }


def _time(work: Callable[[], None]) -> tuple[float, float]:
    wall, cpu = perf_counter(), process_time()
    work()
    return perf_counter() - wall, process_time() - cpu


def _walk(elements: list[dict[str, Any]], now: datetime) -> None:
    from campaigns.models import PreviewMail
    from campaigns.transports import build_current_transport
    from shop.ingest import record_events
    from triggers.engine import sweep

    for start in range(0, len(elements), 500):
        record_events(elements[start : start + 500], source="bench", now=now)
    while not sweep(now, build_current_transport()).is_idle:
        pass
    assert PreviewMail.objects.count() == len(elements)


def _set_up_shop(orders: int, now: datetime) -> list[dict[str, Any]]:
    """A hundred products that thousands of baskets tie together, and one customer for each order."""
    from campaigns.templates_store import publish_all
    from recommendations.building import rebuild_neighbours
    from shop.models import Customer, Order, OrderLine, Product
    from tests.flows import make_campaign, make_trigger

    publish_all(now)
    make_trigger("order_confirmation", campaign=make_campaign(key="confirmation"))
    products = Product.objects.bulk_create(
        Product(
            external_id=f"p{n}", title=f"Thing {n}", product_type=f"type {n % 20}", price=10 + n % 30,
            currency="GBP", url=f"https://shop.example/p/{n}", created_at=now,
        )
        for n in range(100)
    )  # fmt: skip
    Customer.objects.bulk_create(
        Customer(external_id=f"c{n}", email=f"c{n}@buyer.example", created_at=now) for n in range(orders)
    )
    past = Order.objects.bulk_create(
        Order(external_id=f"past{n}", placed_at=now - timedelta(days=20), currency="GBP", total=30)
        for n in range(1000)
    )
    OrderLine.objects.bulk_create(
        OrderLine(order=order, product=products[(n + step * 3) % 100], quantity=1, unit_price=10)
        for n, order in enumerate(past)
        for step in range(3)
    )
    rebuild_neighbours(now)
    return [_make_element(n, now) for n in range(orders)]


def _make_element(number: int, now: datetime) -> dict[str, Any]:
    lines = [
        {"product": f"p{(number + step) % 100}", "quantity": 1, "unit_price": "12.00"} for step in (0, 7)
    ]
    return {
        "id": f"order-{number}",
        "kind": "order.placed",
        "occurred_at": now.isoformat(),
        "customer": {"id": f"c{number}"},
        "order": {"id": f"order-{number}", "currency": "GBP", "lines": lines},
    }


def _send_one_by_one(number: int) -> None:
    """What a shop writes on its first day, with our compiled template to be fair."""
    from django.core import mail
    from django.utils import timezone

    from campaigns.models import Message, RenderedMessage
    from campaigns.rendering import NoTracking, Renderer

    backend = mail.get_connection("django.core.mail.backends.locmem.EmailBackend")
    renderer = Renderer(now=timezone.now())
    for pk in list(Message.objects.values_list("pk", flat=True)[:number]):
        message = Message.objects.select_related("order", "customer").get(pk=pk)
        assert message.order is not None
        list(message.order.lines.select_related("product"))
        stored = RenderedMessage.objects.select_related("version").get(pk=pk)
        email = renderer.render(
            stored.version, language=stored.language, changes={}, context=stored.context,
            message_id=message.id, tracking=NoTracking(),
        )  # fmt: skip
        out = mail.EmailMultiAlternatives(
            email.subject, email.text, "shop@shop.example", [message.customer.email], connection=backend
        )
        out.attach_alternative(email.html, "text/html")
        out.send()
        Message.objects.filter(pk=pk).update(is_closed=True)


if __name__ == "__main__":
    if "--measure" in sys.argv:
        sys.stdout.write(json.dumps(_measure(int(sys.argv[-1]))))
    else:
        main()
