from collections.abc import Iterable, Iterator
from datetime import datetime

from shop.importing.command import ImportCommand
from shop.importing.customers import CUSTOMER_FIELDS, read_customers
from shop.importing.mapping import RowReader
from shop.importing.reading import Row
from shop.importing.running import Refusal, Sourced


class Command(ImportCommand):
    help = "Import customers, one row each. What the file says replaces what was known before."
    fields = CUSTOMER_FIELDS

    def find(self, rows: Iterable[Row], reader: RowReader, *, now: datetime) -> Iterator[Sourced | Refusal]:
        return read_customers(rows, reader, now=now)
