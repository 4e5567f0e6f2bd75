"""May we send this? Every no has its reason, and the order of the gates is part of the promise."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audience.consent import Cap, Standing
from campaigns.eligibility import Defer, Facts, Send, Skip, judge

NOON = datetime(2026, 11, 17, 12, 0, tzinfo=UTC)
FROM_A_LEAP_DAY = datetime(2024, 2, 29, tzinfo=UTC)
WILLING = Standing(
    may_market=True,
    reason="",
    is_suppressed=False,
    no_suggestions=False,
    language="",
    cap=Cap(count=3, days=7),
)
OBJECTOR = replace(WILLING, may_market=False, reason="withdrawn")
MARKETING = Facts(
    is_marketing=True,
    queued_at=NOON,
    has_address=True,
    outdated="",
    standing=WILLING,
    recent_marketing=(),
    timezone=ZoneInfo("Europe/London"),
    is_held_out=False,
)
TRANSACTIONAL = replace(MARKETING, is_marketing=False)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"has_address": False}, "no_address"),
        ({"outdated": "ordered"}, "ordered"),
        ({"queued_at": NOON - timedelta(days=30)}, "expired"),
        ({"standing": replace(WILLING, is_suppressed=True)}, "suppressed"),
        ({"standing": OBJECTOR}, "withdrawn"),
        ({"recent_marketing": (NOON - timedelta(days=1),) * 3}, "frequency_cap"),
        ({"is_held_out": True}, "held_out"),
    ],
)
def test_marketing_is_skipped_with_the_reason(changes: dict[str, object], reason: str) -> None:
    assert judge(replace(MARKETING, **changes), NOON) == Skip(reason)  # type: ignore[arg-type]


def test_a_customer_who_said_no_still_gets_the_order_confirmation_without_suggestions() -> None:
    assert judge(replace(TRANSACTIONAL, standing=OBJECTOR), NOON) == Send(with_products=False)


def test_a_customer_who_wants_no_suggestions_gets_the_mail_without_them() -> None:
    facts = replace(MARKETING, standing=replace(WILLING, no_suggestions=True))
    assert judge(facts, NOON) == Send(with_products=False)


def test_holding_out_never_withholds_a_transactional_email() -> None:
    assert judge(replace(TRANSACTIONAL, is_held_out=True), NOON) == Send(with_products=False)


def test_mails_older_than_the_caps_window_do_not_count() -> None:
    facts = replace(MARKETING, recent_marketing=(NOON - timedelta(days=8),) * 5)
    assert judge(facts, NOON) == Send(with_products=True)


@pytest.mark.parametrize(
    ("zone", "hour_utc", "until"),
    [
        ("Europe/London", 23, datetime(2026, 11, 18, 8, tzinfo=UTC)),
        ("Europe/London", 3, datetime(2026, 11, 17, 8, tzinfo=UTC)),
        ("Asia/Tehran", 18, datetime(2026, 11, 18, 4, 30, tzinfo=UTC)),
    ],
)
def test_marketing_waits_for_the_customers_own_morning(zone: str, hour_utc: int, until: datetime) -> None:
    facts = replace(MARKETING, timezone=ZoneInfo(zone))
    assert judge(facts, NOON.replace(hour=hour_utc)) == Defer("quiet_hours", until)


def test_an_order_confirmation_does_not_wait_for_the_morning() -> None:
    assert judge(TRANSACTIONAL, NOON.replace(hour=3)) == Send(with_products=True)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    may_market=st.booleans(),
    is_marketing=st.booleans(),
    is_suppressed=st.booleans(),
    hour=st.integers(0, 23),
    sent=st.integers(0, 5),
)
def test_whoever_said_no_gets_neither_marketing_nor_suggestions(
    *, may_market: bool, is_marketing: bool, is_suppressed: bool, hour: int, sent: int
) -> None:
    standing = replace(WILLING, may_market=may_market, reason="withdrawn", is_suppressed=is_suppressed)
    facts = replace(MARKETING, is_marketing=is_marketing, standing=standing, recent_marketing=(NOON,) * sent)
    verdict = judge(facts, NOON.replace(hour=hour))
    if is_suppressed:
        assert isinstance(verdict, Skip)
    if not may_market:
        assert verdict in (Skip("withdrawn"), Skip("suppressed")) if is_marketing else True
        assert not (isinstance(verdict, Send) and verdict.with_products)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(
    zone=st.sampled_from(["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Tehran", "UTC"]),
    moment=st.integers(0, 5 * 366 * 24 * 60).map(lambda n: FROM_A_LEAP_DAY + timedelta(minutes=n)),
)
def test_marketing_waits_at_most_a_night_on_leap_days_and_when_the_clocks_change(
    zone: str, moment: datetime
) -> None:
    """Also around 02:30 of a night in which that hour does not exist, or comes twice."""
    facts = replace(MARKETING, queued_at=moment, timezone=ZoneInfo(zone))
    verdict = judge(facts, moment)
    if isinstance(verdict, Defer):
        assert verdict.until is not None
        assert moment < verdict.until <= moment + timedelta(hours=12)
        assert judge(facts, verdict.until) == Send(with_products=True)
    else:
        assert 8 <= moment.astimezone(ZoneInfo(zone)).hour < 21
