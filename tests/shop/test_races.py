"""Many writers at once, and a database that says no."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import DataError, connection

from shop import facts, ingest
from shop.models import Event, Order, OrderLine, Product
from tests.factories import make_product
from tests.shop.elements import line, placed, product, record

WRITERS = 8


@pytest.mark.skipif(
    "connection.vendor == 'sqlite'", reason="SQLite in memory has one writer: nothing can race"
)
@pytest.mark.django_db(transaction=True)
def test_eight_writers_of_the_same_orders_record_each_once() -> None:
    orders = [placed(n, id=n, customer=n % 3, lines=[line(product(f"p{n % 4}"))]) for n in range(30)]
    start = Barrier(WRITERS, timeout=30)

    def write(number: int) -> Counter[str]:
        start.wait()
        try:
            return Counter(
                receipt.status for receipt in record(*(orders if number % 2 else reversed(orders)))
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        statuses = sum(pool.map(write, range(WRITERS)), Counter())
    assert statuses == {"recorded": 30, "known": 30 * (WRITERS - 1)}
    assert (Event.objects.count(), OrderLine.objects.count(), Product.objects.count()) == (30, 30, 4)


@pytest.mark.django_db
def test_an_event_the_database_cannot_keep_does_not_lose_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    make_product(external_id="teapot")
    apply = facts.apply

    def refuse_one(candidate: Any, rows: Any) -> Any:
        if candidate.id == "poison":
            raise DataError("value out of range")
        return apply(candidate, rows)

    monkeypatch.setattr(ingest, "apply", refuse_one)
    receipts = record(placed("a", id=1), placed("b", id=2), placed("poison", id=3), placed("c", id=4))
    assert [receipt.status for receipt in receipts] == ["recorded", "recorded", "refused", "recorded"]
    assert "DataError" in receipts[2].errors[0].message
    assert set(Order.objects.values_list("external_id", flat=True)) == {"1", "2", "4"}
