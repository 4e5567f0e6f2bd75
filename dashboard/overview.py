"""The figures of the first page, put together from the reports."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Min, Q
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from campaigns import reports
from campaigns.models import Campaign, Message
from campaigns.reports import OpenWork, Period, Sums
from dashboard.charts import Series, draw_bars
from dashboard.formatting import format_count, format_short_day, shop_timezone
from dashboard.periods import ChosenPeriod
from dashboard.words import find_word
from triggers.models import Enrolment, Trigger

# Above this, a bar stands for a week: more bars than that are a fence, not a chart.
MAX_DAYS = 92
_CHARTED = {
    "good": (Message.Status.ACCEPTED,),
    "warn": (Message.Status.HELD_OUT,),
    "bad": (Message.Status.SKIPPED, Message.Status.REJECTED, Message.Status.UNKNOWN),
}


@dataclass(frozen=True, slots=True)
class TriggerRow:
    trigger: Trigger
    entered: int
    refused: int


@dataclass(frozen=True, slots=True)
class ChartTable:
    """The chart's own numbers, for those who would rather read them."""

    names: list[str]
    rows: list[tuple[date, list[int]]]


@dataclass(frozen=True, slots=True)
class Overview:
    events: int
    statuses: dict[str, int]
    sent: int
    clicked: int
    revenue: Sums
    orders: int
    reasons: list[tuple[str, int]]
    triggers: list[TriggerRow]
    chart: SafeString
    table: ChartTable
    health: OpenWork
    oldest_enrolment: datetime | None


def build_overview(chosen: ChosenPeriod, now: datetime) -> Overview:
    period = chosen.period
    by_day = reports.count_messages_by_day(period, shop_timezone())
    orders = reports.find_revenue(period)
    statuses = sum(by_day.values(), Counter())
    by_week = len(chosen.days) > MAX_DAYS
    table = _tabulate(chosen.days, by_day, step=7 if by_week else 1)
    return Overview(
        events=reports.count_events(period),
        statuses={s: statuses[s] for s in Message.Status.values if statuses[s]},
        sent=statuses[Message.Status.ACCEPTED],
        clicked=reports.count_clicked_messages(period),
        revenue=reports.add_up(orders),
        orders=len(orders),
        reasons=reports.count_reasons(period),
        triggers=count_enrolments(period),
        chart=_draw(table, by_week=by_week),
        table=table,
        health=reports.find_open_work(now),
        oldest_enrolment=find_oldest_enrolment(now),
    )


def count_enrolments(period: Period) -> list[TriggerRow]:
    """Every trigger with the customers who entered it in the period, and those it turned away. One query."""
    refused = Q(enrolments__state=Enrolment.State.REFUSED)
    within = Q(enrolments__entered_at__gte=period.since, enrolments__entered_at__lt=period.until)
    rows = Trigger.objects.annotate(
        entered=Count("enrolments", filter=within & ~refused),
        refused=Count("enrolments", filter=within & refused),
    ).order_by("pk")
    return [TriggerRow(trigger, trigger.entered, trigger.refused) for trigger in rows]


def find_oldest_enrolment(now: datetime) -> datetime | None:
    """Since when a customer waits for a step whose time has come and that nobody paused."""
    due = Enrolment.objects.filter(
        state=Enrolment.State.WAITING,
        due_at__lte=now,
        trigger__status=Trigger.Status.ACTIVE,
        trigger__campaign__status=Campaign.Status.LIVE,
    )
    oldest: datetime | None = due.aggregate(oldest=Min("due_at"))["oldest"]
    return oldest


def _tabulate(days: list[date], by_day: dict[date, Counter[str]], *, step: int) -> ChartTable:
    rows = []
    for start in range(0, len(days), step):
        together = sum((by_day.get(day, Counter()) for day in days[start : start + step]), Counter[str]())
        counts = [sum(together[status] for status in statuses) for statuses in _CHARTED.values()]
        rows.append((days[start], counts))
    return ChartTable([find_word("message", statuses[0]) for statuses in _CHARTED.values()], rows)


def _draw(table: ChartTable, *, by_week: bool) -> SafeString:
    columns = list(zip(*(counts for _day, counts in table.rows), strict=True))
    series = [Series(*parts) for parts in zip(table.names, _CHARTED, columns, strict=True)]
    words = ", ".join(f"{s.name}: {format_count(sum(s.values))}" for s in series)
    title = _("Messages by week. %(totals)s.") if by_week else _("Messages by day. %(totals)s.")
    labels = [format_short_day(day) for day, _counts in table.rows]
    return draw_bars(labels, series, title=title % {"totals": words})
