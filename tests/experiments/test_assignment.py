"""Who is in which arm: once and for all, in even shares, a batch at a time."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries
from scipy import stats

from experiments.assignment import assign, counted_assignments, force_assignment
from experiments.epochs import open_epoch
from experiments.models import Assignment, Variant
from tests.experiments.people import NOW, make_customers, make_experiment

pytestmark = pytest.mark.django_db


def shares(assignments: dict[int, Assignment]) -> Counter[str]:
    return Counter(row.variant.key if row.variant else "holdout" for row in assignments.values())


def test_everyone_gets_an_arm_and_a_row() -> None:
    experiment, customers = make_experiment(), make_customers(50)
    assignments = assign(experiment, customers, NOW)
    assert set(assignments) == {customer.pk for customer in customers}
    assert Assignment.objects.count() == 50
    assert all(row.pk and row.assigned_at == NOW for row in assignments.values())


def test_asking_again_gives_the_same_rows() -> None:
    experiment, customers = make_experiment((1, 1, 1), holdout_share=0.2), make_customers(60)
    first = assign(experiment, customers, NOW)
    assert assign(experiment, customers, NOW + timedelta(days=9)) == first
    assert Assignment.objects.filter(assigned_at=NOW).count() == 60


def test_people_stay_where_they_are_when_the_weights_change() -> None:
    experiment, early = make_experiment((1, 0), holdout_share=0), make_customers(40)
    assign(experiment, early, NOW)
    Variant.objects.filter(key="a").update(weight=0)
    Variant.objects.filter(key="b").update(weight=1)
    assert shares(assign(experiment, [*early, *make_customers(40, start=40)], NOW)) == {"a": 40, "b": 40}


def test_a_worker_who_came_first_wins() -> None:
    experiment, (customer,) = make_experiment((1, 0)), make_customers(1)
    rival = Variant.objects.get(key="b")
    epoch = open_epoch(experiment, list(experiment.variants.all()), NOW)
    facts = {"experiment": experiment, "epoch": epoch, "customer": customer}
    Assignment.objects.create(**facts, variant=rival, assigned_at=NOW)
    assert assign(experiment, [customer], NOW)[customer.pk].variant == rival


@pytest.mark.parametrize("size", [1, 20, 190])
def test_a_batch_costs_a_fixed_number_of_queries_and_later_one(
    size: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    experiment, customers = make_experiment(holdout_share=0.1), make_customers(size)
    assign(experiment, make_customers(1, start=9_999), NOW)  # opens the epoch
    with django_assert_num_queries(5 if size <= 90 or connection.vendor != "sqlite" else 7):
        assign(experiment, customers, NOW)
    with django_assert_num_queries(1):
        shares(assign(experiment, customers, NOW))


def test_a_full_batch_costs_a_fixed_number_of_queries_but_for_the_split_inserts_of_sqlite() -> None:
    experiment, customers = make_experiment(), make_customers(500)
    assign(experiment, make_customers(1, start=9_999), NOW)
    with CaptureQueriesContext(connection) as queries:
        assign(experiment, customers, NOW)
    inserts = [query for query in queries if query["sql"].startswith("INSERT")]
    assert len(queries) - len(inserts) == 4
    assert len(inserts) == (6 if connection.vendor == "sqlite" else 1)


def test_the_shares_are_those_that_were_planned() -> None:
    experiment, customers = make_experiment((3, 1), holdout_share=0.2), make_customers(3000)
    counts = shares(assign(experiment, customers, NOW))
    observed = [counts["holdout"], counts["a"], counts["b"]]
    assert stats.chisquare(observed, [600, 1800, 600]).pvalue > 1e-3


def test_being_held_out_says_nothing_about_another_experiments_arm() -> None:
    customers = make_customers(3000)
    one = assign(make_experiment(key="one", salt="one", holdout_share=0.5), customers, NOW)
    two = assign(make_experiment(key="two", salt="two"), customers, NOW)
    table = Counter((one[c.pk].variant is None, two[c.pk].variant_id) for c in customers)
    rows = [[table[held, arm] for arm in {row.variant_id for row in two.values()}] for held in (True, False)]
    assert stats.chi2_contingency(rows).pvalue > 1e-3


def test_a_new_salt_deals_anew() -> None:
    customers = make_customers(400)
    one = assign(make_experiment(key="one", salt="one"), customers, NOW)
    two = assign(make_experiment(key="two", salt="two"), customers, NOW)
    same = sum(shares({0: one[c.pk]}) == shares({0: two[c.pk]}) for c in customers)
    assert 150 < same < 250


def test_an_arm_without_weight_takes_nobody() -> None:
    assert shares(assign(make_experiment((1, 0, 1)), make_customers(300), NOW))["b"] == 0


def test_nobody_enters_while_all_weights_are_zero() -> None:
    experiment, customers = make_experiment((0, 0)), make_customers(3)
    assert assign(experiment, customers, NOW) == {}


@pytest.mark.parametrize("status", ["draft", "stopped"])
def test_nobody_is_in_an_experiment_that_is_not_running(status: str) -> None:
    experiment, customers = make_experiment(status=status), make_customers(3)
    assert assign(experiment, customers, NOW) == {}
    assert not Assignment.objects.exists()


def test_a_forced_person_gets_the_arm_and_is_not_counted() -> None:
    experiment, (guest, tester) = make_experiment((1, 0)), make_customers(2)
    assign(experiment, [guest, tester], NOW)
    force_assignment(experiment, tester, variant=Variant.objects.get(key="b"), now=NOW)
    assert shares(assign(experiment, [guest, tester], NOW)) == {"a": 1, "b": 1}
    assert [row.customer_id for row in counted_assignments(experiment)] == [guest.pk]


def test_nobody_costs_nothing_to_assign() -> None:
    assert assign(make_experiment(), [], NOW) == {}
