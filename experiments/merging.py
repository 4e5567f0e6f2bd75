"""Two customers turn out to be one person: the older arm stays, and the person is flagged."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery

from experiments.counting import lock_totals
from experiments.models import Assignment, DayTotals

_SLACK = timedelta(days=1)  # a day of the shop lies within one of UTC on either side
_TAKEN_OVER = ("epoch_id", "variant_id", "market", "is_forced", "is_evidence", "assigned_at")
_Place = tuple[int, int, int]  # experiment, version, customer


@transaction.atomic
def merge_assignments(merges: Mapping[int, int]) -> int:
    """Gives whoever is kept the arms of whom was merged into them; returns how many arms changed hands.

    `merges` has the key of the customer who is kept by that of the one who goes. Where both were in an
    experiment the arm of the earlier assignment stays, flagged as merged: the person may have seen two.
    The rows of those who go stay for what was sent under them, and no longer count. The days they entered
    on are counted anew; looks that were taken stay. Asking again changes nothing. Nine statements at most,
    however many customers; a worker who assigns or merges one of them meanwhile waits, or is found.
    """
    rows, kept = list(_lock({*merges, *merges.values()})), set(merges.values())
    going = (row for row in rows if row.customer_id in merges and row.merged_into_id is None)
    theirs = sorted(going, key=lambda row: (row.assigned_at, row.pk))
    if not theirs:
        return 0
    had_one = {_place(row) for row in rows if row.customer_id in kept}
    # In one order for all workers, the one in which people are assigned; else two of them deadlock.
    copies = sorted((_copy(row, merges[row.customer_id]) for row in theirs), key=_place)
    Assignment.objects.bulk_create(copies, ignore_conflicts=True)
    ours = {_place(row): row for row in _lock(merges.values())}
    stale = [*theirs, *ours.values()]
    days = {(row.experiment_id, row.assigned_at.date()) for row in stale}
    for row in theirs:
        _join(ours, row, merges[row.customer_id], had_one=had_one)
    Assignment.objects.bulk_update(ours.values(), [*_TAKEN_OVER, "is_merged"])
    Assignment.objects.bulk_update(theirs, ["merged_into"])
    _follow_further(theirs)
    _reopen_days(days)
    return len(theirs)


def _lock(customers: Iterable[int]) -> QuerySet[Assignment]:
    return Assignment.objects.select_for_update().filter(customer__in=set(customers)).order_by("pk")


def _place(row: Assignment) -> _Place:
    return row.experiment_id, row.version, row.customer_id


def _copy(row: Assignment, customer: int) -> Assignment:
    values = {name: getattr(row, name) for name in _TAKEN_OVER}
    return Assignment(experiment_id=row.experiment_id, version=row.version, customer_id=customer, **values)


def _join(ours: Mapping[_Place, Assignment], row: Assignment, kept: int, *, had_one: set[_Place]) -> None:
    """Marks `row` as merged into the kept customer's, which takes the arm over where that is older."""
    place = (row.experiment_id, row.version, kept)
    mine = ours[place]
    is_copy = all(getattr(mine, name) == getattr(row, name) for name in _TAKEN_OVER)
    if place in had_one or not is_copy:
        mine.is_merged = True
    had_one.add(place)
    if row.assigned_at < mine.assigned_at:
        for name in _TAKEN_OVER:
            setattr(mine, name, getattr(row, name))
    row.merged_into = mine


def _follow_further(merged: Iterable[Assignment]) -> None:
    """Whoever was merged into one of these earlier is now merged into the same as they."""
    target = Assignment.objects.filter(pk=OuterRef("merged_into")).values("merged_into")
    earlier = Assignment.objects.filter(merged_into__in=[row.pk for row in merged])
    earlier.update(merged_into=Subquery(target))


def _reopen_days(days: set[tuple[int, date]]) -> None:
    """Two statements; a day more than needed costs a count, no truth."""
    experiments = lock_totals({experiment for experiment, _ in days})
    around = {day + shift for _, day in days for shift in (-_SLACK, timedelta(0), _SLACK)}
    totals = DayTotals.objects.filter(epoch__experiment__in=experiments, day__in=around)
    totals.update(is_matured=False)
