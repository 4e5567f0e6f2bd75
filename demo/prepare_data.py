"""Makes the shipped sample from the original: `python -m demo.prepare_data ORIGINAL.parquet`.

The original is UCI Online Retail (Chen, 2012), DOI 10.24432/C5BW33, saved as Parquet with its own columns.
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from statistics import median

import pyarrow.parquet as pq

from demo.countries import find_country
from demo.retail.categories import find_shelf
from demo.retail.cleaning import CleanLine, SourceLine, drop_nameless, merge_repeats, sort_lines
from demo.retail.prepared import (
    DATA,
    Retail,
    RetailCustomer,
    RetailLine,
    RetailOrder,
    RetailProduct,
    RetailRefund,
    write_retail,
)
from demo.retail.refunds import match_refunds
from demo.retail.titles import tidy_title
from demo.retail.wholesalers import find_wholesalers

COLUMNS = (
    "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country",
)  # fmt: skip
PRICE_DAYS = 90


def read_source(path: Path) -> Iterator[SourceLine]:
    """The original's lines in their order. Raises KeyError naming a column that isn't there."""
    table = pq.read_table(path)
    for row in zip(*(table[name].to_pylist() for name in COLUMNS), strict=True):
        invoice, code, description, quantity, time, price, customer, country = row
        number = int(customer) if customer else None
        yield SourceLine(invoice, code, description or "", quantity, time, price, number, country)


def prepare(source: Iterator[SourceLine]) -> Retail:
    """Cleaned, matched, named and sorted; `counts` accounts for every line of the source."""
    found = sort_lines(source)
    names = drop_nameless(found)
    read = len(found.sales) + len(found.cancellations) + found.counts.total()
    refunds, refund_counts = match_refunds(found.sales, found.cancellations)
    sales = sorted(merge_repeats(found.sales), key=lambda line: (line.time, line.invoice, line.code))
    counts = found.counts + refund_counts
    counts.update({"source lines": read, "repeated lines merged": len(found.sales) - len(sales)})
    products = make_products(sales, names)
    orders = make_orders(sales)
    order_rows = {order.invoice: row for row, order in enumerate(orders)}
    product_rows = {product.code: row for row, product in enumerate(products)}
    return Retail(
        products,
        make_customers(sales),
        orders,
        [RetailLine(order_rows[s.invoice], product_rows[s.code], s.quantity, s.pence) for s in sales],
        [RetailRefund(r.external_id, order_rows[r.invoice], r.pence, r.time) for r in refunds],
        dict(counts),
    )


def make_products(sales: Sequence[CleanLine], names: dict[str, str]) -> list[RetailProduct]:
    """A product a code; the price is the median over the lines of its own last 90 days on sale."""
    lines: dict[str, list[CleanLine]] = defaultdict(list)
    for line in sales:
        lines[line.code].append(line)
    return [_make_product(code, names[code], lines[code]) for code in sorted(lines)]


def _make_product(code: str, description: str, lines: list[CleanLine]) -> RetailProduct:
    since = max(line.time for line in lines) - timedelta(days=PRICE_DAYS)
    title = tidy_title(description)
    shelf = find_shelf(title)
    pence = round(median(line.pence for line in lines if line.time >= since))
    return RetailProduct(code, title, shelf.product_type, shelf.category, shelf.picture, pence)


def make_customers(sales: Sequence[CleanLine]) -> list[RetailCustomer]:
    """Known customers with the country they ordered from most and their segment."""
    wholesalers = find_wholesalers(sales)
    seen: dict[int, Counter[str]] = defaultdict(Counter)
    for line in sales:
        if line.customer is not None:
            seen[line.customer][line.country] += 1
    return [
        RetailCustomer(
            number,
            find_country(countries.most_common(1)[0][0]).code,
            "wholesale" if number in wholesalers else "retail",
        )
        for number, countries in sorted(seen.items())
    ]


def make_orders(sales: Sequence[CleanLine]) -> list[RetailOrder]:
    """An order an invoice, at the time of its first line, oldest first."""
    orders: dict[str, RetailOrder] = {}
    for line in sales:
        country = find_country(line.country).code
        orders.setdefault(line.invoice, RetailOrder(line.invoice, line.customer, country, line.time))
    return list(orders.values())


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("original", type=Path)
    parser.add_argument("--into", type=Path, default=DATA)
    options = parser.parse_args(arguments)
    retail = prepare(read_source(options.original))
    size = write_retail(retail, options.into)
    sys.stdout.write(f"{len(retail.orders)} orders, {len(retail.lines)} lines, {size / 1e6:.2f} MB\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
