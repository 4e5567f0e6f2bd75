"""What the people did who entered an experiment on one day: read in a fixed number of queries.

Everybody who was assigned counts, whether or not an email reached them: leaving out those who could not
be mailed would compare different kinds of people. Each person counts from their own assignment on, for
the experiment's window.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from audience.models import ConsentEntry
from campaigns.attribution import Click, find_last_click
from campaigns.models import Campaign, MessageEvent, MessageOutcome, RenderedMessage, SendBatch
from experiments.assignment import counted_assignments
from experiments.models import Assignment, Experiment
from shop.models import Order, OrderLine, Refund
from shop.rates import Rates, read_rates

Kind = MessageEvent.Kind
_OURS = "message__customer__assignments"
_Row = TypeVar("_Row", RenderedMessage, MessageEvent)


@dataclass(slots=True)
class Person:
    """One person of the cohort. Money is in the shop's currency, less refunds within the window; so is the
    cost, by the part that was paid back."""

    assignment: Assignment
    is_mailed: bool = False
    has_withdrawn: bool = False
    events: set[str] = field(default_factory=set)
    orders: int = 0
    revenue: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    attributed: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Cohort:
    """Those who entered in [since, until). All that is read of them goes through here."""

    experiment: Experiment
    since: datetime
    until: datetime

    @property
    def window(self) -> timedelta:
        return timedelta(days=self.experiment.window_days)

    def among(self, assignments: str) -> dict[str, Any]:
        """Filters for the counted people of this day, by a model's path to their assignments."""
        return {
            f"{assignments}__experiment": self.experiment,
            f"{assignments}__version": self.experiment.version,
            f"{assignments}__is_forced": False,
            f"{assignments}__merged_into": None,
            f"{assignments}__assigned_at__gte": self.since,
            f"{assignments}__assigned_at__lt": self.until,
        }

    def within(self, moment: str, assignments: str) -> Q:
        """Only what happened after the person's assignment and within the window."""
        start = F(f"{assignments}__assigned_at")
        return Q(**{f"{moment}__gt": start, f"{moment}__lte": start + self.window})


def read_people(cohort: Cohort) -> list[Person]:
    """The people of the cohort with all they did. Nine queries at most, one if there is nobody."""
    entered = Q(assigned_at__gte=cohort.since, assigned_at__lt=cohort.until)
    assignments = counted_assignments(cohort.experiment).filter(entered).select_related("variant")
    people = {a.customer_id: Person(a) for a in assignments.order_by("pk")}
    if people:
        _read_mail(cohort, people)
        _read_withdrawals(cohort, people)
        _read_orders(cohort, people)
    return list(people.values())


def _read_mail(cohort: Cohort, people: Mapping[int, Person]) -> None:
    handed_over = Q(message__is_closed=False, message__batch__state=SendBatch.State.DONE)
    left = handed_over | Q(message__outcomes__kind=MessageOutcome.Kind.ACCEPTED)
    mailed = _ours(cohort, RenderedMessage.objects.filter(left), "assignment")
    for customer in mailed.values_list("message__customer", flat=True):
        people[customer].is_mailed = True
    shown = MessageEvent.objects.filter(
        cohort.within("occurred_at", _OURS),
        kind__in=[Kind.DELIVERED, Kind.OPENED, Kind.CLICKED, Kind.COMPLAINED, Kind.BOUNCED],
        is_machine=False,
    )
    events = _ours(cohort, shown, "message__rendered__assignment")
    for customer, kind in events.values_list("message__customer", "kind"):
        people[customer].events.add(kind)


def _ours(cohort: Cohort, rows: QuerySet[_Row], assignment: str) -> QuerySet[_Row]:
    """Rows about the experiment's own emails; of a global holdout, about all marketing."""
    of_cohort = rows.filter(**cohort.among(_OURS))
    if cohort.experiment.is_global:
        return of_cohort.filter(message__step__campaign__message_class=Campaign.MessageClass.MARKETING)
    own = Q(**{assignment: F(f"{_OURS}__pk")})
    return of_cohort.filter(own | Q(**{f"{assignment}__merged_into": F(f"{_OURS}__pk")}))


def _read_withdrawals(cohort: Cohort, people: Mapping[int, Person]) -> None:
    path = "customer__assignments"
    withdrawn = ConsentEntry.objects.filter(
        cohort.within("occurred_at", path), state=ConsentEntry.State.WITHDRAWN, **cohort.among(path)
    )
    for customer in withdrawn.values_list("customer", flat=True):
        people[customer].has_withdrawn = True


def _read_orders(cohort: Cohort, people: Mapping[int, Person]) -> None:
    path = "customer__assignments"
    orders = list(
        Order.objects.filter(
            cohort.within("placed_at", path), cancelled_at=None, **cohort.among(path)
        ).order_by("pk")
    )
    if not orders:
        return
    rates, refunds, clicks = read_rates(), _read_refunds(cohort), _read_clicks(cohort)
    costs = _read_costs(cohort, rates)
    window = timedelta(days=settings.PAIRWELL["ATTRIBUTION_DAYS"])
    for order in orders:
        person = people[order.customer_id or 0]
        person.orders += 1
        amount = rates.convert(order.total, order.currency, order.placed_at) or Decimal(0)
        back = sum((_convert(rates, *refund) for refund in refunds.get(order.pk, ())), Decimal(0))
        amount, kept = amount - back, _find_kept(amount, back)
        person.revenue += amount
        person.cost += costs.get(order.pk, Decimal(0)) * kept
        mine = clicks.get(person.assignment.customer_id, ())
        click = find_last_click((c for c, _ in mine), order, window)
        if click and dict(mine)[click] in (person.assignment.pk, None):
            person.attributed += amount


def _find_kept(amount: Decimal, back: Decimal) -> Decimal:
    """The part of an order that was not paid back, 0 to 1: the goods of the rest can be sold again.

    A shop says what it paid back, not for which product, so every product counts by the same part.
    """
    return 1 - min(max(back / amount, Decimal(0)), Decimal(1)) if amount else Decimal(1)


def _convert(rates: Rates, amount: Decimal, currency: str, at: datetime) -> Decimal:
    """A refund counts at the rate of its order's day, so that a full one leaves exactly nothing."""
    return rates.convert(amount, currency, at) or Decimal(0)


def _read_refunds(cohort: Cohort) -> dict[int, list[tuple[Decimal, str, datetime]]]:
    path = "order__customer__assignments"
    rows = Refund.objects.filter(cohort.within("refunded_at", path), **cohort.among(path))
    refunds = defaultdict(list)
    for order, amount, currency, placed_at in rows.values_list(
        "order", "amount", "currency", "order__placed_at"
    ):
        refunds[order].append((amount, currency, placed_at))
    return refunds


def _read_costs(cohort: Cohort, rates: Rates) -> dict[int, Decimal]:
    """By order, what its products cost the shop, where the shop tells (a product's attribute `cost`)."""
    path = "order__customer__assignments"
    lines = OrderLine.objects.filter(
        cohort.within("order__placed_at", path), product__attributes__has_key="cost", **cohort.among(path)
    )
    costs: dict[int, Decimal] = defaultdict(Decimal)
    for line in lines.select_related("product", "order"):
        product, order = line.product, line.order
        cost = Decimal(str(product.attributes["cost"])) * line.quantity
        costs[order.pk] += rates.convert(cost, product.currency, order.placed_at) or Decimal(0)
    return costs


def _read_clicks(cohort: Cohort) -> dict[int, list[tuple[Click, int | None]]]:
    """By customer, their human clicks in any email, each with the assignment that the email belongs to.

    None stands for "this experiment" where all marketing is.
    """
    rows = MessageEvent.objects.filter(
        cohort.within("occurred_at", _OURS), kind=Kind.CLICKED, is_machine=False, **cohort.among(_OURS)
    ).values_list(
        "message__customer",
        "message",
        "occurred_at",
        "message__order",
        Coalesce("message__rendered__assignment__merged_into", "message__rendered__assignment"),
    )
    clicks: dict[int, list[tuple[Click, int | None]]] = defaultdict(list)
    for customer, message, at, order, assignment in rows:
        owner = None if cohort.experiment.is_global else assignment or 0
        clicks[customer].append((Click(message, at, order), owner))
    return clicks
