"""Taking rows to work on, so that two workers never take the same ones."""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Model, QuerySet

from shop.models import Customer

_Row = TypeVar("_Row", bound=Model)

logger = logging.getLogger(__name__)


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


def work_off(
    rows: Sequence[_Row], work: Callable[[Sequence[_Row]], None], put_aside: Callable[[_Row, str], None]
) -> None:
    """Works on all rows at once, or, where that fails, in ever smaller parts: one bad row stops no other.

    Each attempt is a savepoint. A row that fails alone is logged and given to `put_aside` with the name
    of the error. A database that is locked or gone is nobody's fault, and raises.
    """
    try:
        with transaction.atomic():
            work(rows)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if len(rows) == 1:
            logger.exception("A row was put aside.", extra={"row": f"{rows[0]._meta.label} {rows[0].pk}"})
            put_aside(rows[0], type(error).__name__)
            return
        half = len(rows) // 2
        for part in (rows[:half], rows[half:]):
            work_off(part, work, put_aside)
