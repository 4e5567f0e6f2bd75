"""Which column of a file holds which field, and how a cell becomes a field's value."""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from shop.importing.reading import Row
from shop.schemas.complaints import closest

_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")


class MappingError(ValueError):
    """The columns don't fit the fields; the message names every misfit."""


@dataclass(frozen=True)
class FieldSet:
    """The fields an importer knows. `open_fields` take any name behind a dot: titles.fa, prices.EUR."""

    required: Sequence[str]
    optional: Sequence[str]
    open_fields: Sequence[str] = ()
    whole_numbers: frozenset[str] = frozenset()
    times: frozenset[str] = frozenset()

    def __contains__(self, name: str) -> bool:
        start, dot, rest = name.partition(".")
        return name in self.names() or bool(dot and rest and start in self.open_fields)

    def names(self) -> list[str]:
        return [*self.required, *self.optional]

    def listed(self) -> str:
        return ", ".join([*self.names(), *(f"{name}.…" for name in self.open_fields)])


@dataclass(frozen=True)
class RowReader:
    """Reads the fields of a row: mapped cells, then constants. Empty cells are left out."""

    fields: FieldSet
    columns: Mapping[str, str]
    constants: Mapping[str, str] = field(default_factory=dict)
    zone: tzinfo | None = None
    time_format: str = ""

    def read(self, row: Row) -> dict[str, Any]:
        cells = {name: row.values[column] for name, column in self.columns.items()}
        given = {name: cell for name, cell in cells.items() if not _is_empty(cell)}
        return {name: self._value(name, cell) for name, cell in {**self.constants, **given}.items()}

    def column_of(self, name: str) -> str:
        return self.columns.get(name, name)

    def _value(self, name: str, cell: Any) -> Any:
        cell = cell.strip() if isinstance(cell, str) else cell
        if name in self.fields.times:
            return self._time(cell)
        if name in self.fields.whole_numbers and isinstance(cell, str) and _WHOLE_NUMBER.fullmatch(cell):
            return int(cell)
        return cell

    def _time(self, cell: Any) -> Any:
        """A time without an offset is the shop's; what is no time stays, to be refused with a reason."""
        if isinstance(cell, str):
            try:
                cell = _parse_time(cell, self.time_format)
            except ValueError:
                return cell
        is_naive = isinstance(cell, datetime) and cell.tzinfo is None
        return cell.replace(tzinfo=self.zone) if is_naive else cell


def map_columns(
    fields: FieldSet, table_columns: Iterable[str], *, given: Mapping[str, str], constants: Mapping[str, str]
) -> dict[str, str]:
    """Column by field: as given (`{column: field}`), else the column that bears the field's name.

    Raises MappingError with every unknown field, unknown column, field given twice, and required field
    without a column or a constant.
    """
    present = list(table_columns)
    listed = ", ".join(present)
    columns = {name: name for name in present if name in fields and name not in given}
    columns = {name: column for name, column in columns.items() if name not in given.values()}
    columns |= {name: column for column, name in given.items()}
    problems = [
        *_unknown_fields(fields, [*given.values(), *constants]),
        *_unknown_columns(given, present),
        *(f"{name} is mapped from two columns." for name in _twice(list(given.values()))),
        *(
            f"{name} is required: add --map COLUMN={name} or --set {name}=VALUE. Columns: {listed}."
            for name in fields.required
            if name not in columns and name not in constants
        ),
    ]
    if problems:
        raise MappingError("\n".join(problems))
    return columns


def read_mapping_file(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The `map` and `set` tables of a TOML or JSON file. Raises MappingError."""
    try:
        text = path.read_text("utf-8-sig")
        content = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise MappingError(f"{path}: {error}") from error
    if not isinstance(content, dict) or not content.keys() <= {"map", "set"} or not _are_tables(content):
        raise MappingError(f"{path}: write two tables, map (column = field) and set (field = value).")
    maps, sets = (
        {str(key): str(value) for key, value in content.get(name, {}).items()} for name in ("map", "set")
    )
    return maps, sets


def _are_tables(content: dict[str, Any]) -> bool:
    return all(isinstance(table, dict) for table in content.values())


def read_pairs(pairs: Iterable[str], option: str) -> dict[str, str]:
    """`["InvoiceNo=order"]` as a dict; the last equals sign of --map counts, the first of --set."""
    found = {}
    for pair in pairs:
        left, equals, right = pair.rpartition("=") if option == "--map" else pair.partition("=")
        if not (left and equals and right):
            example = "--map InvoiceNo=order" if option == "--map" else "--set currency=GBP"
            raise MappingError(f"{option} {pair} is not a pair; write it as {example}.")
        found[left] = right
    return found


def _unknown_fields(fields: FieldSet, names: Iterable[str]) -> list[str]:
    return [
        f"{name} is not a field. {closest(name, fields.names()) or f'Fields: {fields.listed()}.'}"
        for name in names
        if name not in fields
    ]


def _unknown_columns(given: Mapping[str, str], present: Sequence[str]) -> list[str]:
    listed = f"Columns: {', '.join(present)}."
    return [
        f"The file has no column {name}. {closest(name, present) or listed}"
        for name in given
        if name not in present
    ]


def _twice(names: Sequence[str]) -> set[str]:
    return {name for name in names if names.count(name) > 1}


def _is_empty(cell: Any) -> bool:
    is_nan = isinstance(cell, float) and cell != cell
    return cell is None or is_nan or (isinstance(cell, str) and not cell.strip())


def _parse_time(text: str, time_format: str) -> datetime:
    # The zone is attached by the caller.
    return datetime.strptime(text, time_format) if time_format else datetime.fromisoformat(text)  # noqa: DTZ007
