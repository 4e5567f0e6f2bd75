"""Two customers turn out to be one person: the older arm stays, and the person is flagged."""

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction

from experiments.models import Assignment, DayTotals
from shop.models import Customer

_SLACK = timedelta(days=1)  # a day of the shop lies within one of UTC on either side
_Run = tuple[int, int]


@transaction.atomic
def merge_assignments(kept: Customer, merged: Customer) -> int:
    """Gives `kept` the arms of both; returns in how many experiments the person now is.

    Where both were in an experiment the arm of the earlier assignment stays, flagged as merged: the person
    may have seen two. The rows of `merged` stay for what was sent under them, and no longer count. The
    days they entered on are counted anew; looks that were taken stay. Asking again changes nothing.
    """
    ours, theirs = _by_run(kept), _by_run(merged)
    for run, row in theirs.items():
        mine = ours.get(run)
        if mine is None:
            mine = Assignment(experiment_id=run[0], version=run[1], customer=kept)
            _take_over(mine, row)
        elif row.assigned_at < mine.assigned_at:
            _reopen_days([mine])
            _take_over(mine, row)
        mine.is_merged = mine.is_merged or run in ours
        mine.save()
        row.merged_into = mine
        row.save(update_fields=["merged_into"])
        ours[run] = mine
    _reopen_days([*theirs.values(), *ours.values()])
    return len(ours)


def _by_run(customer: Customer) -> dict[_Run, Assignment]:
    rows = Assignment.objects.select_for_update().filter(customer=customer, merged_into=None).order_by("pk")
    return {(row.experiment_id, row.version): row for row in rows}


def _take_over(mine: Assignment, older: Assignment) -> None:
    for name in ("epoch_id", "variant_id", "market", "is_forced", "is_evidence", "assigned_at"):
        setattr(mine, name, getattr(older, name))


def _reopen_days(rows: Iterable[Assignment]) -> None:
    for row in rows:
        day = row.assigned_at.date()
        DayTotals.objects.filter(
            epoch__experiment=row.experiment_id, day__range=(day - _SLACK, day + _SLACK)
        ).update(is_matured=False)
