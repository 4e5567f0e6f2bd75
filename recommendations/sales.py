"""Order lines of any shop as the arrays that methods learn from and are asked about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from recommendations.baskets import GUEST, Baskets, Flags, Floats, Ints, arrange_baskets
from recommendations.order_columns import Texts, encode_texts, is_blank, read_numbers, read_texts, read_times
from recommendations.order_files import OrderFileError
from recommendations.product_facts import describe_products

LEAST_REGULAR = 0.99
DAY = np.timedelta64(1, "D")


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
    times, timed = read_times(table["time"])
    product = pc.utf8_upper(pc.utf8_trim_whitespace(read_texts(table["product"])))
    table = table.set_column(table.schema.get_field_index("product"), "product", product)
    dropped, kept = _sort_out(table, timed)
    if not kept.any():
        raise OrderFileError("No line is left: every one lacks an order, product, time, quantity or price.")
    sales = _build(table.filter(pa.array(kept)), times[kept], products=products, dropped=dropped)
    pa.default_memory_pool().release_unused()  # else as much again as the file stays with the process
    return sales


def _build(
    table: pa.Table, times: "NDArray[np.datetime64]", *, products: pa.Table | None, dropped: Mapping[str, int]
) -> Sales:
    order, _ = encode_texts(table["order"])
    product, codes = encode_texts(table["product"])
    placed = np.full(int(order.max()) + 1, np.datetime64("9999-01-01", "us"))
    np.minimum.at(placed, order, times)
    end = placed.max().astype("datetime64[D]") + DAY
    customers = np.full(len(placed), GUEST, dtype=np.int64)
    customers[order] = _read_customers(table)
    ages = (end.astype("datetime64[us]") - placed) / DAY
    baskets = arrange_baskets(
        order, product, ages.astype(np.float64), customers=customers, product_ids=np.arange(len(codes))
    )
    names, types, prices = describe_products(table, product, codes, products=products)
    moment: datetime = end.astype("datetime64[s]").astype(datetime)
    return Sales(baskets, moment.replace(tzinfo=UTC), codes, names, types, prices, dropped)


def _sort_out(table: pa.Table, timed: Flags) -> tuple[dict[str, int], Flags]:
    """Which lines are sales, and how many are not, by why."""
    reasons = {"no order, product or time": ~timed | is_blank(table["order"]) | is_blank(table["product"])}
    if "quantity" in table.column_names:
        reasons["returned or written off (quantity under 1)"] = ~(read_numbers(table, "quantity") > 0)
    if "price" in table.column_names:
        reasons["no price"] = ~(read_numbers(table, "price") > 0)
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


def _read_customers(table: pa.Table) -> Ints:
    if "customer" not in table.column_names:
        return np.full(table.num_rows, GUEST, dtype=np.int64)
    codes, _ = encode_texts(pc.fill_null(read_texts(table["customer"]), ""))
    return np.where(is_blank(table["customer"]), GUEST, codes)
