"""Customers by the thousand, made up from a template's sample: the same ones for the same seed."""

import random
from collections.abc import Iterator, Mapping
from typing import Any

LANGUAGES = ("en", "fa", "ar", "he", "ru", "de", "fr")
NAMES = ("Sara", "علی", "דנה", "Пётр", "O'Neil & Söhne", "<b>Bob</b>", "李雷", "", "Ann  Marie", "-7-")
TITLES = (
    "Kettle", 'Cup 12" <blue>', "قوری چینی", "כוס & צלחת", "Чайник «Волга»", "T-light holder", "A\nB",
    "50 % wool",
)  # fmt: skip
CODES = ("better_version", "bought_together", "popular")


def make_recipients(sample: Mapping[str, Any], number: int, *, seed: str) -> Iterator[dict[str, Any]]:
    """Contexts as `campaigns.context` builds them: other names, numbers, lines, suggestions, links."""
    chance = random.Random(seed)
    for index in range(number):
        yield {
            **sample,
            "customer": {**sample["customer"], **_make_name(chance)},
            "order": _make_basket(chance, index) if sample.get("order") else None,
            "cart": _make_basket(chance, index) if sample.get("cart") else None,
            "complements": [_make_product(chance) for _ in range(chance.randrange(4))],
            "upgrades": [_make_upgrade(chance) for _ in range(chance.randrange(2))],
            "products": [_make_seen(chance) for _ in range(chance.choice((0, 1, 2, 3)))],
            "coupon": _make_coupon(chance) if sample.get("coupon") else None,
            "links": {
                **sample["links"],
                "unsubscribe": f"https://shop.example/u/{index}",
                "preferences": f"https://shop.example/p/{index}",
            },
        }


def _make_name(chance: random.Random) -> dict[str, str]:
    first = chance.choice(NAMES)
    return {"name": f"{first} Doe".strip(), "first_name": first}


def _make_basket(chance: random.Random, index: int) -> dict[str, Any]:
    lines = [_make_line(chance) for _ in range(chance.choice((1, 1, 2, 3, 5, 22)))]
    return {
        "number": str(536_000 + index),
        "placed_at": f"2026-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}T09:26:00+00:00",
        "url": chance.choice(("", f"https://shop.example/orders/{index}?a=1&b=2")),
        "currency": chance.choice(("GBP", "EUR", "IRR")),
        "total": f"{chance.randint(1, 999)}.{chance.randint(0, 99):02}",
        "lines": lines,
    }


def _make_line(chance: random.Random) -> dict[str, Any]:
    price = f"{chance.randint(1, 99)}.{chance.choice(('00', '50', '99'))}"
    return {
        "title": chance.choice(TITLES),
        "quantity": chance.randint(1, 12),
        "unit_price": price,
        "total": price,
        "image": "",
        "url": chance.choice(("", "https://shop.example/p/1")),
    }


def _make_upgrade(chance: random.Random) -> dict[str, Any]:
    before = {name: value for name, value in _make_product(chance).items() if name != "reason"}
    return {**_make_product(chance), "instead_of": chance.choice((None, before))}


def _make_seen(chance: random.Random) -> dict[str, Any]:
    rating = {"average": f"{chance.randint(10, 50) / 10}", "count": chance.choice((0, 1, 21, 340))}
    return {
        **_make_product(chance),
        "rating": chance.choice((None, rating)),
        "price_before": chance.choice(("", "120.50")),
        "review_url": chance.choice(("", "https://shop.example/p/1/review")),
        "fewer": chance.choice(("", "https://shop.example/f/1")),
    }


def _make_coupon(chance: random.Random) -> dict[str, Any]:
    return {
        "code": chance.choice(("SPRING", "A<B", "بهار")),
        "percent": chance.choice(("", "10")),
        "amount": "5.00",
        "currency": "GBP",
        "minimum": chance.choice(("", "25.00")),
        "ends_at": chance.choice(("", "2026-12-20T23:59:00+00:00")),
    }


def _make_product(chance: random.Random) -> dict[str, Any]:
    difference = {"amount": f"{chance.randint(1, 9)}.00", "currency": "GBP"}
    return {
        "title": chance.choice(TITLES),
        "price": f"{chance.randint(1, 99)}.95",
        "currency": "GBP",
        "image": chance.choice(("", "https://shop.example/a.png", "javascript:x")),
        "url": f"https://shop.example/p/{chance.randint(1, 9)}",
        "reason": {
            "code": chance.choice(CODES),
            "because_of": chance.choice(("", *TITLES)),
            "support": chance.choice((0, 5, 214)),
            "price_difference": chance.choice((None, difference)),
        },
    }


def make_shoppers(
    sample: Mapping[str, Any], number: int, *, seed: str, products: int = 300
) -> Iterator[dict[str, Any]]:
    """Contexts of one day of a shop, nobody twice: few lines each, some products far more often than others.

    The k-th product is bought 1/k times as often as the first. Names, order numbers, totals and links differ.
    """
    chance = random.Random(seed)
    shares = [1 / rank for rank in range(1, products + 1)]
    for index in range(number):
        ranks = chance.choices(range(products), shares, k=chance.choice((1, 1, 1, 2, 2, 3, 4, 6)))
        lines = [_make_bought(rank, chance.choice((1, 1, 1, 1, 2, 4))) for rank in ranks]
        own = f"{seed}-{index}"
        yield {
            **sample,
            "customer": {**sample["customer"], "name": own, "first_name": f"Ann{chance.randrange(900)}"},
            "order": {
                "number": own,
                "placed_at": f"2026-11-{chance.randint(1, 28):02}T09:26:{chance.randint(10, 59)}+00:00",
                "url": f"https://shop.example/orders/{own}",
                "currency": "GBP",
                "total": f"{sum(float(line['total']) for line in lines) + chance.randrange(900) / 100:.2f}",
                "lines": lines,
            },
            "complements": [
                _make_suggested(ranks[0], step, lines[0]) for step in range(1, chance.randint(2, 4))
            ],
            "upgrades": [_make_suggested(ranks[0], 9, lines[0])] if chance.random() < 0.3 else [],
            "links": {
                "unsubscribe": f"https://shop.example/u/{own}",
                "preferences": f"https://shop.example/p/{own}",
            },
        }  # fmt: skip


def _make_bought(rank: int, quantity: int) -> dict[str, Any]:
    product = _make_listed(rank)
    price = product.pop("price")
    total = f"{float(price) * quantity:.2f}"
    return {**product, "quantity": quantity, "unit_price": price, "total": total}


def _make_suggested(rank: int, step: int, bought: Mapping[str, Any]) -> dict[str, Any]:
    reason = {"code": CODES[step % 2], "because_of": bought["title"], "support": 20 + rank * step % 200,
              "price_difference": None}  # fmt: skip
    return {**_make_listed(rank + 7 * step), "currency": "GBP", "reason": reason}


def _make_listed(rank: int) -> dict[str, Any]:
    return {
        "title": f"{TITLES[rank % len(TITLES)]} {rank}",
        "price": f"{5 + rank % 90}.95",
        "image": f"https://shop.example/images/{rank}.jpg",
        "url": f"https://shop.example/products/{rank}",
    }
