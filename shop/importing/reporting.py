"""What every command that reads a table offers, and how it says what became of the rows."""

import csv
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from django.core.management.base import CommandParser
from rich.progress import Progress

from shop.importing.reading import Row, Table, TableError
from shop.importing.running import Refusal, Report

_FORMULA = re.compile(r"[=+\-@\t\r]")


def add_table_arguments(parser: CommandParser) -> None:
    parser.add_argument("file", type=Path, help="CSV or Parquet, told by its first bytes")
    parser.add_argument("--refused", type=Path, metavar="FILE.csv", help="Write every refusal there")
    parser.add_argument("--dry-run", action="store_true", help="Check everything, write nothing")
    parser.add_argument("--encoding", default="", help="Of a CSV file that is not UTF-8: cp1256, cp1255…")
    parser.add_argument("--delimiter", default="", help="Of a CSV file; found from the header unless given")


def read_delimiter(given: str) -> str:
    """One character, or empty for "find it". Raises TableError."""
    delimiter = "\t" if given == "\\t" else given
    if len(delimiter) > 1:
        raise TableError(
            f"The delimiter {given} has {len(delimiter)} characters; give one, or \\t for a tab."
        )
    return delimiter


def with_progress(table: Table, stack: ExitStack) -> Iterator[Row]:
    """The rows of the table, with a bar on a terminal."""
    progress = stack.enter_context(Progress(disable=not sys.stderr.isatty()))
    task = progress.add_task("Importing", total=1.0)
    for count, row in enumerate(table.rows()):
        if count % 1000 == 0:
            progress.update(task, completed=table.share_read())
        yield row
    progress.update(task, completed=1.0)


def open_refusals(path: Path | None, stack: ExitStack) -> Callable[[Refusal], None]:
    """Writes each refusal as a row of this file, if one is wanted."""
    if path is None:
        return lambda _: None
    writer = csv.writer(stack.enter_context(path.open("w", encoding="utf-8-sig", newline="")))
    writer.writerow(["row", "column", "message", "hint"])

    def write(refusal: Refusal) -> None:
        cells = (refusal.column, refusal.message, refusal.hint)
        writer.writerow([refusal.row, *map(escape_formula, cells)])

    return write


def escape_formula(cell: str) -> str:
    """A spreadsheet must not take somebody's words for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def sum_up(report: Report, *, dry_run: bool) -> str:
    """How many rows were read, written and refused, and the most frequent reasons."""
    done = "would be written (dry run)" if dry_run else "written"
    lines = [f"{report.rows} rows read, {report.written} {done}, {report.refused} refused."]
    for (column, message, hint), count in report.reasons.most_common(20):
        lines.append(f"{count:>8} × {column or 'row'}: {message} {hint}")
    return "\n".join(lines)
