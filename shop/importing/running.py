"""Writes what an importer reads, in chunks, and keeps account of every refusal."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import transaction

from shop.ingest import record_events, record_history
from shop.receipts import FieldError

CHUNK = 500
SOURCE = "import"


@dataclass(frozen=True)
class Refusal:
    """`rows`: how many rows of the file are refused together."""

    row: int
    column: str
    message: str
    hint: str
    rows: int = 1


@dataclass(frozen=True)
class Sourced:
    """An element and where it comes from: `locate` turns a path in it into a row and a column."""

    element: dict[str, Any]
    rows: int
    locate: Callable[[str], tuple[int, str]]

    def refusals(self, errors: Iterable[FieldError]) -> Iterator[Refusal]:
        """One for each cell: a time may stand at two places of an element, but it is one cell."""
        by_cell: dict[tuple[int, str], Refusal] = {}
        for error in errors:
            cell = self.locate(error.path)
            by_cell.setdefault(cell, Refusal(*cell, error.message, error.hint))
        yield from by_cell.values()


@dataclass
class Report:
    """`rows` that were read; elements `written`; elements and unreadable rows `refused`, by reason."""

    on_refusal: Callable[[Refusal], None]
    rows: int = 0
    written: int = 0
    refused: int = 0
    reasons: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def refuse(self, refusals: Iterable[Refusal]) -> None:
        self.refused += 1
        for refusal in refusals:
            # Without the quoted values, so that the same mistake counts as one reason.
            general = re.sub(r"'[^']*'", "'…'", refusal.message)
            self.reasons[refusal.column, general, refusal.hint] += 1
            self.on_refusal(refusal)


def run_import(
    found: Iterable[Sourced | Refusal],
    *,
    report: Report,
    now: datetime,
    as_events: bool = False,
    dry_run: bool = False,
) -> None:
    """Write everything found, a transaction for each chunk; a dry run checks it all and takes it back."""
    if not dry_run:
        _write_chunks(found, report, now, as_events)
        return
    with transaction.atomic():
        _write_chunks(found, report, now, as_events)
        transaction.set_rollback(True)


def _write_chunks(found: Iterable[Sourced | Refusal], report: Report, now: datetime, as_events: bool) -> None:
    remaining = iter(found)
    while chunk := list(islice(remaining, CHUNK)):
        for refusal in chunk:
            if isinstance(refusal, Refusal):
                report.rows += refusal.rows
                report.refuse([refusal])
        _write_chunk([item for item in chunk if isinstance(item, Sourced)], report, now, as_events=as_events)


def _write_chunk(items: list[Sourced], report: Report, now: datetime, *, as_events: bool) -> None:
    elements = [item.element for item in items]
    if as_events:
        receipts = record_events(elements, source=SOURCE, now=now)
    else:
        receipts = record_history(elements, now=now)
    for item, receipt in zip(items, receipts, strict=True):
        report.rows += item.rows
        if receipt.status == "refused":
            report.refuse(item.refusals(receipt.errors))
        else:
            report.written += 1
