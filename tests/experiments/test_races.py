"""Several workers deal the same people their arms at once: the first assignment stays, everybody sees it."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier, Event
from typing import Any, TypeVar

import pytest
from django.db import connection, transaction

from campaigns.rollups import count_experiment
from experiments.assignment import assign, counted_assignments
from experiments.layers import reserve_slots
from experiments.merging import merge_assignments
from experiments.models import Assignment, DayTotals, Experiment, Layer, Variant
from experiments.problems import ExperimentError
from shop.models import Customer
from tests.campaigns.cohort_shop import START, days, open_shop
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
Answer = TypeVar("Answer")


def arms_of(experiment: Experiment, customers: list[Customer]) -> Arms:
    return {pk: row.variant_id for pk, row in assign(experiment, customers, NOW).items()}


def test_eight_workers_at_once_agree_on_every_arm() -> None:
    experiment, customers = make_experiment((0.4, 0.3, 0.3), holdout_share=0.1), make_customers(PEOPLE)
    answers = run_at_once(lambda n: arms_of(experiment, customers if n % 2 else customers[::-1]), WORKERS)
    stored = dict(Assignment.objects.values_list("customer_id", "variant_id"))
    assert len(stored) == Assignment.objects.count() == PEOPLE
    assert answers == [stored] * WORKERS


def test_a_merge_waits_for_a_worker_who_assigns_the_same_people_and_never_the_two_for_each_other() -> None:
    """The merge takes the people in the order of their keys as well, whoever of them entered first."""
    experiment, (*kept, one, two) = make_experiment(), make_customers(4)
    assign(experiment, [two], NOW)
    assign(experiment, [one], NOW + timedelta(hours=1))
    has_first = Event()

    def assign_both(later: datetime = NOW + timedelta(hours=2)) -> None:
        with transaction.atomic():
            assign(experiment, kept[:1], later)
            has_first.set()
            wait_until_somebody_waits()
            assign(experiment, kept[1:], later)

    def merge() -> int:
        assert has_first.wait(30)
        return merge_assignments({one.pk: kept[0].pk, two.pk: kept[1].pk})

    assert run_at_once(lambda number: (assign_both, merge)[number](), 2) == [None, 2]
    left = counted_assignments(experiment).order_by("customer")
    entered = [(kept[0].pk, NOW + timedelta(hours=1), True), (kept[1].pk, NOW, True)]
    assert list(left.values_list("customer", "assigned_at", "is_merged")) == entered


def test_eight_workers_that_count_the_same_day_leave_its_people_once() -> None:
    shop = open_shop()
    shop.enter(PEOPLE, START)
    counted = run_at_once(lambda _: count_experiment(shop.experiment, START + days(2)), WORKERS)
    assert counted == [1] * WORKERS
    assert sum(DayTotals.objects.values_list("people", flat=True)) == PEOPLE


def test_two_experiments_that_trade_their_places_in_a_layer_are_both_refused_and_keep_theirs() -> None:
    layer = Layer.objects.create(key="cart", name="Cart")
    pair = [make_experiment(key=key, status="draft") for key in ("first", "second")]
    reserve_slots(pair[0], layer, first=0, last=49)
    reserve_slots(pair[1], layer, first=50, last=99)

    def work(number: int) -> bool:
        first = 50 - 50 * number
        try:
            reserve_slots(pair[number], layer, first=first, last=first + 49)
        except ExperimentError:
            return False
        return True

    assert run_at_once(work, 2) == [False, False]
    assert layer.slots.count() == 100


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


def run_at_once(work: Callable[[int], Answer], workers: int) -> list[Answer]:
    """What each worker answers, each with a connection of its own; raises what one of them raises."""
    start = Barrier(workers, timeout=30)

    def run(number: int) -> Answer:
        start.wait()
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(run, range(workers)))


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
