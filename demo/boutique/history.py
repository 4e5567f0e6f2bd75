"""The boutique's past: made-up baskets of made-up shoppers, so that it is known what goes together."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from demo.seeded import draw, draw_between, pick

ORDERS = 220
DAYS = 180

# The first product is what people came for; each further one is added with its chance.
_BASKETS: tuple[tuple[str, tuple[tuple[str, float], ...]], ...] = (
    ("bq-phone", (("bq-case", 0.6), ("bq-film", 0.55), ("bq-earbuds", 0.35), ("bq-charger", 0.4))),
    ("bq-phone", (("bq-case", 0.4), ("bq-case-leather", 0.3), ("bq-film", 0.5), ("bq-charger-fast", 0.25))),
    ("bq-phone-pro", (("bq-case-leather", 0.6), ("bq-film", 0.6), ("bq-earbuds-pro", 0.5))),
    ("bq-phone-pro", (("bq-case", 0.4), ("bq-film", 0.5), ("bq-charger-fast", 0.6))),
    ("bq-laptop", (("bq-mouse", 0.65), ("bq-laptop-bag", 0.6), ("bq-warranty", 0.45))),
    ("bq-laptop-pro", (("bq-mouse", 0.6), ("bq-laptop-bag", 0.55), ("bq-warranty", 0.6))),
    ("bq-coat", (("bq-trousers", 0.55), ("bq-scarf", 0.6), ("bq-shoes", 0.4))),
    ("bq-coat-cashmere", (("bq-scarf", 0.6), ("bq-trousers", 0.4), ("bq-shoes-handmade", 0.35))),
    ("bq-shoes", (("bq-polish", 0.75), ("bq-trousers", 0.45))),
    ("bq-shoes-handmade", (("bq-polish", 0.8), ("bq-scarf", 0.2))),
    ("bq-novel", (("bq-audiobook", 0.5), ("bq-lamp", 0.5))),
    ("bq-novel-illustrated", (("bq-audiobook", 0.4), ("bq-lamp", 0.45))),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MadeUpOrder:
    """An order of nobody: a guest's basket at some time before the live days."""

    number: str
    placed_at: datetime
    products: tuple[str, ...]


def make_up_history(until: datetime) -> Iterator[MadeUpOrder]:
    """The same 220 baskets for every `until`, spread over the half year before it, oldest first."""
    ages = sorted((draw("boutique age", index) * DAYS for index in range(ORDERS)), reverse=True)
    for index, age in enumerate(ages):
        main, others = pick(_BASKETS, "boutique basket", index)
        added = tuple(product for product, chance in others if draw("boutique adds", index, product) < chance)
        hour = timedelta(minutes=draw_between(0, 300, "boutique minute", index))
        yield MadeUpOrder(f"bq-made-up-{index + 1}", until - timedelta(days=age) - hour, (main, *added))
