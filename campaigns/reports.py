"""Counting what was sent and what came of it: read-only, few queries whatever the size of the shop."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal

from django.conf import settings
from django.db.models import Count, F, Max, Min, Q
from django.db.models.functions import TruncDate

from campaigns.attribution import AttributedOrder, attribute_orders
from campaigns.models import Campaign, Message, MessageEvent, MessageOutcome, SendBatch
from shop.models import Event

Sums = dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Period:
    """Half open: `since` <= moment < `until`."""

    since: datetime
    until: datetime

    def covers(self, field_name: str) -> Q:
        return Q(**{f"{field_name}__gte": self.since, f"{field_name}__lt": self.until})


@dataclass(slots=True)
class StepFigures:
    """Of one step: distinct messages, and the money of the orders that their clicks led to, by currency."""

    sent: int = 0
    opened: int = 0
    clicked: int = 0
    held_out: int = 0
    not_sent: int = 0
    orders: int = 0
    revenue: Sums = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpenWork:
    """What the operator looks at first. `oldest_due` is empty when nothing is waiting to be sent.

    `in_doubt` are messages of which nobody knows whether they left, and for whose news we still wait.
    """

    due_messages: int
    oldest_due: datetime | None
    in_doubt: int
    oldest_event: datetime | None


def find_data_range() -> tuple[datetime, datetime] | None:
    """The oldest and the newest moment that the shop's events or our messages know of."""
    events = Event.objects.aggregate(first=Min("occurred_at"), last=Max("occurred_at"))
    messages = Message.objects.aggregate(first=Min("queued_at"), last=Max("queued_at"))
    firsts = [row["first"] for row in (events, messages) if row["first"]]
    lasts = [row["last"] for row in (events, messages) if row["last"]]
    return (min(firsts), max(lasts)) if firsts else None


def count_events(period: Period) -> int:
    return Event.objects.filter(period.covers("occurred_at")).count()


def count_messages_by_day(period: Period, timezone: tzinfo) -> dict[date, Counter[str]]:
    """Messages queued on each local day, by status. One query."""
    rows = (
        Message.objects.with_status()
        .filter(period.covers("queued_at"))
        .annotate(day=TruncDate("queued_at", tzinfo=timezone))
        .values("day", "status")
        .annotate(messages=Count("pk"))
        .order_by("day")
    )
    days: dict[date, Counter[str]] = defaultdict(Counter)
    for row in rows:
        days[row["day"]][row["status"] or Message.Status.ACCEPTED] += row["messages"]
    return dict(days)


def count_reasons(period: Period) -> list[tuple[str, int]]:
    """Why messages were not sent, commonest first. Messages that were held out are not among them."""
    rows = (
        MessageOutcome.objects.filter(period.covers("message__queued_at"), message__is_closed=True)
        .filter(kind__in=[MessageOutcome.Kind.SKIPPED, MessageOutcome.Kind.REJECTED])
        .values_list("reason")
        .annotate(messages=Count("message", distinct=True))
        .order_by("-messages", "reason")
    )
    counts = Counter(dict(rows))
    cancelled = Message.objects.filter(period.covers("queued_at"), batch__state=SendBatch.State.CANCELLED)
    for reason, messages in cancelled.values_list("batch__reason").annotate(messages=Count("pk")):
        counts[reason] += messages
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def count_clicked_messages(period: Period) -> int:
    clicks = MessageEvent.objects.filter(period.covers("occurred_at"), _human_clicks())
    return clicks.aggregate(messages=Count("message", distinct=True))["messages"] or 0


def find_open_work(now: datetime) -> OpenWork:
    """Work whose time has come but that is not done, messages in doubt, and the oldest event nobody read.

    What a paused campaign holds back is not late: it waits for a person.
    """
    live = Campaign.Status.LIVE
    ungathered = Message.objects.filter(
        batch=None, is_closed=False, due_at__lte=now, step__campaign__status=live
    )
    waiting = ungathered.aggregate(messages=Count("pk"), oldest=Min("due_at"))
    batches = SendBatch.objects.filter(state__in=SendBatch.OPEN, due_at__lte=now, campaign__status=live)
    open_since = batches.aggregate(oldest=Min("due_at"))
    in_doubt = MessageOutcome.objects.filter(kind=MessageOutcome.Kind.UNKNOWN, until__isnull=False)
    unread = Event.objects.filter(processed_at=None).aggregate(oldest=Min("occurred_at"))
    due = [moment for moment in (waiting["oldest"], open_since["oldest"]) if moment]
    return OpenWork(
        due_messages=waiting["messages"],
        oldest_due=min(due, default=None),
        in_doubt=in_doubt.count(),
        oldest_event=unread["oldest"],
    )


def find_revenue(period: Period) -> list[AttributedOrder]:
    """The orders of the period that follow a human click closely enough (settings: ATTRIBUTION_DAYS)."""
    return attribute_orders(period.since, period.until)


def add_up(orders: Iterable[AttributedOrder]) -> Sums:
    """Money by currency."""
    sums: Sums = {}
    for order in orders:
        sums[order.currency] = sums.get(order.currency, Decimal(0)) + order.amount
    return sums


def count_steps(period: Period) -> dict[int, StepFigures]:
    """Figures by step id for messages queued in the period, and money for orders placed in it."""
    figures: dict[int, StepFigures] = defaultdict(StepFigures)
    statuses = (
        Message.objects.with_status()
        .filter(period.covers("queued_at"))
        .annotate(in_step=F("step_id"))
        .values("in_step", "status")
        .annotate(messages=Count("pk"))
    )
    for row in statuses:
        _add_status(figures[row["in_step"]], row["status"], row["messages"])
    _add_reactions(figures, period)
    _add_revenue(figures, period)
    return dict(figures)


def _add_status(figures: StepFigures, status: str, messages: int) -> None:
    if status == Message.Status.ACCEPTED:
        figures.sent += messages
    elif status == Message.Status.HELD_OUT:
        figures.held_out += messages
    elif status in (Message.Status.SKIPPED, Message.Status.REJECTED, Message.Status.UNKNOWN):
        figures.not_sent += messages


def _add_reactions(figures: dict[int, StepFigures], period: Period) -> None:
    kinds = [MessageEvent.Kind.OPENED, MessageEvent.Kind.CLICKED]
    rows = (
        MessageEvent.objects.filter(period.covers("message__queued_at"), kind__in=kinds, is_machine=False)
        .values_list("message__step_id", "kind")
        .annotate(messages=Count("message", distinct=True))
    )
    for step_id, kind, messages in rows:
        if kind == MessageEvent.Kind.CLICKED:
            figures[step_id].clicked = messages
        else:
            figures[step_id].opened = messages


def _add_revenue(figures: dict[int, StepFigures], period: Period) -> None:
    orders = find_revenue(period)
    steps = _find_steps_of_clicks(period) if orders else {}
    by_step: dict[int, list[AttributedOrder]] = defaultdict(list)
    for order in orders:
        by_step[steps[order.message_id]].append(order)
    for step_id, found in by_step.items():
        figures[step_id].orders = len(found)
        figures[step_id].revenue = add_up(found)


def _find_steps_of_clicks(period: Period) -> dict[object, int]:
    """The step of every message that was clicked soon enough before, or in, the period. One query."""
    earliest = period.since - timedelta(days=settings.PAIRWELL["ATTRIBUTION_DAYS"])
    clicks = MessageEvent.objects.filter(
        _human_clicks(), occurred_at__gte=earliest, occurred_at__lt=period.until
    )
    return dict(clicks.values_list("message_id", "message__step_id").distinct())


def _human_clicks() -> Q:
    return Q(kind=MessageEvent.Kind.CLICKED, is_machine=False, message__isnull=False)


def find_reasons() -> list[str]:
    """Every reason that an outcome was ever stored with, in alphabetical order."""
    return list(MessageOutcome.objects.order_by("reason").values_list("reason", flat=True).distinct())
