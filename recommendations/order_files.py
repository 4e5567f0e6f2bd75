"""A shop's order lines from a CSV or Parquet file, under whatever names its columns have."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

REQUIRED = ("order", "product", "time")
FIELDS = (*REQUIRED, "customer", "quantity", "price", "name", "category", "type")
COMMON_NAMES: dict[str, tuple[str, ...]] = {
    "order": ("order", "orderid", "ordernumber", "orderno", "invoice", "invoiceno", "invoiceid", "basketid",
              "transactionid", "receiptid", "basket", "transaction"),
    "product": ("product", "productid", "sku", "stockcode", "itemid", "item", "articleid", "variantid",
                "productcode", "asin", "upc", "ean"),
    "time": ("time", "timestamp", "date", "datetime", "orderdate", "orderedat", "placedat", "invoicedate",
             "createdat", "transactiontimestamp", "purchasedate", "transactiondate",
             "orderpurchasetimestamp"),
    "customer": ("customer", "customerid", "userid", "user", "clientid", "householdid", "householdkey",
                 "memberid", "buyerid", "customeruniqueid", "email"),
    "quantity": ("quantity", "qty", "units"),
    "price": ("price", "unitprice", "itemprice", "saleprice"),
    "name": ("name", "title", "description", "productname", "producttitle", "itemname"),
    "category": ("category", "productcategory", "categoryname", "categorypath", "department"),
    "type": ("type", "producttype", "subcategory"),
}  # fmt: skip


class OrderFileError(ValueError):
    """The file cannot be read as orders. The message says where and what to do."""


def read_mapping(text: str) -> dict[str, str]:
    """The columns by field of "order=InvoiceNo,product=StockCode". Raises OrderFileError."""
    mapping: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        field, equals, column = part.partition("=")
        if not equals or field.strip() not in FIELDS:
            raise OrderFileError(
                f"--columns: {part!r} is not understood. Write field=Column with one of the fields "
                f"{', '.join(FIELDS)}."
            )
        mapping[field.strip()] = column.strip()
    return mapping


def read_columns(
    path: Path,
    mapping: Mapping[str, str],
    required: Sequence[str] = REQUIRED,
    *,
    optional: Sequence[str] | None = None,
) -> pa.Table:
    """The columns of a file by the names of the fields.

    What the mapping names, else what has a common name; with a mapping of orders, only the optional fields it
    names. `optional` are the fields to look for beside the required ones in any case. Raises OrderFileError.
    """
    table = _open(path)
    names = _names_of(table)
    columns = find_columns(names, mapping, required, optional=optional)
    wanted = list(dict.fromkeys(columns.values()))
    if twice := [name for name in wanted if names.count(name) > 1]:
        raise OrderFileError(
            f"{path} has several columns named {twice[0]!r}. Rename all but the one to read."
        )
    chosen = table.read(columns=wanted) if isinstance(table, pq.ParquetFile) else table.select(wanted)
    return pa.table({field: chosen[column] for field, column in columns.items()})


def read_names(path: Path) -> list[str]:
    """The names of a file's columns. Raises OrderFileError where it is no table."""
    return _names_of(_open(path))


def _open(path: Path) -> Any:
    if not path.is_file():
        raise OrderFileError(f"There is no file {path}.")
    try:
        return _open_parquet(path) if path.suffix.lower() in {".parquet", ".pq"} else _read_csv(path)
    except (pa.ArrowException, UnicodeDecodeError, csv.Error) as error:
        raise OrderFileError(
            f"{path} cannot be read as a table: {error}. A CSV has to be UTF-8, with a heading and as many "
            "columns in every line as there."
        ) from error


def _open_parquet(path: Path) -> pq.ParquetFile:
    """Texts as a dictionary and numbers: a name that stands in ten thousand lines is read once."""
    schema = pq.ParquetFile(path).schema_arrow
    texts = [
        field.name
        for field in schema
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
    ]
    return pq.ParquetFile(path, read_dictionary=texts)


def _names_of(table: Any) -> list[str]:
    return list(table.schema_arrow.names if isinstance(table, pq.ParquetFile) else table.column_names)


def find_columns(
    names: Sequence[str],
    mapping: Mapping[str, str],
    required: Sequence[str] = REQUIRED,
    *,
    optional: Sequence[str] | None = None,
) -> dict[str, str]:
    """The column of each field. Raises OrderFileError for a column that the file lacks, or a required field
    that no column fits."""
    for field, column in mapping.items():
        if column not in names:
            raise OrderFileError(
                f"--columns: {field}={column}: the file has no column {column!r}. It has: {', '.join(names)}."
            )
    extra = optional if optional is not None else ([] if mapping else FIELDS)
    plain = {_plain(name): name for name in reversed(names)}
    columns = dict(mapping)
    for field in dict.fromkeys([*required, *extra]):
        found = next((plain[common] for common in COMMON_NAMES[field] if common in plain), "")
        if found and field not in columns:
            columns[field] = found
    missing = [field for field in required if field not in columns]
    if missing:
        raise OrderFileError(
            f"No column is known to be the {' or the '.join(missing)}. Name it: --columns "
            f"{','.join(f'{field}=…' for field in missing)}. The file has: {', '.join(names)}."
        )
    return columns


def _read_csv(path: Path) -> pa.Table:
    with path.open(encoding="utf-8-sig", newline="") as file:
        heading = file.readline()
    try:
        delimiter = csv.Sniffer().sniff(heading, delimiters=",;\t|").delimiter
    except csv.Error:
        delimiter = ","
    names = next(csv.reader([heading], delimiter=delimiter), [])
    return pa_csv.read_csv(
        path,
        parse_options=pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(column_types={name: pa.string() for name in names}),
    )


def _plain(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
