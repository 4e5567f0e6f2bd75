"""Taking rows to work on, so that two workers never take the same ones."""

from typing import TypeVar

from django.db import connection
from django.db.models import Model, QuerySet

from shop.models import Customer

_Row = TypeVar("_Row", bound=Model)


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
