"""Products from a table with one row per product."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from shop.importing.elements import read_one_per_row
from shop.importing.mapping import FieldSet, RowReader
from shop.importing.reading import Row
from shop.importing.running import Refusal, Sourced

PRODUCT_FIELDS = FieldSet(
    required=("id", "title", "currency"),
    optional=(
        "category",
        "product_type",
        "price",
        "image_url",
        "url",
        "stock",
        "status",
        "created_at",
    ),
    open_fields=("titles", "prices", "attributes"),
    whole_numbers=frozenset({"stock"}),
    times=frozenset({"created_at"}),
)


def read_products(rows: Iterable[Row], reader: RowReader, *, now: datetime) -> Iterator[Sourced | Refusal]:
    """An element for each row. What the file says holds as of `now`, so it wins over older news."""
    return read_one_per_row(rows, reader, part="product", now=now)
