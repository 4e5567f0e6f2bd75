"""The shop's recorded orders as sales, for the back-test."""

import pyarrow as pa

from recommendations.catalogue import type_of
from recommendations.order_files import OrderFileError
from recommendations.sales import Sales, arrange_sales
from shop.models import OrderLine, Product


def read_recorded_sales() -> Sales:
    """Every order that was not cancelled. Raises OrderFileError where there are none."""
    lines = OrderLine.objects.filter(order__cancelled_at=None).values_list(
        "order_id", "product_id", "order__placed_at", "order__customer_id", "quantity"
    )
    columns = list(zip(*lines.iterator(chunk_size=10_000), strict=True))
    if not columns:
        raise OrderFileError("The database holds no orders. Name a file with --orders.")
    names = ("order", "product", "time", "customer", "quantity")
    return arrange_sales(pa.table(dict(zip(names, columns, strict=True))), _read_products())


def _read_products() -> pa.Table:
    rows = [
        (product.pk, product.title, type_of(product), float(product.price or 0))
        for product in Product.objects.iterator(chunk_size=2_000)
    ]
    columns = list(zip(*rows, strict=True))
    return pa.table(dict(zip(("product", "name", "type", "price"), columns, strict=True)))
