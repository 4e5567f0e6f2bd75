"""The columns of an order file as numpy arrays: times, texts, numbers, whatever way they are written."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from recommendations.baskets import Flags, Floats, Ints
from recommendations.order_files import OrderFileError

Texts: TypeAlias = "list[str]"


MOST_UNREAD = 0.01  # more, and the column is something else
_ISO = r"^\d{4}-\d\d-\d\d"
_PATTERNS = ("%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%d.%m.%Y %H:%M", "%Y/%m/%d %H:%M:%S",
             "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d")  # fmt: skip


def read_times(column: pa.ChunkedArray) -> "tuple[NDArray[np.datetime64], Flags]":
    """Times as numpy, without their zone, and which there are: blank ones and a few unreadable are not.

    Raises OrderFileError, with the first that is no time, where more than one in a hundred are none.
    """
    try:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            column = _parse_times(column)
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            column = pc.cast(pc.cast(column, pa.int64()), pa.timestamp("s"))
        column = pc.cast(column, pa.timestamp("us"), safe=False)
    except pa.ArrowException as error:
        raise _refuse_times(str(error)) from error
    valid = np.asarray(pc.is_valid(column).to_numpy(zero_copy_only=False), dtype=np.bool_)
    return pc.fill_null(column, 0).to_numpy().astype("datetime64[us]"), valid


def _refuse_times(example: str) -> OrderFileError:
    return OrderFileError(
        f"The time column holds no times: {example}. Write them like 2026-05-01 or 2026-05-01 13:45:00."
    )


def _parse_times(column: pa.ChunkedArray) -> pa.ChunkedArray:
    texts = pc.replace_substring_regex(pc.utf8_trim_whitespace(column), r"(Z|[+-]\d\d:?\d\d)$", "")
    texts = pc.if_else(pc.equal(texts, ""), None, texts)
    unread = len(texts)
    for parsed in _try_patterns(texts):
        unread = parsed.null_count - texts.null_count
        if unread <= MOST_UNREAD * len(texts):
            return parsed
    raise _refuse_times(f"for example {texts.drop_null()[0].as_py()!r}")


def _try_patterns(texts: pa.ChunkedArray) -> Iterator[pa.ChunkedArray]:
    with suppress(pa.ArrowException):
        yield pc.cast(pc.if_else(pc.match_substring_regex(texts, _ISO), texts, None), pa.timestamp("us"))
    for pattern in _PATTERNS:
        yield pc.strptime(texts, format=pattern, unit="us", error_is_null=True)


def is_blank(column: pa.ChunkedArray) -> Flags:
    texts = pc.fill_null(read_texts(column), "")
    return np.asarray(pc.equal(texts, ""), dtype=np.bool_)


def read_texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.cast(column, pa.large_string())


def read_numbers(table: pa.Table, name: str) -> Floats:
    column = table[name]
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = _plain_numbers(column)
    try:
        return np.asarray(pc.fill_null(pc.cast(column, pa.float64()), 0.0), dtype=np.float64)
    except pa.ArrowException as error:
        raise OrderFileError(f"The {name} column holds something that is no number: {error}") from error


def _plain_numbers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """12.5 of "£12.50", and of "12,50 €" where the column writes its decimals with a comma."""
    texts = pc.replace_substring_regex(column, r"[^0-9.,\-]", "")
    with_comma = pc.any(pc.match_substring_regex(texts, r",\d{1,2}$")).as_py()
    with_point = pc.any(pc.match_substring_regex(texts, r"\.\d{1,2}$")).as_py()
    grouping, decimal = (".", ",") if with_comma and not with_point else (",", ".")
    texts = pc.replace_substring(pc.replace_substring(texts, grouping, ""), decimal, ".")
    return pc.if_else(pc.match_substring_regex(texts, r"^-?(\d+\.?\d*|\.\d+)$"), texts, None)


def encode_texts(column: pa.ChunkedArray) -> tuple[Ints, Texts]:
    """Positions in the sorted distinct values, and those."""
    encoded: Any = read_texts(column).combine_chunks().dictionary_encode()
    values = np.array(encoded.dictionary.to_pylist(), dtype=object)
    sequence = np.argsort(values)
    place = np.empty(len(values), dtype=np.int64)
    place[sequence] = np.arange(len(values))
    return place[encoded.indices.to_numpy(zero_copy_only=False)], values[sequence].tolist()
