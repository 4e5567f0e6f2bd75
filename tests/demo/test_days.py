"""Moved dates, derived carts, consents and deliveries: seeded, marked, and true to the weekdays."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.dates import LONDON, Calendar, DateError, choose_calendar
from demo.days import LiveDays
from demo.deriving import Attitude, CartFate, choose_attitude, choose_delivery, choose_stock, tell_cart
from demo.elements import occurred_at
from demo.loading import Shelved
from demo.seeded import draw
from tests.demo.conftest import LAST_DAY, NOW

MOMENT = datetime(2026, 11, 10, 11, 30, tzinfo=LONDON)


@settings(max_examples=30, derandomize=True)
@given(
    st.datetimes(datetime(2010, 12, 1), datetime(2011, 12, 9, 23)),  # noqa: DTZ001
    st.datetimes(datetime(2024, 1, 2), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_moved_dates_keep_weekday_and_hour(wall_time: datetime, now: datetime) -> None:
    moved = choose_calendar(LAST_DAY.date(), now=now).move(wall_time)
    assert (moved.weekday(), moved.hour, moved.minute) == (
        wall_time.weekday(),
        wall_time.hour,
        wall_time.minute,
    )
    assert moved.tzinfo is LONDON


@settings(max_examples=30, derandomize=True)
@given(st.datetimes(datetime(2024, 1, 2), datetime(2040, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_the_last_day_is_over_and_less_than_eight_days_ago(now: datetime) -> None:
    calendar = choose_calendar(LAST_DAY.date(), now=now)
    assert calendar.ends_at <= now < calendar.ends_at + timedelta(days=8)


def test_until_fixes_the_last_day() -> None:
    calendar = choose_calendar(LAST_DAY.date(), now=NOW, until=date(2026, 3, 1), live_days=7)
    assert calendar.ends_at.date() == date(2026, 2, 28)
    assert calendar.live_from.date() == date(2026, 2, 21)


def test_a_day_that_is_not_over_is_refused() -> None:
    with pytest.raises(DateError, match="name a day before 2026-11-22"):
        choose_calendar(LAST_DAY.date(), now=NOW, until=date(2026, 11, 22))


def test_the_same_parts_draw_the_same_number() -> None:
    assert draw("cart", "536365") == draw("cart", "536365") != draw("cart", "536366")


def test_ten_percent_of_the_orders_are_abandoned_and_a_quarter_had_a_cart() -> None:
    fates = Counter(tell_cart(f"5{n:05}", MOMENT).fate for n in range(4_000))
    assert 0.04 < fates[CartFate.ABANDONED] / 4_000 < 0.08
    assert 0.02 < fates[CartFate.LATER] / 4_000 < 0.06
    assert 0.22 < fates[CartFate.ORDERED] / 4_000 < 0.28


def test_a_cart_comes_before_its_order() -> None:
    stories = [tell_cart(f"5{n:05}", MOMENT) for n in range(200)]
    ordered = [story for story in stories if story.ordered_at and story.fate is not CartFate.NONE]
    assert ordered
    assert all(story.updated_at < story.ordered_at for story in ordered if story.ordered_at)


def test_consents_are_mostly_soft_with_some_refusals() -> None:
    shares = Counter(choose_attitude(f"customer-{n}") for n in range(4_000))
    assert 0.77 < shares[Attitude.SOFT_OPT_IN] / 4_000 < 0.83
    assert 0.10 < shares[Attitude.EXPLICIT] / 4_000 < 0.14
    assert 0.06 < (shares[Attitude.OBJECTED] + shares[Attitude.WITHDREW]) / 4_000 < 0.10


def test_parcels_abroad_take_longer() -> None:
    home = {(choose_delivery(str(n), MOMENT, country="GB").date() - MOMENT.date()).days for n in range(99)}
    abroad = {(choose_delivery(str(n), MOMENT, country="FR").date() - MOMENT.date()).days for n in range(99)}
    assert home == {2, 3, 4, 5}
    assert abroad == {4, 5, 6, 7, 8, 9}


def test_about_three_percent_of_the_products_are_out_of_stock() -> None:
    out = sum(choose_stock(str(n)) == 0 for n in range(3_000))
    assert 50 < out < 130


def test_two_tellings_of_the_live_days_agree(small_shop: Shelved) -> None:
    assert LiveDays(small_shop).tell() == LiveDays(small_shop).tell()


def test_every_cart_in_the_live_days_is_marked_as_derived(small_shop: Shelved) -> None:
    carts = [event["cart"] for event in LiveDays(small_shop).tell() if event["kind"] == "cart.updated"]
    assert carts
    assert all(cart["is_derived"] for cart in carts)


def test_an_abandoned_cart_replaces_its_order(small_shop: Shelved) -> None:
    told = LiveDays(small_shop).tell()
    ordered = {event["order"]["id"] for event in told if event["kind"] == "order.placed"}
    delivered = {event["order"]["id"] for event in told if event["kind"] == "order.delivered"}
    lived = {small_shop.retail.orders[row].invoice for row in small_shop.live}
    assert len(lived) == 14
    assert ordered <= lived
    assert delivered == ordered


def test_a_new_customer_is_introduced_and_says_yes_or_no_with_the_first_order(small_shop: Shelved) -> None:
    told = LiveDays(small_shop).tell()
    orders = {event["customer"]["id"]: event for event in told if event["kind"] == "order.placed"}
    consents = {event["customer"]["id"] for event in told if event["kind"].startswith("consent.")}
    assert set(orders) == consents
    assert all(order["customer"]["email"].endswith("@example.com") for order in orders.values())


def test_events_are_told_in_the_order_of_time_with_ids_of_their_own(
    small_shop: Shelved, calendar: Calendar
) -> None:
    told = LiveDays(small_shop).tell()
    assert [occurred_at(event) for event in told] == sorted(occurred_at(event) for event in told)
    assert len({event["id"] for event in told}) == len(told)
    assert calendar.is_live(max(occurred_at(event) for event in told if event["kind"] == "order.placed"))
