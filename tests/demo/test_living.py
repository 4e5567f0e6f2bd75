"""The clock of the live days."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.base import Transport
from demo.elements import Element, cart_updated, occurred_at, order_delivered, order_placed
from demo.living import Clock, Lived, live_through
from shop.ingest import Receipt, record_events
from shop.models import Cart, Order

START = datetime(2026, 11, 7, tzinfo=UTC)
CLOCK = Clock(START, START + timedelta(days=1), timedelta(hours=3))
SARA = {"id": "bq-sara", "email": "sara@example.com", "language": "fa"}
POT = {"id": "pot", "title": "Teapot", "currency": "GBP"}


@dataclass
class Diary:
    """Stands at the engine's door and writes down when it was called."""

    swept: list[datetime] = field(default_factory=list)
    posted: list[tuple[datetime, str]] = field(default_factory=list)

    def sweep(self, now: datetime, _: Transport) -> None:
        self.swept.append(now)

    def record(self, elements: Sequence[Element], now: datetime) -> list[Receipt]:
        self.posted += [(now, element["id"]) for element in elements]
        return record_events(elements, source="demo", now=now)


def live(elements: Sequence[Element], transport: Transport) -> tuple[Diary, Lived]:
    diary = Diary()
    lived = live_through(elements, CLOCK, record=diary.record, sweep=diary.sweep, transport=transport)
    return diary, lived


@settings(max_examples=50, derandomize=True)
@given(st.integers(1, 500), st.integers(1, 24))
def test_the_clock_never_stands_still_and_ends_on_its_end(hours: int, step: int) -> None:
    clock = Clock(START, START + timedelta(hours=hours), timedelta(hours=step))
    ticks = list(clock)
    assert len(ticks) == len(clock)
    assert ticks[-1] == clock.end
    assert all(earlier < later for earlier, later in pairwise(ticks))


@pytest.mark.django_db
def test_each_event_is_posted_in_the_step_in_which_it_happened(inbox: Transport) -> None:
    lines = [(POT, 1, Decimal("24.00"))]
    cart = cart_updated("c1", lines, at=START + timedelta(hours=4), currency="GBP", customer=SARA)
    order = order_placed(
        "o1", lines, at=START + timedelta(hours=10), currency="GBP", customer=SARA, cart="c1"
    )
    late = order_delivered("o1", at=START + timedelta(days=3))
    diary, _ = live([cart, order, late], inbox)
    assert diary.posted == [
        (START + timedelta(hours=6), cart["id"]),
        (START + timedelta(hours=12), order["id"]),
    ]
    assert diary.swept == list(CLOCK)


@pytest.mark.django_db
def test_a_told_cart_is_derived_and_closed_by_its_order(inbox: Transport) -> None:
    lines = [(POT, 1, Decimal("24.00"))]
    cart = cart_updated("c1", lines, at=START, currency="GBP", customer=SARA)
    order = order_placed("o1", lines, at=START + timedelta(hours=1), currency="GBP", customer=SARA, cart="c1")
    live([cart, order], inbox)
    assert Cart.objects.get().is_derived
    assert Cart.objects.get().closed_at == occurred_at(order)
    assert Order.objects.get().total == Decimal("24.00")


@pytest.mark.django_db
def test_a_refused_event_is_told_and_stops_nothing(inbox: Transport) -> None:
    unknown = order_delivered("nobody-knows", at=START)
    known = order_placed("o1", [(POT, 1, Decimal("1.00"))], at=START, currency="GBP")
    _, lived = live([unknown, known], inbox)
    assert lived.receipts == {"refused": 1, "recorded": 1}
    assert "order.delivered:nobody-knows" in lived.refusals[0]
