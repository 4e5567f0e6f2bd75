"""Elements of tables in which every row is a thing of its own."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from shop.importing.mapping import RowReader
from shop.importing.reading import Row
from shop.importing.running import Refusal, Sourced


def read_one_per_row(
    rows: Iterable[Row], reader: RowReader, *, part: str, now: datetime
) -> Iterator[Sourced | Refusal]:
    """`part` is what a row describes: product or customer."""
    for row in rows:
        if row.error:
            yield Refusal(
                row.number, "", row.error, "Give every row a cell for each column; quote delimiters."
            )
        else:
            yield _sourced(row, reader, part, now)


def _sourced(row: Row, reader: RowReader, part: str, now: datetime) -> Sourced:
    statement: dict[str, Any] = {}
    for name, value in reader.read(row).items():
        start, dot, rest = name.partition(".")
        if dot:
            statement.setdefault(start, {})[rest] = value
        else:
            statement[name] = value
    element = {"id": f"row {row.number}", "kind": f"{part}.updated", "occurred_at": now, part: statement}
    return Sourced(element, 1, lambda path: (row.number, reader.column_of(path.removeprefix(f"{part}."))))
