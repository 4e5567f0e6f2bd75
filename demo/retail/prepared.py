"""The prepared sample as it is shipped: five small tables and the account of what was left out."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

DATA = Path(__file__).resolve().parent.parent / "data"


class RetailProduct(NamedTuple):
    code: str
    title: str
    product_type: str
    category: str
    picture: str
    pence: int


class RetailCustomer(NamedTuple):
    number: int
    country: str
    segment: str


class RetailOrder(NamedTuple):
    """`time` is London wall time of 2010 and 2011; `customer` is None for a guest."""

    invoice: str
    customer: int | None
    country: str
    time: datetime


class RetailLine(NamedTuple):
    """`order` and `product` count rows of their tables."""

    order: int
    product: int
    quantity: int
    pence: int


class RetailRefund(NamedTuple):
    external_id: str
    order: int
    pence: int
    time: datetime


@dataclass(frozen=True, slots=True)
class Retail:
    """All of the sample. Orders are sorted by time, lines by order."""

    products: list[RetailProduct]
    customers: list[RetailCustomer]
    orders: list[RetailOrder]
    lines: list[RetailLine]
    refunds: list[RetailRefund]
    counts: dict[str, int]


_SCHEMAS: dict[str, pa.Schema] = {
    "products": pa.schema(
        {
            "code": pa.string(),
            "title": pa.string(),
            "product_type": pa.string(),
            "category": pa.string(),
            "picture": pa.string(),
            "pence": pa.int32(),
        }
    ),
    "customers": pa.schema({"number": pa.int32(), "country": pa.string(), "segment": pa.string()}),
    "orders": pa.schema(
        {"invoice": pa.string(), "customer": pa.int32(), "country": pa.string(), "time": pa.timestamp("s")}
    ),
    "lines": pa.schema(
        {"order": pa.int32(), "product": pa.int32(), "quantity": pa.int32(), "pence": pa.int32()}
    ),
    "refunds": pa.schema(
        {"external_id": pa.string(), "order": pa.int32(), "pence": pa.int32(), "time": pa.timestamp("s")}
    ),
}


def write_retail(retail: Retail, directory: Path = DATA) -> int:
    """Writes the tables (zstd) and counts.json; the bytes written."""
    for name, schema in _SCHEMAS.items():
        columns = list(zip(*getattr(retail, name), strict=True)) or [()] * len(schema)
        arrays = [pa.array(column, type=kind.type) for column, kind in zip(columns, schema, strict=True)]
        pq.write_table(
            pa.Table.from_arrays(arrays, schema=schema),
            directory / f"{name}.parquet",
            compression="zstd",
            compression_level=19,
        )
    counts = json.dumps(retail.counts, indent=2, sort_keys=True) + "\n"
    (directory / "counts.json").write_text(counts, encoding="utf8")
    return sum(path.stat().st_size for path in directory.glob("*.parquet"))


def read_retail(directory: Path = DATA) -> Retail:
    """The whole sample in memory, about a second for half a million lines."""
    return Retail(
        products=[RetailProduct(*row) for row in _read(directory, "products")],
        customers=[RetailCustomer(*row) for row in _read(directory, "customers")],
        orders=[RetailOrder(*row) for row in _read(directory, "orders")],
        lines=[RetailLine(*row) for row in _read(directory, "lines")],
        refunds=[RetailRefund(*row) for row in _read(directory, "refunds")],
        counts=json.loads((directory / "counts.json").read_text(encoding="utf8")),
    )


def _read(directory: Path, name: str) -> Iterator[tuple[Any, ...]]:
    table = pq.read_table(directory / f"{name}.parquet")
    return zip(*(column.to_pylist() for column in table.columns), strict=True)
