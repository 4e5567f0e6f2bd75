"""Order lines of any shop as the arrays that methods learn from and are asked about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from recommendations.baskets import GUEST, Baskets, Flags, Floats, Ints, arrange_baskets
from recommendations.order_files import OrderFileError

LEAST_REGULAR = 0.99
DAY = np.timedelta64(1, "D")
Texts: TypeAlias = "list[str]"


@dataclass(frozen=True)
class Sales:
    """Orders, and what is known of each product by its position.

    Ages count in days from `end`, the midnight after the newest order. `price` is 0 and `name` and
    `product_type` are "" where unknown. `codes` are the shop's own. `dropped` counts the lines left out.
    """

    baskets: Baskets
    end: datetime
    codes: Texts
    names: Texts
    product_type: Texts
    price: Floats
    dropped: Mapping[str, int]

    def age_of(self, moment: datetime) -> float:
        """Days from the moment to the end."""
        return (self.end - moment).total_seconds() / 86_400.0


def arrange_sales(table: pa.Table, products: pa.Table | None = None) -> Sales:
    """Sales from columns named by field. `products` may add name, category, type and price by product.

    Left out: returns (a quantity under 1), lines without a price where prices are given, lines without
    order, product or time, and codes of another shape than 99 % of the lines have: postage and fees of a
    shop that numbers its products. Raises OrderFileError where nothing is left or times are none.
    """
    times, timed = _read_times(table["time"])
    product = pc.utf8_upper(pc.utf8_trim_whitespace(_texts(table["product"])))
    table = table.set_column(table.schema.get_field_index("product"), "product", product)
    dropped, kept = _sort_out(table, timed)
    if not kept.any():
        raise OrderFileError("No line is left: every one lacks an order, product, time, quantity or price.")
    table = table.filter(pa.array(kept))
    return _build(table, times[kept], products=products, dropped=dropped)


def _build(
    table: pa.Table, times: "NDArray[np.datetime64]", *, products: pa.Table | None, dropped: Mapping[str, int]
) -> Sales:
    order, _ = _encode(table["order"])
    product, codes = _encode(table["product"])
    placed = np.full(int(order.max()) + 1, np.datetime64("9999-01-01", "us"))
    np.minimum.at(placed, order, times)
    end = placed.max().astype("datetime64[D]") + DAY
    customers = np.full(len(placed), GUEST, dtype=np.int64)
    customers[order] = _read_customers(table)
    ages = (end.astype("datetime64[us]") - placed) / DAY
    baskets = arrange_baskets(
        order, product, ages.astype(np.float64), customers=customers, product_ids=np.arange(len(codes))
    )
    names, types, prices = _describe_products(table, product, codes, products=products)
    moment: datetime = end.astype("datetime64[s]").astype(datetime)
    return Sales(baskets, moment.replace(tzinfo=UTC), codes, names, types, prices, dropped)


def _read_times(column: pa.ChunkedArray) -> "tuple[NDArray[np.datetime64], Flags]":
    """Times as numpy, without their zone, and which there are."""
    try:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            column = _parse_times(column)
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            column = pc.cast(pc.cast(column, pa.int64()), pa.timestamp("s"))
        column = pc.cast(column, pa.timestamp("us"), safe=False)
    except pa.ArrowException as error:
        raise OrderFileError(
            f"The time column holds no times: {error}. Write them like 2026-05-01 or 2026-05-01 13:45:00."
        ) from error
    valid = np.asarray(pc.is_valid(column).to_numpy(zero_copy_only=False), dtype=np.bool_)
    return pc.fill_null(column, 0).to_numpy().astype("datetime64[us]"), valid


def _parse_times(column: pa.ChunkedArray) -> pa.ChunkedArray:
    texts = pc.replace_substring_regex(pc.utf8_trim_whitespace(column), r"(Z|[+-]\d\d:?\d\d)$", "")
    try:
        return pc.cast(texts, pa.timestamp("us"))
    except pa.ArrowException:
        for pattern in ("%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%d.%m.%Y %H:%M", "%Y/%m/%d %H:%M:%S",
                        "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y%m%d"):  # fmt: skip
            parsed = pc.strptime(texts, format=pattern, unit="us", error_is_null=True)
            if parsed.null_count <= 0.01 * len(parsed) and len(parsed):
                return parsed
        raise


def _sort_out(table: pa.Table, timed: Flags) -> tuple[dict[str, int], Flags]:
    """Which lines are sales, and how many are not, by why."""
    reasons = {"no order, product or time": ~timed | _is_blank(table["order"]) | _is_blank(table["product"])}
    if "quantity" in table.column_names:
        reasons["returned or written off (quantity under 1)"] = ~(_numbers(table, "quantity") > 0)
    if "price" in table.column_names:
        reasons["no price"] = ~(_numbers(table, "price") > 0)
    left = ~np.logical_or.reduce(list(reasons.values()))
    reasons["not a product, by the shape of its code"] = _has_odd_code(table["product"], left)
    kept = np.ones(table.num_rows, dtype=np.bool_)
    dropped = {}
    for reason, gone in reasons.items():
        dropped[reason] = int(np.sum(kept & gone))
        kept &= ~gone
    return dropped, kept


def _has_odd_code(column: pa.ChunkedArray, left: Flags) -> Flags:
    numbered = np.asarray(pc.match_substring_regex(column, r"^\d").fill_null(False), dtype=np.bool_)
    if left.any() and numbered[left].mean() >= LEAST_REGULAR:
        return ~numbered
    return np.zeros(len(numbered), dtype=np.bool_)


def _is_blank(column: pa.ChunkedArray) -> Flags:
    texts = pc.fill_null(_texts(column), "")
    return np.asarray(pc.equal(texts, ""), dtype=np.bool_)


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.cast(column, pa.large_string())


def _numbers(table: pa.Table, name: str) -> Floats:
    column = table[name]
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = pc.replace_substring_regex(column, r"[^0-9.\-]", "")
        column = pc.if_else(pc.equal(column, ""), None, column)
    try:
        return np.asarray(pc.fill_null(pc.cast(column, pa.float64()), 0.0), dtype=np.float64)
    except pa.ArrowException as error:
        raise OrderFileError(f"The {name} column holds something that is no number: {error}") from error


def _encode(column: pa.ChunkedArray) -> tuple[Ints, Texts]:
    """Positions in the sorted distinct values, and those."""
    encoded: Any = _texts(column).combine_chunks().dictionary_encode()
    values = np.array(encoded.dictionary.to_pylist(), dtype=object)
    sequence = np.argsort(values)
    place = np.empty(len(values), dtype=np.int64)
    place[sequence] = np.arange(len(values))
    return place[encoded.indices.to_numpy(zero_copy_only=False)], values[sequence].tolist()


def _read_customers(table: pa.Table) -> Ints:
    if "customer" not in table.column_names:
        return np.full(table.num_rows, GUEST, dtype=np.int64)
    codes, _ = _encode(pc.fill_null(_texts(table["customer"]), ""))
    return np.where(_is_blank(table["customer"]), GUEST, codes)


def _describe_products(
    table: pa.Table, product: Ints, codes: Texts, *, products: pa.Table | None
) -> tuple[Texts, Texts, Floats]:
    """Names, types and prices by position: of the products file, else the commonest name and median price."""
    lines = {name: table[name] for name in ("name", "category", "type") if name in table.column_names}
    known = {name: _commonest(product, column, len(codes)) for name, column in lines.items()}
    prices = np.zeros(len(codes))
    if "price" in table.column_names:
        prices = _medians(product, _numbers(table, "price"), len(codes))
    if products is not None:
        keys = pc.utf8_upper(pc.utf8_trim_whitespace(_texts(products["product"]))).to_pylist()
        place = {code: position for position, code in enumerate(codes)}
        rows = [(place[key], row) for row, key in enumerate(keys) if key in place]
        for name in ("name", "category", "type"):
            if name in products.column_names:
                known[name] = _overlay(known.get(name, [""] * len(codes)), products[name], rows)
        if "price" in products.column_names:
            amounts = _numbers(products, "price")
            for position, row in rows:
                prices[position] = amounts[row] if amounts[row] > 0 else prices[position]
    names = known.get("name", [""] * len(codes))
    return names, _find_types(names, known), prices


def _overlay(values: Texts, column: pa.ChunkedArray, rows: list[tuple[int, int]]) -> Texts:
    found, texts = list(values), _texts(column).to_pylist()
    for position, row in rows:
        found[position] = texts[row] or found[position]
    return found


def _commonest(product: Ints, column: pa.ChunkedArray, count: int) -> Texts:
    codes, values = _encode(pc.fill_null(_texts(column), ""))
    pairs, times = np.unique(product * len(values) + codes, return_counts=True)
    named = np.array([bool(value.strip()) for value in values], dtype=np.bool_)[pairs % len(values)]
    sequence = np.lexsort((times, named, pairs // len(values)))
    found = [""] * count
    for pair in pairs[sequence].tolist():  # the last of a product is its commonest name
        found[pair // len(values)] = values[pair % len(values)].strip()
    return found


def _medians(product: Ints, amounts: Floats, count: int) -> Floats:
    sequence = np.lexsort((amounts, product))
    starts = np.searchsorted(product[sequence], np.arange(count + 1))
    middle = np.minimum((starts[:-1] + starts[1:]) // 2, len(sequence) - 1)
    found: Floats = np.where(np.diff(starts) > 0, amounts[sequence][middle], 0.0)
    return found


def _find_types(names: Texts, known: Mapping[str, Texts]) -> Texts:
    """The type column, else the leaf of the category, else the last word of the name, in the singular."""
    if "type" in known or "category" in known:
        types = known.get("type", [""] * len(names))
        leaves = [path.split(">")[-1].strip() for path in known.get("category", [""] * len(names))]
        return [kind.strip() or leaf for kind, leaf in zip(types, leaves, strict=True)]
    return [_head_noun(name) for name in names]


def _head_noun(name: str) -> str:
    words = [word for word in name.casefold().replace(",", " ").split() if word.isalpha()]
    if not words:
        return ""
    return words[-1][:-1] if len(words[-1]) > 3 and words[-1].endswith("s") else words[-1]
