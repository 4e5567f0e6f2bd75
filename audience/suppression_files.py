"""Suppressions from a table, and into one."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import transaction

from audience.models import Suppression
from audience.suppression import No, suppress_all
from shop.importing.reading import Row, TableError
from shop.importing.reporting import escape_formula
from shop.importing.running import CHUNK, Refusal, Report

COLUMNS = ("address_hash", "scope", "reason", "detail", "created_at")
_NAMES = {"e-mail": "email", "email_address": "email", "address": "email", "mail": "email"}
_HASH = re.compile(r"[0-9a-f]{64}")
_ADDRESS_CHARS_MAX = 320
_FILE_REASON = Suppression.Reason.MANUAL


class _CellError(ValueError):
    """Column, message and hint of what is wrong with one cell. Never the address."""


@dataclass(frozen=True, slots=True)
class FileRules:
    """What holds where a row says nothing: `scope` may be empty, then each row has to name its own."""

    scope: str
    now: datetime


def find_columns(columns: Sequence[str], *, scope: str) -> dict[str, str]:
    """Our names of the file's columns. Raises TableError where none names the people, or the scope."""
    known = {name: _NAMES.get(name.strip().lower(), name.strip().lower()) for name in columns}
    found = list(known.values())
    if "email" not in found and "address_hash" not in found:
        raise TableError(f"No column is called email (or address_hash); there are {', '.join(columns)}.")
    if found.count("email") > 1:
        raise TableError("Two columns hold addresses. Rename the one that is not meant.")
    if "scope" not in found and not scope:
        raise TableError("No column is called scope. Add --scope marketing (offers only) or --scope all.")
    return known


def read_rows(rows: Iterable[Row], columns: dict[str, str], rules: FileRules) -> Iterator[No | Refusal]:
    """One no or one refusal for each row."""
    for row in rows:
        if row.error:
            yield Refusal(row.number, "", row.error, "Quote cells that hold the delimiter.")
            continue
        cells = {columns[name]: _clean(value) for name, value in row.values.items()}
        try:
            yield _read_no(cells, rules)
        except _CellError as error:
            yield Refusal(row.number, *error.args)


def import_suppressions(found: Iterable[No | Refusal], *, report: Report, dry_run: bool = False) -> None:
    """Adds everything found, a transaction for each five hundred. Nobody is ever taken off the list.

    Whoever is on it already counts as written; a dry run takes everything back.
    """
    remaining = iter(found)
    while chunk := list(islice(remaining, CHUNK)):
        report.rows += len(chunk)
        for refusal in chunk:
            if isinstance(refusal, Refusal):
                report.refuse([refusal])
        nos = [item for item in chunk if isinstance(item, No)]
        with transaction.atomic():
            suppress_all(nos)
            transaction.set_rollback(dry_run)
        report.written += len(nos)


def list_rows() -> Iterator[list[str]]:
    """The header and a row for each suppression, read as it is written: a spreadsheet finds no formula."""
    yield list(COLUMNS)
    for row in Suppression.objects.order_by("pk").values_list(*COLUMNS).iterator(chunk_size=2000):
        *texts, created_at = row
        yield [*map(escape_formula, texts), created_at.isoformat()]


def _clean(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _read_no(cells: dict[str, str], rules: FileRules) -> No:
    key = cells.get("address_hash", "").lower()
    address = cells.get("email", "")
    if not address and not _HASH.fullmatch(key):
        raise _CellError("email", "The row names nobody.", "Write an address, or the hash of an export.")
    if address:
        _check_address(address)
    return No(
        address,
        _choose(cells, "scope", Suppression.Scope.values, rules.scope),
        _choose(cells, "reason", Suppression.Reason.values, _FILE_REASON),
        _read_time(cells.get("created_at", ""), rules.now),
        cells.get("detail", ""),
        known_hash="" if address else key,
    )


def _check_address(address: str) -> None:
    """Generous: an address that no mail can reach may be suppressed all the same."""
    if not address.isprintable():
        hint = "Write the file again as plain text; NUL and line breaks belong into no address."
        raise _CellError("email", "The address holds a control or invisible character.", hint)
    if len(address) > _ADDRESS_CHARS_MAX or not re.fullmatch(r"[^\s@,;<>]+@[^\s@,;<>]+", address):
        hint = "Write one address a row, without a name: sara@shop.example."
        raise _CellError("email", "This is not one address.", hint)


def _choose(cells: dict[str, str], column: str, choices: Sequence[str], default: str) -> str:
    chosen = cells.get(column, "").lower() or default
    if chosen not in choices:
        hint = f"Write one of {', '.join(choices)}."
        raise _CellError(column, f"'{chosen}' is no {column}.", hint)
    return chosen


def _read_time(text: str, now: datetime) -> datetime:
    """Until when a yes counts as older. One in the future counts as now."""
    if not text:
        return now
    hint = "Write it as 2026-03-02T12:00:00+00:00, or leave the cell empty for now."
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _CellError("created_at", f"'{text}' is no time.", hint) from None
    if moment.tzinfo is None:
        raise _CellError("created_at", f"'{text}' has no offset.", hint)
    return min(moment, now)
