"""Customers from a table with one row per customer. Consent is not imported: it needs its proof."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from shop.importing.elements import read_one_per_row
from shop.importing.mapping import FieldSet, RowReader
from shop.importing.reading import Row
from shop.importing.running import Refusal, Sourced

CUSTOMER_FIELDS = FieldSet(
    required=("id",),
    optional=("email", "name", "language", "country", "timezone", "currency", "created_at"),
    open_fields=("attributes",),
    times=frozenset({"created_at"}),
)


def read_customers(rows: Iterable[Row], reader: RowReader, *, now: datetime) -> Iterator[Sourced | Refusal]:
    """An element for each row. What the file says holds as of `now`, so it wins over older news."""
    return read_one_per_row(rows, reader, part="customer", now=now)
