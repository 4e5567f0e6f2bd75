"""Global holdout, layer, coverage, market, variant: in this order, each with a draw of its own."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from scipy import stats

from experiments.assignment import assign, assign_global_holdout, counted_assignments
from experiments.layers import release_slots, reserve_slots
from experiments.merging import merge_assignments
from experiments.models import AllocationEpoch, Assignment, AuditEntry, Experiment, Layer, LayerSlot, Variant
from experiments.problems import ExperimentError
from experiments.running import change_weights, restart, roll_out, start, stop
from shop.models import Customer
from tests.experiments.people import NOW, make_customers, make_experiment

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=3)


def put_into_layer(experiment: Experiment, layer: Layer, first: int, last: int) -> None:
    Experiment.objects.filter(pk=experiment.pk).update(status="draft")
    experiment.status = "draft"
    reserve_slots(experiment, layer, first=first, last=last)
    start(experiment, NOW)


def test_experiments_of_a_layer_share_nobody_and_leave_nobody_out() -> None:
    layer, customers = Layer.objects.create(key="cart", name="Cart"), make_customers(1000)
    one, two = make_experiment(key="one"), make_experiment(key="two")
    put_into_layer(one, layer, 0, 29)
    put_into_layer(two, layer, 30, 99)
    in_one, in_two = set(assign(one, customers, NOW)), set(assign(two, customers, NOW))
    assert not in_one & in_two
    assert len(in_one | in_two) == 1000
    assert stats.binomtest(len(in_one), 1000, 0.3).pvalue > 1e-3


def test_a_range_that_belongs_to_another_experiment_is_refused_by_name() -> None:
    layer = Layer.objects.create(key="cart", name="Cart")
    one, two = make_experiment(key="one"), make_experiment(key="two", status="draft")
    put_into_layer(one, layer, 0, 49)
    with pytest.raises(ExperimentError, match="of layer cart belong to one; free are 50 to 99"):
        reserve_slots(two, layer, first=40, last=60)
    assert not LayerSlot.objects.filter(experiment=two).exists()
    with pytest.raises(IntegrityError):
        LayerSlot.objects.create(layer=layer, number=3, experiment=two)


def test_slots_are_free_again_once_they_are_released() -> None:
    layer = Layer.objects.create(key="cart", name="Cart")
    one, two = make_experiment(key="one"), make_experiment(key="two", status="draft")
    put_into_layer(one, layer, 0, 99)
    release_slots(one)
    reserve_slots(two, layer, first=0, last=99)
    assert two.slots.count() == 100


def test_who_is_not_covered_gets_what_they_always_got_and_more_coverage_moves_nobody() -> None:
    experiment, customers = make_experiment(coverage=0.3), make_customers(1000)
    early = {pk: arm.variant_id for pk, arm in assign(experiment, customers, NOW).items()}
    assert stats.binomtest(len(early), 1000, 0.3).pvalue > 1e-3
    experiment.coverage = 1.0
    late = assign(experiment, customers, LATER)
    assert len(late) == 1000
    assert {pk: late[pk].variant_id for pk in early} == early


def test_only_people_of_the_chosen_markets_take_part() -> None:
    experiment, customers = make_experiment(markets=["IR"]), make_customers(6)
    Customer.objects.filter(pk__in=[c.pk for c in customers[:2]]).update(country="IR")
    customers = list(Customer.objects.order_by("pk"))
    assert [arm.market for arm in assign(experiment, customers, NOW).values()] == ["IR", "IR"]


def test_whoever_the_global_holdout_spares_is_drawn_once_and_others_are_not() -> None:
    make_experiment((1,), key="holdout-2026h1", salt="holdout:2026h1", is_global=True, holdout_share=0.2)
    customers = make_customers(500)
    spared = assign_global_holdout(customers, NOW)
    assert stats.binomtest(len(spared), 500, 0.2).pvalue > 1e-3
    assert set(assign_global_holdout(customers, LATER)) == set(spared)


def test_the_next_period_of_the_global_holdout_spares_other_people() -> None:
    facts = {"is_global": True, "holdout_share": 0.5}
    first = make_experiment((1,), key="h1", salt="holdout:2026h1", **facts)
    customers = make_customers(400)
    before = set(assign_global_holdout(customers, NOW))
    stop(first, NOW)
    make_experiment((1,), key="h2", salt="holdout:2026h2", **facts)
    after = set(assign_global_holdout(customers, LATER))
    assert 60 < len(before & after) < 140


def test_there_is_one_global_holdout_at_a_time() -> None:
    make_experiment((1,), key="h1", is_global=True, holdout_share=0.1)
    second = make_experiment((1,), key="h2", is_global=True, holdout_share=0.1, status="draft")
    with pytest.raises(ExperimentError, match="Another global holdout is running"):
        start(second, NOW)


def test_a_change_of_weights_opens_an_epoch_and_is_on_record() -> None:
    experiment = make_experiment()
    assign(experiment, make_customers(5), NOW)
    change_weights(experiment, {"a": 0.8, "b": 0.2}, LATER, actor="sara")
    assign(experiment, make_customers(5, start=5), LATER)
    assign(experiment, make_customers(5, start=10), LATER)
    shares = AllocationEpoch.objects.order_by("number").values_list("shares", flat=True)
    assert list(shares) == [{"a": 0.5, "b": 0.5, "": 0.0}, {"a": 0.8, "b": 0.2, "": 0.0}]
    assert Assignment.objects.filter(epoch__number=2).count() == 10
    assert AuditEntry.objects.get().actor == "sara"


def test_weights_that_cannot_be_change_nothing() -> None:
    experiment = make_experiment()
    for weights in ({"c": 1.0}, {"a": -1.0}, {"a": 0.0, "b": 0.0}):
        with pytest.raises(ExperimentError):
            change_weights(experiment, weights, NOW)
    assert set(Variant.objects.values_list("weight", flat=True)) == {0.5}


def test_a_restart_deals_anew_and_forgets_who_was_in_before() -> None:
    experiment, customers = make_experiment(), make_customers(60)
    before = {pk: arm.variant_id for pk, arm in assign(experiment, customers, NOW).items()}
    stop(experiment, NOW)
    again = restart(experiment, LATER, actor="sara", why="The link was broken.")
    assert assign(again, customers, LATER).keys() == before.keys()
    assert {pk: a.variant_id for pk, a in assign(again, customers, LATER).items()} != before
    assert (again.version, counted_assignments(again).count()) == (2, 60)
    assert AuditEntry.objects.filter(action="restarted").get().detail["why"] == "The link was broken."


def test_what_was_rolled_out_is_rolled_out_once() -> None:
    experiment = make_experiment()
    better = experiment.variants.get(key="b")
    assert roll_out(experiment, better, NOW, actor="sara").rolled_out == better
    with pytest.raises(ExperimentError, match="rolled out before"):
        roll_out(experiment, better, LATER)
    with pytest.raises(ExperimentError, match="another experiment"):
        roll_out(make_experiment(key="other"), better, LATER)


def test_a_merged_person_keeps_the_older_arm_and_is_flagged() -> None:
    experiment, (kept, merged) = make_experiment((1, 0)), make_customers(2)
    assign(experiment, [merged], NOW)
    Variant.objects.filter(key="a").update(weight=0)
    Variant.objects.filter(key="b").update(weight=1)
    assign(experiment, [kept], LATER)
    merge_assignments({merged.pk: kept.pk})
    merge_assignments({merged.pk: kept.pk})
    (row,) = counted_assignments(experiment)
    assert (row.customer, row.variant and row.variant.key, row.assigned_at) == (kept, "a", NOW)
    assert row.is_merged
    assert assign(experiment, [kept], LATER)[kept.pk].variant_id == row.variant_id


def test_a_merged_person_who_was_in_it_once_is_in_it_as_before_without_a_flag() -> None:
    experiment, (kept, merged) = make_experiment(), make_customers(2)
    arm = assign(experiment, [merged], NOW)[merged.pk].variant_id
    merge_assignments({merged.pk: kept.pk})
    (row,) = counted_assignments(experiment)
    assert (row.customer, row.variant_id, row.is_merged) == (kept, arm, False)


def test_a_bandit_judges_by_those_who_were_dealt_evenly() -> None:
    experiment = make_experiment((0.9, 0.05, 0.05), mode="bandit")
    rows = assign(experiment, make_customers(3000), NOW).values()
    explorers = [row for row in rows if row.is_evidence]
    assert stats.binomtest(len(explorers), 3000, 0.2).pvalue > 1e-3
    counts = [sum(row.variant_id == v.pk for row in explorers) for v in experiment.variants.all()]
    assert stats.chisquare(counts).pvalue > 1e-3
    assert sum(row.variant == experiment.variants.get(key="a") for row in rows) > 2000
