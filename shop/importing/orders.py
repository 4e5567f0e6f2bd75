"""Orders from a table with one row per order line; the rows of an order stand together."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from shop.importing.mapping import FieldSet, RowReader
from shop.importing.reading import Row
from shop.importing.running import Refusal, Sourced

_CUSTOMER_PARTS = {f"customer_{name}": name for name in ("email", "name", "language", "country")}
_PRODUCT_PARTS = {
    "product_title": "title",
    "product_category": "category",
    "product_type": "product_type",
    "product_image_url": "image_url",
    "product_url": "url",
}
ORDER_FIELDS = FieldSet(
    required=("order", "placed_at", "currency", "product", "quantity", "unit_price"),
    optional=("total", "url", "customer", *_CUSTOMER_PARTS, *_PRODUCT_PARTS),
    whole_numbers=frozenset({"quantity"}),
    times=frozenset({"placed_at"}),
)
# What every row of one order must agree on; times may differ, the first row's counts.
_SAME_IN_AN_ORDER = ("customer", "currency")
_LINE_PATH = re.compile(r"order\.lines\[(\d+)\]\.?(.*)")
_FIELD_BY_PATH = {
    "id": "order",
    "order.id": "order",
    "occurred_at": "placed_at",
    "customer.id": "customer",
    "product.id": "product",
    "product.price": "unit_price",
    "product.currency": "currency",
    **{f"customer.{part}": name for name, part in _CUSTOMER_PARTS.items()},
    **{f"product.{part}": name for name, part in _PRODUCT_PARTS.items()},
}
_Numbered = tuple[int, dict[str, Any]]


def read_orders(rows: Iterable[Row], reader: RowReader) -> Iterator[Sourced | Refusal]:
    """An element for each order, or a refusal for each row that belongs to none."""
    seen: set[str] = set()
    numbered = ((row, {} if row.error else reader.read(row)) for row in rows)
    for order_id, group in groupby(numbered, key=lambda pair: str(pair[1].get("order", ""))):
        if not order_id:
            yield from (_refuse_row(row, reader) for row, _ in group)
            continue
        lines = [(row.number, values) for row, values in group]
        problem = _repeated(order_id, lines, reader, seen) or _disagreement(lines, reader)
        yield problem or _order(order_id, lines, reader)
        seen.add(order_id)


def _order(order_id: str, lines: list[_Numbered], reader: RowReader) -> Sourced:
    _, first = lines[0]
    order: dict[str, Any] = {
        name: first[name] for name in ("placed_at", "currency", "total", "url") if name in first
    }
    order |= {"id": first["order"], "lines": [_line(values) for _, values in lines]}
    element = {"id": f"order.placed:{order_id}", "kind": "order.placed", "order": order}
    element["occurred_at"] = first.get("placed_at", "")
    if "customer" in first:
        element["customer"] = {"id": first["customer"], **_renamed(first, _CUSTOMER_PARTS)}
    numbers = [number for number, _ in lines]
    return Sourced(element, len(lines), lambda path: _locate(path, numbers, reader))


def _line(values: dict[str, Any]) -> dict[str, Any]:
    """A row with a title states its product, so the products need not be imported before."""
    line: dict[str, Any] = {
        name: values[name] for name in ("product", "quantity", "unit_price") if name in values
    }
    if "product_title" in values and "product" in line:
        money = _renamed(values, {"currency": "currency", "unit_price": "price"})
        line["product"] = {"id": line["product"], **money, **_renamed(values, _PRODUCT_PARTS)}
    return line


def _renamed(values: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {new: values[old] for old, new in names.items() if old in values}


def _locate(path: str, numbers: list[int], reader: RowReader) -> tuple[int, str]:
    """The row and the column that a path in the element came from."""
    match = _LINE_PATH.fullmatch(path)
    number, part = (numbers[int(match[1])], match[2]) if match else (numbers[0], path)
    return number, reader.column_of(_FIELD_BY_PATH.get(part, part.removeprefix("order.")))


def _refuse_row(row: Row, reader: RowReader) -> Refusal:
    if row.error:
        return Refusal(row.number, "", row.error, "Give every row a cell for each column; quote delimiters.")
    return Refusal(
        row.number, reader.column_of("order"), "The order id is empty.", "Every line names its order."
    )


def _repeated(order_id: str, lines: list[_Numbered], reader: RowReader, seen: set[str]) -> Refusal | None:
    if order_id not in seen:
        return None
    hint = "Sort the file by order and import it again."
    message = f"The order '{order_id}' goes on here after other orders, its first lines were taken already."
    return Refusal(lines[0][0], reader.column_of("order"), message, hint, len(lines))


def _disagreement(lines: list[_Numbered], reader: RowReader) -> Refusal | None:
    for name in _SAME_IN_AN_ORDER:
        for number, values in lines:
            if values.get(name) != lines[0][1].get(name):
                message = f"The lines of the order '{values['order']}' have more than one {name}."
                hint = "Give each order an id of its own."
                return Refusal(number, reader.column_of(name), message, hint, len(lines))
    return None
