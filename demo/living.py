"""Living through days at high speed: the clock moves, events are posted, the real engine works."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from delivery.base import Transport
from demo.elements import Element, occurred_at
from shop.ingest import Receipt

SOURCE = "demo"
MOST_ELEMENTS = 1000  # the recorder's own batch

Sweep = Callable[[datetime, Transport], object]


Record = Callable[[Sequence[Element], datetime], Sequence[Receipt]]


@dataclass
class Lived:
    """What went in: posted events by kind, receipts by status, and the first refusals in words."""

    steps: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    receipts: Counter[str] = field(default_factory=Counter)
    refusals: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Clock:
    """Ticks from `start` to `end`, the last tick on `end` itself."""

    start: datetime
    end: datetime
    step: timedelta

    def __len__(self) -> int:
        return max(0, -((self.start - self.end) // self.step))

    def __iter__(self) -> Iterator[datetime]:
        for tick in range(1, len(self) + 1):
            yield min(self.start + tick * self.step, self.end)


def live_through(
    elements: Sequence[Element],
    clock: Clock,
    *,
    record: Record,
    sweep: Sweep,
    transport: Transport,
    read: Callable[[datetime], None] = lambda _: None,
    report: Callable[[datetime], None] = lambda _: None,
) -> Lived:
    """Posts each event in the step in which it happened, sweeps, lets the readers act, and goes on.

    `elements` are sorted by time; those after the clock's end are not posted. A refused event is counted
    and told, never a reason to stop.
    """
    lived = Lived()
    position = 0
    for now in clock:
        due = position
        while due < len(elements) and occurred_at(elements[due]) <= now:
            due += 1
        _post(elements[position:due], now, record=record, lived=lived)
        position = due
        sweep(now, transport)
        read(now)
        lived.steps += 1
        report(now)
    return lived


def _post(elements: Sequence[Element], now: datetime, *, record: Record, lived: Lived) -> None:
    for start in range(0, len(elements), MOST_ELEMENTS):
        part = elements[start : start + MOST_ELEMENTS]
        lived.kinds.update(element["kind"] for element in part)
        for receipt in record(part, now):
            lived.receipts[receipt.status] += 1
            if receipt.status == "refused":
                lived.refusals.append(f"{part[receipt.index]['id']}: {receipt.errors[0]}")
