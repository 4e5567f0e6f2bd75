"""Taking rows to work on, so that two workers never take the same ones."""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from django.db import InterfaceError, OperationalError, ProgrammingError, connection, transaction
from django.db.models import Model, QuerySet

from shop.models import Customer

_Row = TypeVar("_Row", bound=Model)

logger = logging.getLogger(__name__)

# The database is locked, gone or not migrated, or the code is broken: no row is to blame.
NOBODYS_FAULT = (OperationalError, InterfaceError, ProgrammingError, ImportError, MemoryError)


def lock_rows(rows: QuerySet[_Row]) -> QuerySet[_Row]:
    """The query with its rows locked, those of other workers skipped. Needs an open transaction.

    SQLite has no row locks and needs none: its transactions are immediate, so only one is open at a time.
    """
    if connection.features.has_select_for_update_skip_locked:
        return rows.select_for_update(skip_locked=True, of=("self",))
    return rows


def lock_customers(customers: set[int]) -> None:
    """Lets only one worker at a time decide about a customer. Needs an open transaction.

    Without it, two workers that each hold an event of the same customer would both find that she was
    never enrolled. In the order of the keys, so that two workers never wait for each other.
    """
    if connection.features.has_select_for_update:
        rows = Customer.objects.filter(pk__in=customers).order_by("pk")
        list(rows.select_for_update(no_key=True).values_list("pk", flat=True))


_GUARDS = 64  # locks that all customers share: a batch of 500 must not fill the server's table of locks
_GUARD_SPACE = 7_341  # sets our advisory locks apart from those of other programs in the same database


def guard_customers(customers: set[int]) -> None:
    """Lets nobody else who guards them decide about these customers before the transaction ends.

    For transactions of milliseconds: whoever guards one customer may have to wait for a whole batch of
    others. Unlike a lock on the row it writes nothing, and a mailing guards every customer of the shop.
    """
    if connection.vendor == "postgresql" and customers:
        guards = sorted({customer % _GUARDS for customer in customers})  # in order, so that nobody deadlocks
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(%s, guard) FROM unnest(%s::int[]) AS guard",
                [
                    _GUARD_SPACE,
                    f"{{{','.join(map(str, guards))}}}",
                ],  # the driver writes a list ten times slower
            )


def work_off(
    rows: Sequence[_Row], work: Callable[[Sequence[_Row]], None], put_aside: Callable[[_Row, str], None]
) -> None:
    """Works on all rows at once, or, where that fails, in ever smaller parts: one bad row stops no other.

    Each attempt is a savepoint. A row that fails alone is logged and given to `put_aside` with the name
    of the error. But where every one of several rows fails, the rows are not at fault: that raises, and
    so does a database that is locked, gone, or not migrated. Then all wait as they were.
    """
    failed: list[tuple[_Row, Exception]] = []
    _work_in_parts(rows, work, failed)
    if failed and len(failed) == len(rows) > 1:
        raise failed[-1][1]
    for row, error in failed:
        logger.error("A row was put aside.", exc_info=error, extra={"row": f"{row._meta.label} {row.pk}"})
        put_aside(row, type(error).__name__)


def _work_in_parts(
    rows: Sequence[_Row], work: Callable[[Sequence[_Row]], None], failed: list[tuple[_Row, Exception]]
) -> None:
    try:
        with transaction.atomic():
            work(rows)
    except NOBODYS_FAULT:
        raise
    except Exception as error:  # noqa: BLE001 (kept, logged or raised by the caller)
        if len(rows) == 1:
            failed.append((rows[0], error))
            return
        half = len(rows) // 2
        _work_in_parts(rows[:half], work, failed)
        _work_in_parts(rows[half:], work, failed)
