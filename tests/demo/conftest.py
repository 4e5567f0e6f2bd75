"""One small, hand-made invoice book for all tests of the sample."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigns.transports import build_current_transport
from delivery.base import Transport
from demo.dates import Calendar, choose_calendar
from demo.loading import Shelved, shelve
from demo.prepare_data import prepare
from demo.retail.cleaning import SourceLine
from demo.retail.prepared import Retail, read_retail

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
LAST_DAY = datetime(2011, 12, 9, 12, 0)  # noqa: DTZ001 (the source has wall times)


def make_line(invoice: str = "536365", **changes: Any) -> SourceLine:
    line = SourceLine(
        invoice=invoice,
        code="85123A",
        description="WHITE HANGING HEART T-LIGHT HOLDER",
        quantity=6,
        time=LAST_DAY - timedelta(days=30),
        unit_price=2.55,
        customer=17850,
        country="United Kingdom",
    )
    return line._replace(**changes)


def prepare_lines(*lines: SourceLine) -> Retail:
    return prepare(iter(lines))


@pytest.fixture(scope="session")
def shipped() -> Retail:
    return read_retail()


@pytest.fixture
def inbox() -> Transport:
    """The preview inbox: mail that stays in the database."""
    return build_current_transport()


@pytest.fixture
def calendar() -> Calendar:
    return choose_calendar(LAST_DAY.date(), now=NOW)


@pytest.fixture
def small_shop(calendar: Calendar) -> Shelved:
    """Two customers and a guest: orders a month ago and on each of the live days."""
    month_ago = LAST_DAY - timedelta(days=30)
    lines = [
        make_line("500001", time=month_ago),
        make_line("500002", time=month_ago, customer=12680, country="Israel", code="22423"),
        make_line("500003", time=month_ago, customer=None),
        make_line("C500004", time=month_ago + timedelta(days=1), quantity=-2),
    ]
    for day in range(14):
        time = LAST_DAY - timedelta(days=day)
        lines.append(make_line(f"51{day:04}", time=time, customer=20000 + day))
        lines.append(make_line(f"51{day:04}", time=time, customer=20000 + day, code="22423"))
    return shelve(prepare_lines(*lines), calendar)
