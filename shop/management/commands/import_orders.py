from collections.abc import Iterable, Iterator
from datetime import datetime

from shop.importing.command import ImportCommand
from shop.importing.mapping import RowReader
from shop.importing.orders import ORDER_FIELDS, read_orders
from shop.importing.reading import Row
from shop.importing.running import Refusal, Sourced


class Command(ImportCommand):
    help = "Import past orders, one row per line. Only facts are written, so no trigger wakes."
    fields = ORDER_FIELDS
    can_make_events = True

    def find(self, rows: Iterable[Row], reader: RowReader, *, now: datetime) -> Iterator[Sourced | Refusal]:  # noqa: ARG002 - the rows bring their own times
        return read_orders(rows, reader)
