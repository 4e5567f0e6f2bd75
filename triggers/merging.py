"""What a merge of customers means beyond the shop's facts: one arm, one history, one way through a flow."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from campaigns.merging import merge_messages
from experiments.merging import merge_assignments
from recommendations.feedback import merge_responses
from shop.merging import MERGED, read_merges
from shop.models import Event
from triggers.models import Enrolment


def merge_customers(events: Sequence[Event], now: datetime) -> int:
    """Gives all that hangs on the customers who go to those who are kept; returns how many went.

    Arms, emails, answers to suggestions and the ways through flows. A fixed number of statements, however
    many events; none without a merge. Taking an event again changes nothing.
    """
    mergers = [event for event in events if event.kind == MERGED]
    if not mergers:
        return 0
    merges = {gone.pk: gone.merged_into_id or 0 for gone in read_merges(mergers).values()}
    merge_assignments(merges)
    merge_messages(merges)
    merge_responses(merges)
    _merge_enrolments(merges, now)
    return len(merges)


def _merge_enrolments(merges: Mapping[int, int], now: datetime) -> None:
    """A way that the person goes twice is left on one of the two sides."""
    people = {*merges, *merges.values()}
    rows = list(Enrolment.objects.filter(customer__in=people).select_for_update(of=("self",)).order_by("pk"))
    taken = {_place(row, row.customer_id) for row in rows if row.customer_id not in merges}
    doubled, moved = [], []
    for row in (row for row in rows if row.customer_id in merges):
        place = _place(row, merges[row.customer_id])
        if place in taken:
            doubled.append(row)
        else:
            taken.add(place)
            row.customer_id = merges[row.customer_id]
            moved.append(row)
    Enrolment.objects.bulk_update(_end_waiting(doubled, now), ["state", "reason", "due_at", "changed_at"])
    Enrolment.objects.bulk_update(moved, ["customer"])


def _place(row: Enrolment, customer: int) -> tuple[int, int, str]:
    return row.trigger_id, customer, row.entry_key


def _end_waiting(rows: Iterable[Enrolment], now: datetime) -> list[Enrolment]:
    leaving = [row for row in rows if row.state == Enrolment.State.WAITING]
    for row in leaving:
        row.state, row.reason, row.due_at, row.changed_at = Enrolment.State.EXITED, "merged", None, now
    return leaving
