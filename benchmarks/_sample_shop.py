"""The retail sample in the database, for benchmarks that need one."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

NOW = datetime(2011, 12, 10, tzinfo=UTC)
BLOCK = 2_000


def load(data: Path) -> None:
    """The sample into the database, without prices of lines: a rebuild does not read them."""
    from shop.models import Customer, Order, OrderLine, Product

    orders, products = _read(data, "orders"), _read(data, "products")
    numbers = sorted({order["customer"] for order in orders if order["customer"] is not None})
    keys = {number: key for key, number in enumerate(numbers, start=1)}
    Customer.objects.bulk_create(
        [Customer(pk=key, external_id=str(key), created_at=NOW) for key in keys.values()], batch_size=BLOCK
    )
    Product.objects.bulk_create(
        [_make_product(key, row) for key, row in enumerate(products, start=1)], batch_size=BLOCK
    )
    Order.objects.bulk_create(
        [
            Order(
                pk=key,
                external_id=str(key),
                customer_id=keys.get(row["customer"]),
                placed_at=row["time"].replace(tzinfo=UTC),
                currency="GBP",
                total=0,
            )
            for key, row in enumerate(orders, start=1)
        ],
        batch_size=BLOCK,
    )
    lines = dict.fromkeys((row["order"] + 1, row["product"] + 1) for row in _read(data, "lines"))
    OrderLine.objects.bulk_create(
        [OrderLine(order_id=order, product_id=product, quantity=1, unit_price=0) for order, product in lines],
        batch_size=5_000,
    )


def _make_product(key: int, row: dict[str, Any]) -> Any:
    from shop.models import Product

    return Product(
        pk=key,
        external_id=row["code"],
        title=row["title"],
        product_type=row["product_type"],
        category=row["category"],
        price=Decimal(row["pence"]) / 100,
        currency="GBP",
        created_at=datetime(2010, 12, 1, tzinfo=UTC),
    )


def _read(data: Path, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(data / f"{name}.parquet").to_pylist()
    return rows
