"""Several workers deal the same people their arms at once: the first assignment stays, everybody sees it."""

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest
from django.db import connection, transaction

from experiments.assignment import assign
from experiments.models import Assignment, Experiment, Variant
from shop.models import Customer
from tests.experiments.people import NOW, make_customers, make_experiment

pytestmark = [
    pytest.mark.skipif(
        "connection.vendor == 'sqlite'", reason="SQLite in memory has one writer: nothing can race"
    ),
    pytest.mark.django_db(transaction=True),
]
WORKERS = 8
PEOPLE = 200
Arms = dict[int, int | None]


def arms_of(experiment: Experiment, customers: list[Customer]) -> Arms:
    return {pk: row.variant_id for pk, row in assign(experiment, customers, NOW).items()}


def test_eight_workers_at_once_agree_on_every_arm() -> None:
    experiment, customers = make_experiment((0.4, 0.3, 0.3), holdout_share=0.1), make_customers(PEOPLE)
    start = Barrier(WORKERS, timeout=30)

    def work(number: int) -> Arms:
        start.wait()
        try:
            return arms_of(experiment, customers if number % 2 else customers[::-1])
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        answers = list(pool.map(work, range(WORKERS)))
    stored = dict(Assignment.objects.values_list("customer_id", "variant_id"))
    assert len(stored) == Assignment.objects.count() == PEOPLE
    assert answers == [stored] * WORKERS


def test_who_comes_second_gets_the_first_one_s_arms_even_if_the_split_changed_between() -> None:
    experiment, customers = make_experiment((1, 0)), make_customers(PEOPLE)
    dealt, may_commit = Event(), Event()

    def be_first() -> Arms:
        try:
            with transaction.atomic():
                arms = arms_of(experiment, customers)
                dealt.set()
                assert may_commit.wait(30)
                return arms
        finally:
            connection.close()

    def be_second() -> Arms:
        try:
            return arms_of(experiment, customers)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first: Future[Arms] = pool.submit(be_first)
        assert dealt.wait(30)
        Variant.objects.filter(key="a").update(weight=0)
        Variant.objects.filter(key="b").update(weight=1)
        second = pool.submit(be_second)
        wait_until_somebody_waits()
        may_commit.set()
        answers = first.result(30), second.result(30)
    control = Variant.objects.get(key="a").pk
    assert answers[0] == answers[1] == {customer.pk: control for customer in customers}
    assert Assignment.objects.count() == PEOPLE


def wait_until_somebody_waits() -> None:
    """Until a session waits for another one's row; the second worker has then found the place taken."""
    for _ in range(600):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            row: Any = cursor.fetchone()
            if row[0]:
                return
            cursor.execute("SELECT pg_sleep(0.05)")
    raise AssertionError("The second worker never had to wait.")
