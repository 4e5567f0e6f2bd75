"""What order lines and a products file say of each product: its name, its type, its price."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from recommendations.baskets import Floats, Ints
from recommendations.order_columns import Texts, encode_texts, read_numbers, read_texts


def describe_products(
    table: pa.Table, product: Ints, codes: Texts, *, products: pa.Table | None
) -> tuple[Texts, Texts, Floats]:
    """Names, types and prices by position: of the products file, else the commonest name and median price."""
    lines = {name: table[name] for name in ("name", "category", "type") if name in table.column_names}
    known = {name: _commonest(product, column, len(codes)) for name, column in lines.items()}
    prices = np.zeros(len(codes))
    if "price" in table.column_names:
        prices = _medians(product, read_numbers(table, "price"), len(codes))
    if products is not None:
        keys = pc.utf8_upper(pc.utf8_trim_whitespace(read_texts(products["product"]))).to_pylist()
        place = {code: position for position, code in enumerate(codes)}
        rows = [(place[key], row) for row, key in enumerate(keys) if key in place]
        for name in ("name", "category", "type"):
            if name in products.column_names:
                known[name] = _overlay(known.get(name, [""] * len(codes)), products[name], rows)
        if "price" in products.column_names:
            amounts = read_numbers(products, "price")
            for position, row in rows:
                prices[position] = amounts[row] if amounts[row] > 0 else prices[position]
    names = known.get("name", [""] * len(codes))
    return names, _find_types(names, known), prices


def _overlay(values: Texts, column: pa.ChunkedArray, rows: list[tuple[int, int]]) -> Texts:
    found, texts = list(values), read_texts(column).to_pylist()
    for position, row in rows:
        found[position] = texts[row] or found[position]
    return found


def _commonest(product: Ints, column: pa.ChunkedArray, count: int) -> Texts:
    codes, values = encode_texts(pc.fill_null(read_texts(column), ""))
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
