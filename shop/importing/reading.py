"""Reads CSV and Parquet row by row; nothing keeps the whole file in memory."""

import codecs
import csv
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Protocol

import pyarrow
import pyarrow.parquet

_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_DELIMITERS = ",;\t|"
_PIECE = 1 << 20


class TableError(ValueError):
    """The file can't be read as a table; the message says what, where and how to mend it."""


@dataclass(frozen=True)
class Row:
    """`number` is what a spreadsheet shows (the header is row 1); in Parquet the first row is 1."""

    number: int
    values: dict[str, Any]
    error: str = ""


class Table(Protocol):
    columns: list[str]

    def rows(self) -> Iterator[Row]: ...

    def share_read(self) -> float: ...


def open_table(path: Path, *, encoding: str = "", delimiter: str = "") -> Table:
    """The table in this file, told by its first bytes. Raises TableError."""
    try:
        with path.open("rb") as file:
            is_parquet = file.read(4) == b"PAR1"
        table = ParquetTable(path) if is_parquet else CsvTable(path, encoding, delimiter)
    except OSError as error:
        raise TableError(f"{path}: {error.strerror}.") from error
    twice = [name for name, count in Counter(table.columns).items() if name and count > 1]
    if twice:
        raise TableError(f"{path}: the header holds {', '.join(twice)} more than once. Rename the columns.")
    return table


class CsvTable:
    def __init__(self, path: Path, encoding: str, delimiter: str) -> None:
        self._path = path
        self._size = max(path.stat().st_size, 1)
        self._position = 0
        self._encoding = encoding or _find_encoding(path)
        self._delimiter = delimiter or _find_delimiter(_guarded(path, self._read_header))
        self.columns = [name.strip() for name in next(self._records(), [])]
        if not any(self.columns):
            raise TableError(f"{path}: the first row must name the columns, but it is empty.")

    def rows(self) -> Iterator[Row]:
        records = self._records()
        next(records)
        for number, record in enumerate(records, 2):
            if len(record) == len(self.columns):
                yield Row(number, dict(zip(self.columns, record, strict=True)))
            elif any(record):
                yield Row(number, {}, f"The row has {len(record)} cells, the header {len(self.columns)}.")

    def share_read(self) -> float:
        return self._position / self._size

    def _records(self) -> Iterator[list[str]]:
        with self._open() as file:
            position: Callable[[], int] = file.buffer.tell  # type: ignore[attr-defined]  # typeshed: no tell
            reader = csv.reader(file, delimiter=self._delimiter, strict=True)
            while (record := _guarded(self._path, lambda: next(reader, None), reader)) is not None:
                self._position = position()
                yield record

    def _read_header(self) -> str:
        with self._open() as file:
            return file.readline()

    def _open(self) -> TextIOWrapper:
        return self._path.open(encoding=self._encoding, newline="")


class ParquetTable:
    def __init__(self, path: Path) -> None:
        try:
            self._file = pyarrow.parquet.ParquetFile(path)
        except pyarrow.ArrowException as error:
            raise TableError(f"{path}: this Parquet file can't be read: {error}") from error
        self.columns: list[str] = list(self._file.schema_arrow.names)
        self._total: int = max(self._file.metadata.num_rows, 1)
        self._read = 0

    def rows(self) -> Iterator[Row]:
        self._read = 0
        for batch in self._file.iter_batches(batch_size=5000):
            for values in batch.to_pylist():
                self._read += 1
                yield Row(self._read, values)

    def share_read(self) -> float:
        return self._read / self._total


def _find_encoding(path: Path) -> str:
    """From the byte order mark, else UTF-8 if every byte agrees; other encodings can't be told apart."""
    decode = codecs.getincrementaldecoder("utf-8")().decode
    with path.open("rb") as file:
        start = file.read(3)
        for mark, encoding in _BOMS.items():
            if start.startswith(mark):
                return encoding
        try:
            decode(start)
            while piece := file.read(_PIECE):
                decode(piece)
            decode(b"", final=True)
        except UnicodeDecodeError:
            hint = "--encoding cp1256 (Arabic, Persian), cp1255 (Hebrew), cp1251 (Russian), cp1252 (Western)"
            raise TableError(f"{path} is not UTF-8. Say what it is: {hint}.") from None
    return "utf-8"


def _find_delimiter(header: str) -> str:
    outside_quotes = "".join(header.split('"')[::2])
    return max(_DELIMITERS, key=outside_quotes.count)


def _guarded(path: Path, read: Any, reader: Any = None) -> Any:
    try:
        return read()
    except (UnicodeError, LookupError) as error:
        raise TableError(f"{path}: {error}. Choose another --encoding.") from None
    except csv.Error as error:
        line = f", line {reader.line_num}" if reader else ""
        raise TableError(f"{path}{line}: {error}. Mend the quotes there, or choose --delimiter.") from None
