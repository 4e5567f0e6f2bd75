"""Which arms are compared, and how what was counted becomes an estimate. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from operator import attrgetter
from typing import Final

from experiments.estimates import (
    Estimate,
    JointMoments,
    combine_epochs,
    estimate_means,
    estimate_rates,
    estimate_ratios,
)
from experiments.statistics import Moments, Rate

HOLDOUT: Final = "holdout"  # the people who get nothing
WRITTEN: Final = "written"  # everybody who gets something, whichever variant


class Metric(StrEnum):
    """What is counted of a person within the window. Which of them may decide: DECIDING."""

    CLICK = "click"
    CONVERSION = "conversion"
    REVENUE = "revenue"
    MARGIN = "margin"
    ORDER_VALUE = "order_value"
    UNSUBSCRIBE = "unsubscribe"
    COMPLAINT = "complaint"
    BOUNCE = "bounce"
    DELIVERED = "delivered"
    OPEN = "open"


DECIDING: Final = (Metric.CLICK, Metric.CONVERSION, Metric.REVENUE, Metric.MARGIN, Metric.ORDER_VALUE)
GUARDING: Final = (Metric.UNSUBSCRIBE, Metric.COMPLAINT, Metric.BOUNCE)
NOUNS: Final = {
    Metric.CLICK: "people who click",
    Metric.CONVERSION: "orders",
    Metric.REVENUE: "revenue",
    Metric.MARGIN: "margin",
    Metric.ORDER_VALUE: "revenue an order",
}


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over people, each counted once; the fields are those of `models.DayTotals`."""

    people: int = 0
    mailed: int = 0
    delivered: int = 0
    opened: int = 0
    clicked: int = 0
    converted: int = 0
    unsubscribed: int = 0
    complained: int = 0
    bounced: int = 0
    merged: int = 0
    orders: int = 0
    orders_squares: float = 0.0
    revenue: float = 0.0
    revenue_squares: float = 0.0
    revenue_orders: float = 0.0
    revenue_uncapped: float = 0.0
    margin: float = 0.0
    margin_squares: float = 0.0
    attributed: float = 0.0

    def __add__(self, other: "Totals") -> "Totals":
        return add_up((self, other))

    def rate(self, metric: Metric) -> Rate:
        """How many of the people did it. Raises KeyError for a metric that isn't yes or no."""
        return Rate(getattr(self, _COUNTERS[metric]), self.people)


FIELDS: Final = tuple(field.name for field in fields(Totals))
_VALUES: Final = attrgetter(*FIELDS)
_COUNTERS: Final = {
    Metric.CLICK: "clicked",
    Metric.CONVERSION: "converted",
    Metric.UNSUBSCRIBE: "unsubscribed",
    Metric.COMPLAINT: "complained",
    Metric.BOUNCE: "bounced",
    Metric.DELIVERED: "delivered",
    Metric.OPEN: "opened",
}
ByArm = Mapping[str, Totals]


@dataclass(frozen=True, slots=True)
class Pair:
    """`arm` against `reference`. `is_primary`: the pairs that the experiment was made for."""

    reference: str
    arm: str
    is_primary: bool


def list_pairs(variants: Sequence[str], *, control: str | None, has_holdout: bool) -> list[Pair]:
    """Each variant against the control; whoever is written to against the holdout, if there is one.

    With one variant the holdout is what it is compared with.
    """
    pairs = [Pair(control, key, True) for key in variants if control and key != control]
    if has_holdout:
        pairs.append(Pair(HOLDOUT, WRITTEN, not pairs))
    return pairs


def list_metrics(pair: Pair) -> list[Metric]:
    """What the pair can be compared by: nobody can click in an email that was not sent."""
    return [m for m in DECIDING if not (pair.reference == HOLDOUT and m is Metric.CLICK)]


def totals_of(arm: str, totals: ByArm) -> Totals:
    """Of one arm, or of all but the holdout together for WRITTEN."""
    if arm != WRITTEN:
        return totals.get(arm, Totals())
    return add_up(counted for key, counted in totals.items() if key != HOLDOUT)


def add_up(totals: Iterable[Totals]) -> Totals:
    columns = zip(*map(_VALUES, totals), strict=True)
    return Totals(*map(sum, columns))


def estimate(metric: Metric, pair: Pair, epochs: Sequence[ByArm]) -> Estimate | None:
    """The difference by this metric, each epoch compared within itself; None where an arm is empty.

    Epochs in which one of the arms has nobody tell nothing of the difference and are left out.
    """
    found = []
    for totals in epochs:
        a, b = totals_of(pair.reference, totals), totals_of(pair.arm, totals)
        if (compared := compare(metric, a, b)) is not None:
            found.append(compared)
    return combine_epochs(found)


def compare(metric: Metric, a: Totals, b: Totals) -> Estimate | None:
    """B minus A by this metric in one epoch."""
    if metric in _COUNTERS:
        return estimate_rates(a.rate(metric), b.rate(metric))
    return _MONEY[metric](a, b)


def _compare_revenue(a: Totals, b: Totals) -> Estimate | None:
    return estimate_means(*(Moments(arm.people, arm.revenue, arm.revenue_squares) for arm in (a, b)))


def _compare_margin(a: Totals, b: Totals) -> Estimate | None:
    return estimate_means(*(Moments(arm.people, arm.margin, arm.margin_squares) for arm in (a, b)))


def _compare_order_value(a: Totals, b: Totals) -> Estimate | None:
    return estimate_ratios(*(_join_moments(arm) for arm in (a, b)))


def _join_moments(arm: Totals) -> JointMoments:
    return JointMoments(
        count=arm.people,
        total=arm.revenue,
        total_of_squares=arm.revenue_squares,
        other_total=arm.orders,
        other_total_of_squares=arm.orders_squares,
        total_of_products=arm.revenue_orders,
    )


_MONEY: Final[dict[Metric, Callable[[Totals, Totals], Estimate | None]]] = {
    Metric.REVENUE: _compare_revenue,
    Metric.MARGIN: _compare_margin,
    Metric.ORDER_VALUE: _compare_order_value,
}
