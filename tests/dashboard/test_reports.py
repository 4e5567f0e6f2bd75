"""The figures are counted right, in as many queries for a big shop as for a small one."""

from collections import Counter
from datetime import UTC, timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum
from pytest_django import DjangoAssertNumQueries

from campaigns import reports
from campaigns.models import Campaign, Message, MessageOutcome, SendBatch
from campaigns.reports import Period
from campaigns.rollups import count_experiment
from dashboard.overview import find_oldest_enrolment
from dashboard.periods import choose_period
from experiments.models import Assignment, DayTotals
from tests.dashboard.sent import NEWEST, SmallShop, close, make_message, react
from tests.factories import make_customer
from triggers.models import Enrolment

pytestmark = pytest.mark.django_db

MONTH = Period(NEWEST - timedelta(days=30), NEWEST + timedelta(seconds=1))


def test_messages_are_counted_by_day_and_status(small_shop: SmallShop) -> None:
    days = reports.count_messages_by_day(MONTH, UTC)
    assert sum(days.values(), Counter()) == {
        "accepted": 6,
        "skipped": 2,
        "held_out": 1,
        "rejected": 1,
    }
    assert days[NEWEST.date()] == {"accepted": 1}


def test_reasons_are_counted_without_those_who_were_held_out(small_shop: SmallShop) -> None:
    assert reports.count_reasons(MONTH) == [("frequency_cap", 1), ("smtp_550", 1), ("withdrawn", 1)]


def test_a_step_has_its_clicks_and_the_orders_that_followed(small_shop: SmallShop) -> None:
    step = small_shop.campaigns["order_confirmation"].steps.get()
    figures = reports.count_steps(MONTH)[step.pk]
    assert (figures.sent, figures.clicked, figures.orders) == (5, 1, 1)
    assert figures.revenue == {"GBP": Decimal("19.00")}


def test_a_click_by_a_program_counts_nowhere(small_shop: SmallShop) -> None:
    react(small_shop.messages["cart en"], "clicked", minutes=1, is_machine=True)
    step = small_shop.messages["cart en"].step_id
    assert reports.count_steps(MONTH)[step].clicked == 0
    assert reports.count_clicked_messages(MONTH) == 1


def test_counting_takes_as_many_queries_for_many_messages(
    small_shop: SmallShop, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(20):
        message = make_message(small_shop, "abandoned_cart", make_customer(language="en"), at=NEWEST)
        react(message, "clicked", minutes=2, url="https://shop.example/p")
    with django_assert_num_queries(6):
        reports.count_steps(MONTH)


def leave_waiting(shop: SmallShop) -> Message:
    message = make_message(shop, "abandoned_cart", shop.customers["en"], at=NEWEST)
    Message.objects.filter(pk=message.pk).update(batch=None)
    return message


def test_work_that_is_due_is_found_and_work_of_tomorrow_is_not(small_shop: SmallShop) -> None:
    leave_waiting(small_shop)
    assert reports.find_open_work(NEWEST).oldest_due == NEWEST
    assert reports.find_open_work(NEWEST - timedelta(days=1)).oldest_due is None


def test_what_a_paused_campaign_holds_back_is_not_late(small_shop: SmallShop) -> None:
    message = leave_waiting(small_shop)
    SendBatch.objects.create(campaign=message.step.campaign, due_at=NEWEST)
    Enrolment.objects.update(state="waiting", due_at=NEWEST)
    Campaign.objects.update(status=Campaign.Status.PAUSED)
    work = reports.find_open_work(NEWEST)
    assert (work.oldest_due, work.due_messages) == (None, 0)
    assert find_oldest_enrolment(NEWEST) is None


def test_a_message_is_in_doubt_until_we_stop_waiting_for_news(small_shop: SmallShop) -> None:
    message = small_shop.messages["cart en"]
    close(message, "unknown", "in_doubt")
    assert reports.find_open_work(NEWEST).in_doubt == 0
    message.outcomes.update(until=NEWEST + timedelta(minutes=30))
    assert reports.find_open_work(NEWEST).in_doubt == 1


def test_a_period_ends_with_the_newest_data_whatever_the_day(small_shop: SmallShop) -> None:
    chosen = choose_period("7", NEWEST + timedelta(days=4000))
    assert chosen.days[-1] == NEWEST.date()
    assert len(chosen.days) == 7


def test_nonsense_for_a_period_is_fourteen_days(small_shop: SmallShop) -> None:
    assert len(choose_period("many", NEWEST).days) == 14


def test_an_empty_shop_has_a_period_all_the_same() -> None:
    assert len(choose_period("30", NEWEST).days) == 30


def mailed_control(shop: SmallShop) -> int:
    """The people of the control whose email left, counted as the roll-up does."""
    count_experiment(shop.experiment, NEWEST)
    return DayTotals.objects.filter(arm="control").aggregate(people=Sum("mailed"))["people"] or 0


def test_a_person_whose_message_was_only_deferred_was_not_mailed(small_shop: SmallShop) -> None:
    message = small_shop.messages["cart en"]
    MessageOutcome.objects.create(message=message, kind="deferred", reason="http_429", at=NEWEST)
    Message.objects.filter(pk=message.pk).update(batch=None)
    assert mailed_control(small_shop) == 0


@pytest.mark.parametrize(("state", "mailed"), [("leased", 0), ("submitting", 0), ("done", 1)])
def test_a_person_was_mailed_once_the_batch_is_done(small_shop: SmallShop, state: str, mailed: int) -> None:
    SendBatch.objects.update(state=state)
    assert mailed_control(small_shop) == mailed


def test_a_message_that_the_provider_confirmed_later_was_mailed(small_shop: SmallShop) -> None:
    message = small_shop.messages["cart en"]
    close(message, "unknown", "in_doubt")
    assert mailed_control(small_shop) == 0
    close(message, "accepted", "seen_by_provider")
    assert mailed_control(small_shop) == 1


def test_people_who_were_put_there_by_hand_never_count(small_shop: SmallShop) -> None:
    Assignment.objects.update(is_forced=True)
    assert mailed_control(small_shop) == 0
    assert not DayTotals.objects.exists()


def test_a_message_that_is_still_open_is_neither_sent_nor_lost(small_shop: SmallShop) -> None:
    message = make_message(small_shop, "abandoned_cart", small_shop.customers["en"], at=NEWEST)
    before = reports.count_steps(MONTH)[message.step_id]
    close(message, "unknown", "in_doubt")
    after = reports.count_steps(MONTH)[message.step_id]
    assert (after.sent - before.sent, after.not_sent - before.not_sent) == (-1, 1)
