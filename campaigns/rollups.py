"""Adds up, day by day, what an experiment's people did, so that no page ever reads their messages.

A day is written anew until the window of everybody who entered on it is over, and never after that,
unless it is rebuilt; rebuilding gives the same numbers, because each sum is rounded once (math.fsum)
and so doesn't depend on the order of its parts.
"""

import logging
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Min, Q

from campaigns.cohorts import Cohort, Kind, Person, read_people
from experiments.allocation import update_allocation
from experiments.assignment import counted_assignments
from experiments.counting import lock_totals
from experiments.decided import decide_day
from experiments.epochs import HELD_OUT
from experiments.looks import take_looks
from experiments.models import DayTotals, Experiment
from shop.models import Product

logger = logging.getLogger(__name__)
COUNT_EVERY = timedelta(hours=6)
_Group = tuple[int, str, str, bool]


def count_due_experiments(now: datetime) -> int:
    """Counts, looks at and decides every experiment that has not been counted for six hours.

    Returns how many. For when no mail is due; safe in many workers at once, because each experiment is
    claimed by its row, and safe to kill: what is not finished is counted again six hours later. So is one
    that can't be counted, which holds up none of the others.
    """
    due = Q(counted_at=None) | Q(counted_at__lte=now - COUNT_EVERY)
    started = Experiment.objects.filter(due, started_at__lte=now).exclude(status=Experiment.Status.DRAFT)
    return sum(
        _count_and_decide(e, now) for e in started.order_by("pk") if _claim(e, now) and _has_news(e, now)
    )


def count_experiment(experiment: Experiment, now: datetime) -> int:
    """Writes the totals of every day that is not final yet; returns how many days that were."""
    days = list(_open_days(experiment, now))
    for day in days:
        _write_day(experiment, day, now)
    return len(days)


def rebuild(experiment: Experiment, now: datetime) -> int:
    """Counts all days anew, for after late news or a merge of customers. Looks that were taken stay."""
    DayTotals.objects.filter(epoch__experiment=experiment, epoch__version=experiment.version).delete()
    return count_experiment(experiment, now)


def bounds_of(day: date) -> tuple[datetime, datetime]:
    """The moments at which this day of the shop begins and ends."""
    zone = ZoneInfo(settings.PAIRWELL["TIMEZONE"])
    return (
        datetime.combine(day, time(), zone),
        datetime.combine(day + timedelta(days=1), time(), zone),
    )


def _count_and_decide(experiment: Experiment, now: datetime) -> bool:
    try:
        count_experiment(experiment, now)
        take_looks(experiment, now)
        decide_day(experiment, now)
        update_allocation(experiment, now)
    except Exception:
        logger.exception("An experiment could not be counted.", extra={"experiment": experiment.key})
        return False
    return True


def _claim(experiment: Experiment, now: datetime) -> bool:
    same = Experiment.objects.filter(pk=experiment.pk, counted_at=experiment.counted_at)
    return bool(same.update(counted_at=now))


def _has_news(experiment: Experiment, now: datetime) -> bool:
    """Whether anybody's window was still open a day ago."""
    ended = experiment.stopped_at
    return ended is None or now < ended + timedelta(days=experiment.window_days + 2)


def _open_days(experiment: Experiment, now: datetime) -> Iterator[date]:
    """The days on which people entered, as far as they are not final."""
    span = counted_assignments(experiment).aggregate(first=Min("assigned_at"), last=Max("assigned_at"))
    if span["first"] is None:
        return
    zone = ZoneInfo(settings.PAIRWELL["TIMEZONE"])
    day, last = span["first"].astimezone(zone).date(), min(span["last"], now).astimezone(zone).date()
    totals = DayTotals.objects.filter(epoch__experiment=experiment, epoch__version=experiment.version)
    final = set(totals.filter(is_matured=True).values_list("day", flat=True))
    final -= set(totals.filter(is_matured=False).values_list("day", flat=True))
    while day <= last:
        if day not in final:
            yield day
        day += timedelta(days=1)


def _write_day(experiment: Experiment, day: date, now: datetime) -> None:
    """In one transaction, so that a reader sees the old totals or the new ones."""
    since, until = bounds_of(day)
    # A product without a cost counts as free then; without any cost there is no margin to speak of.
    knows_costs = Product.objects.filter(attributes__has_key="cost").exists()
    is_matured = until + timedelta(days=experiment.window_days) <= now
    groups: dict[_Group, list[Person]] = defaultdict(list)
    for person in read_people(Cohort(experiment, since, until)):
        groups[_group_of(person)].append(person)
    rows = [
        _add_up(
            group,
            people,
            day=day,
            cap=experiment.revenue_cap,
            knows_costs=knows_costs,
            is_matured=is_matured,
        )
        for group, people in groups.items()
    ]
    with transaction.atomic():
        lock_totals([experiment.pk])  # a trial's decision counts as well, at the same time
        DayTotals.objects.filter(
            epoch__experiment=experiment, epoch__version=experiment.version, day=day
        ).delete()
        DayTotals.objects.bulk_create(rows)


def _group_of(person: Person) -> _Group:
    assignment = person.assignment
    arm = assignment.variant.key if assignment.variant else HELD_OUT
    return (assignment.epoch_id or 0, arm, assignment.market, assignment.is_evidence)


def _add_up(
    group: _Group,
    people: Sequence[Person],
    *,
    day: date,
    cap: float | None,
    knows_costs: bool,
    is_matured: bool,
) -> DayTotals:
    epoch, arm, market, is_evidence = group
    most = math.inf if cap is None else cap
    revenues = [min(float(p.revenue), most) for p in people]
    margins = [_count_margin(p, most) if knows_costs else 0.0 for p in people]
    return DayTotals(
        epoch_id=epoch,
        arm=arm,
        market=market,
        day=day,
        is_evidence=is_evidence,
        is_matured=is_matured,
        people=len(people),
        mailed=sum(p.is_mailed for p in people),
        delivered=_count(people, Kind.DELIVERED),
        opened=_count(people, Kind.OPENED),
        clicked=_count(people, Kind.CLICKED),
        complained=_count(people, Kind.COMPLAINED),
        bounced=_count(people, Kind.BOUNCED),
        unsubscribed=sum(p.has_withdrawn for p in people),
        merged=sum(p.assignment.is_merged for p in people),
        converted=sum(p.orders > 0 for p in people),
        orders=sum(p.orders for p in people),
        orders_squares=sum(p.orders**2 for p in people),
        revenue=math.fsum(revenues),
        revenue_squares=math.fsum(r * r for r in revenues),
        revenue_orders=math.fsum(r * p.orders for r, p in zip(revenues, people, strict=True)),
        revenue_uncapped=math.fsum(float(p.revenue) for p in people),
        margin=math.fsum(margins),
        margin_squares=math.fsum(m * m for m in margins),
        attributed=math.fsum(float(p.attributed) for p in people),
    )


def _count_margin(person: Person, most: float) -> float:
    """Costs count by the same part as the revenue they are of; else the largest orders were losses."""
    revenue = float(person.revenue)
    return (revenue - float(person.cost)) * (most / revenue if revenue > most else 1.0)


def _count(people: Iterable[Person], kind: str) -> int:
    return sum(kind in person.events for person in people)
