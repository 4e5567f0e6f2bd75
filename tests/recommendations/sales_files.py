"""Order files of shops that never were: small ones by hand, larger ones of a known shape."""

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import numpy as np

FIRST_DAY = date(2026, 1, 1)
Line = tuple[int, int, int, str]  # day, order, customer, product


def write_orders(path: Path, lines: Iterable[Line], *, header: str = "order,customer,product,date") -> Path:
    """A CSV of lines; a customer of 0 is a guest."""
    rows = [
        f"{order},{customer or ''},{product},{FIRST_DAY + timedelta(days=day)}"
        for day, order, customer, product in lines
    ]
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf8")
    return path


def make_shop(
    *, orders: int, products: int, size: int, days: int = 120, together: float = 0.5, seed: int = 1
) -> list[Line]:
    """Orders whose products come in fixed pairs (2k, 2k + 1) that are taken together so often; the rest is
    drawn by a falling popularity. Customers come back about five times and buy their first product again."""
    random = np.random.default_rng(seed)
    weights = 1.0 / np.arange(1, products + 1)
    weights /= weights.sum()
    lines: list[Line] = []
    for order in range(orders):
        customer = int(random.integers(1, max(orders // 5, 2)))
        basket = {customer % products}
        while len(basket) < size:
            product = int(random.choice(products, p=weights))
            basket.add(product)
            if random.random() < together:
                basket.add(product ^ 1 if (product ^ 1) < products else product)
        lines += [(order * days // orders, order, customer, f"sku{product}") for product in sorted(basket)]
    return lines
