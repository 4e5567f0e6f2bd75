"""Day totals hold what people did within their window, and come out the same however they are made."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from campaigns.models import MessageEvent
from campaigns.rollups import count_due_experiments, count_experiment, rebuild
from experiments.comparisons import Totals
from experiments.counting import by_arm, read_counts
from experiments.looks import take_looks
from experiments.models import DayTotals, Decision, Experiment, Look
from shop.models import Customer, ExchangeRate
from tests.campaigns.cohort_shop import START, CohortShop, days, open_shop
from tests.experiments.people import make_experiment
from tests.experiments.totals import fill_days
from tests.factories import make_product
from tests.queries import count_statements

pytestmark = pytest.mark.django_db

LATER = START + days(20)


def count(shop: CohortShop, at: datetime = LATER) -> dict[str, Totals]:
    count_experiment(shop.experiment, at)
    return dict(by_arm(read_counts(shop.experiment).days))


def only_a() -> tuple[CohortShop, list[Customer]]:
    shop = open_shop((1, 0))
    return shop, shop.enter(5, START)


def test_what_people_did_within_the_window_is_added_up_once_a_person() -> None:
    shop, (one, two, three, *_) = only_a()
    for customer, kind, hours in [
        (one, "delivered", 1),
        (one, "clicked", 2),
        (one, "clicked", 3),
        (two, "opened", 2),
        (two, "bounced", 2),
        (three, "complained", 3),
    ]:
        shop.act(customer, kind, START + timedelta(hours=hours))
    shop.leave(three, START + days(1))
    shop.buy(one, "10.00", START + days(1))
    shop.buy(one, "5.00", START + days(6))
    found = count(shop)["a"]
    assert (found.people, found.mailed, found.delivered, found.opened, found.clicked) == (5, 5, 1, 1, 1)
    assert (found.bounced, found.complained, found.unsubscribed) == (1, 1, 1)
    assert (found.converted, found.orders, found.orders_squares) == (1, 2, 4)
    assert (found.revenue, found.revenue_squares, found.revenue_orders) == (15.0, 225.0, 30.0)


@pytest.mark.parametrize("at", [START - days(1), START, START + days(7.01)])
def test_what_happens_outside_the_window_does_not_count(at: datetime) -> None:
    shop, (one, *_) = only_a()
    shop.buy(one, "10.00", at)
    shop.act(one, "clicked", at)
    shop.leave(one, at)
    found = count(shop)["a"]
    assert (found.converted, found.clicked, found.unsubscribed, found.revenue) == (0, 0, 0, 0)


def test_a_machine_neither_clicks_nor_opens() -> None:
    shop, (one, *_) = only_a()
    for kind in ("clicked", "opened"):
        shop.act(one, kind, START + days(1), is_machine=True)
    assert (count(shop)["a"].clicked, count(shop)["a"].opened) == (0, 0)


def test_a_refund_within_the_window_takes_the_money_back_and_leaves_the_order() -> None:
    shop, (one, *_) = only_a()
    order = shop.buy(one, "10.00", START + days(1))
    shop.refund(order, "4.00", START + days(2))
    shop.refund(order, "6.00", START + days(9))
    found = count(shop)["a"]
    assert (found.revenue, found.orders) == (6.0, 1)


def test_a_cancelled_order_is_none() -> None:
    shop, (one, *_) = only_a()
    shop.buy(one, "10.00", START + days(1), cancelled_at=START + days(2))
    assert count(shop)["a"].converted == 0


def test_money_of_another_currency_counts_at_the_rate_stored_for_that_day() -> None:
    shop, (one, two, three, *_) = only_a()
    ExchangeRate.objects.create(currency="EUR", valid_from=START - days(9), rate=Decimal("0.80"))
    ExchangeRate.objects.create(currency="EUR", valid_from=START + days(2), rate=Decimal("0.50"))
    order = shop.buy(one, "10.00", START + days(1), currency="EUR")
    shop.refund(order, "10.00", START + days(3))
    shop.buy(two, "10.00", START + days(3), currency="EUR")
    shop.buy(three, "10.00", START + days(3), currency="USD")
    found = count(shop)["a"]
    assert (found.revenue, found.converted) == (5.0, 3)


def test_what_products_cost_is_taken_off_the_margin() -> None:
    shop, (one, *_) = only_a()
    kettle = make_product(attributes={"cost": "6.50"})
    shop.buy(one, "20.00", START + days(1), lines=[(kettle, 2)])
    assert count(shop)["a"].margin == 7.0


@pytest.mark.parametrize(("back", "margin"), [("5.00", 5.25), ("20.00", 0.0), ("25.00", -5.0)])
def test_what_is_paid_back_takes_its_part_of_the_cost_back_but_never_more_than_all(
    back: str, margin: float
) -> None:
    shop, (one, *_) = only_a()
    kettle = make_product(attributes={"cost": "6.50"})
    order = shop.buy(one, "20.00", START + days(1), lines=[(kettle, 2)])
    shop.refund(order, back, START + days(2))
    assert count(shop)["a"].margin == margin


def test_what_was_paid_back_too_late_for_the_window_leaves_revenue_and_cost_as_they_were() -> None:
    shop, (one, *_) = only_a()
    order = shop.buy(one, "20.00", START + days(1), lines=[(make_product(attributes={"cost": "6.50"}), 2)])
    shop.refund(order, "20.00", START + days(9))
    assert (count(shop)["a"].revenue, count(shop)["a"].margin) == (20.0, 7.0)


def test_revenue_is_capped_for_the_comparison_and_shown_whole() -> None:
    shop, (one, *_) = only_a()
    Experiment.objects.update(revenue_cap=50.0)
    shop.experiment.refresh_from_db()
    shop.buy(one, "1000.00", START + days(1))
    found = count(shop)["a"]
    assert (found.revenue, found.revenue_uncapped) == (50.0, 1000.0)


def test_the_margin_of_a_very_large_order_is_cut_like_its_revenue_and_stays_a_gain() -> None:
    shop, (one, two, *_) = only_a()
    Experiment.objects.update(revenue_cap=50.0)
    shop.experiment.refresh_from_db()
    kettle = make_product(attributes={"cost": "6.00"})
    shop.buy(one, "1000.00", START + days(1), lines=[(kettle, 100)])
    shop.buy(two, "10.00", START + days(1), lines=[(kettle, 1)])
    found = count(shop)["a"]
    assert found.margin == pytest.approx(400 * 50 / 1000 + 4)


def test_attributed_money_follows_the_last_human_click_and_stands_beside_the_rest() -> None:
    shop, (one, two, *_) = only_a()
    shop.act(one, "clicked", START + days(1))
    shop.buy(one, "10.00", START + days(2))
    shop.buy(two, "30.00", START + days(2))
    found = count(shop)["a"]
    assert (found.attributed, found.revenue_uncapped) == (10.0, 40.0)


def test_held_out_people_count_with_all_they_buy() -> None:
    shop = open_shop((1,), holdout_share=0.5)
    for customer in shop.enter(40, START):
        shop.buy(customer, "10.00", START + days(1))
    found = count(shop)
    assert found["holdout"].converted == found["holdout"].people > 3
    assert found["holdout"].mailed == 0
    assert sum(arm.people for arm in found.values()) == 40


def test_a_day_is_final_once_every_window_is_over_and_is_not_counted_again() -> None:
    shop, _ = only_a()
    assert count_experiment(shop.experiment, START + days(7)) == 1
    assert not DayTotals.objects.get().is_matured
    assert count_experiment(shop.experiment, START + days(8)) == 1
    assert DayTotals.objects.get().is_matured
    assert count_experiment(shop.experiment, START + days(9)) == 0


def test_a_day_costs_as_many_queries_for_many_people_as_for_few() -> None:
    shop = open_shop()
    people = shop.enter(4, START) + shop.enter(200, START + days(1))
    for customer in people[::2]:
        shop.buy(customer, "10.00", START + days(2))
        shop.act(customer, "clicked", START + days(1.5))
    with count_statements() as both:
        count_experiment(shop.experiment, START + days(2))
    assert len(both) <= 2 * 15 + 4


def test_markets_and_days_are_counted_apart() -> None:
    shop = open_shop((1, 0))
    shop.enter(3, START, country="GB")
    shop.enter(2, START, country="IR")
    shop.enter(4, START + days(1), country="IR")
    count(shop)
    rows = DayTotals.objects.order_by("day", "market").values_list("market", "people")
    assert list(rows) == [("GB", 3), ("IR", 2), ("IR", 4)]


def test_counting_is_done_once_in_six_hours_and_takes_looks_and_a_verdict() -> None:
    shop = open_shop()
    shop.enter(30, START)
    assert count_due_experiments(LATER) == 1
    assert count_due_experiments(LATER + timedelta(hours=5)) == 0
    assert count_due_experiments(LATER + timedelta(hours=6)) == 1
    assert Look.objects.values("day").distinct().count() == 1
    assert Decision.objects.get().status == "still collecting"


def test_one_that_can_not_be_counted_holds_up_none_of_the_others() -> None:
    broken, whole = (make_experiment(key=key, started_at=START) for key in ("broken", "whole"))
    for experiment in (broken, whole):
        fill_days(experiment, 3, {arm: {"people": 500, "converted": 15} for arm in "ab"})
    take_looks(broken, LATER)
    Look.objects.update(estimate={"kind": "unknown"})
    assert count_due_experiments(LATER) == 1
    assert Decision.objects.get().experiment == whole


def test_nobody_counts_a_draft_or_one_that_is_long_over() -> None:
    shop = open_shop()
    Experiment.objects.update(stopped_at=START, status="stopped")
    assert count_due_experiments(LATER) == 0
    Experiment.objects.update(status="draft", stopped_at=None)
    assert count_due_experiments(LATER) == 0
    assert shop.experiment.epochs.count() == 0


ACTS = st.lists(
    st.tuples(
        st.integers(0, 11),
        st.sampled_from(["clicked", "opened", "buy", "refund", "leave", "bounced"]),
        st.floats(0.01, 20, allow_nan=False),
    ),
    max_size=25,
)


class TotalsComeOutTheSame(TestCase):
    @settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
    @given(ACTS)
    def test_counting_day_by_day_as_counting_all_at_the_end(self, acts: list[tuple[int, str, float]]) -> None:
        shop = open_shop(holdout_share=0.2)
        people = [c for day in range(3) for c in shop.enter(4, START + days(day))]
        played = sorted(acts, key=lambda act: act[2])
        for day in range(22):
            for who, act, at in played:
                if day <= at < day + 1:
                    play(shop, people[who], act, START + days(at))
            count_experiment(shop.experiment, START + days(day + 1))
        gradually = read_rows()
        rebuild(shop.experiment, START + days(22))
        assert read_rows() == gradually


def play(shop: CohortShop, customer: Customer, act: str, at: datetime) -> None:
    order = customer.orders.last()
    if act == "buy":
        shop.buy(customer, "12.34", at)
    elif act == "refund" and order:
        shop.refund(order, "0.10", at)
    elif act == "leave":
        shop.leave(customer, at)
    elif act in MessageEvent.Kind.values and customer.messages.exists():
        shop.act(customer, act, at)


def read_rows() -> list[dict[str, Any]]:
    return list(DayTotals.objects.order_by("day", "arm", "market").values(*TOTALS))


TOTALS = [field.name for field in DayTotals._meta.concrete_fields if field.name not in ("id", "epoch")]
