"""The boutique's products and people: made up, small, and complete in five languages."""

import json
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

from demo.addresses import picture_url, product_url

LANGUAGES = ("en", "fa", "ar", "he", "ru")
BASE_CURRENCY = "GBP"
_HERE = Path(__file__).resolve().parent

# Made-up rates, and the step to which a shop of that country would round. Rials are the ISO currency; the
# toman of daily life is ten of them and has no code.
_RATES: dict[str, tuple[str, str]] = {
    "EUR": ("1.17", "0.10"),
    "USD": ("1.30", "0.10"),
    "AED": ("4.80", "1"),
    "SAR": ("4.90", "1"),
    "ILS": ("4.60", "1"),
    "RUB": ("110", "10"),
    "IRR": ("1200000", "100000"),
}


@cache
def read_products() -> tuple[dict[str, Any], ...]:
    """The catalogue as it is written, one dict a product."""
    return tuple(json.loads((_HERE / "catalogue.json").read_text(encoding="utf8")))


@cache
def read_people() -> tuple[dict[str, str], ...]:
    """The named customers as they are written."""
    return tuple(json.loads((_HERE / "people.json").read_text(encoding="utf8")))


def price_in(product_id: str, currency: str) -> Decimal:
    """The boutique's price in a currency. Raises KeyError for a product or currency it doesn't have."""
    pounds = Decimal({product["id"]: product["gbp"] for product in read_products()}[product_id])
    return pounds if currency == BASE_CURRENCY else _convert(pounds, currency)


def list_prices(product: dict[str, Any]) -> dict[str, str]:
    """The price in every currency but the base one, as text."""
    return {currency: str(_convert(Decimal(product["gbp"]), currency)) for currency in _RATES}


def describe_product(product: dict[str, Any]) -> dict[str, Any]:
    """The product in the words of the HTTP API."""
    picture = f"demo/products/{product['picture']}-{product['tint']}.png"
    return {
        "id": product["id"],
        "title": product["en"],
        "titles": {language: product[language] for language in LANGUAGES},
        "category": product["category"],
        "product_type": product["type"],
        "price": product["gbp"],
        "currency": BASE_CURRENCY,
        "prices": list_prices(product),
        "image_url": picture_url(picture),
        "url": product_url(product["id"]),
        "attributes": product["attributes"],
        **({} if product["stock"] is None else {"stock": product["stock"]}),
    }


def _convert(pounds: Decimal, currency: str) -> Decimal:
    rate, step = map(Decimal, _RATES[currency])
    return ((pounds * rate / step).quantize(Decimal(1), ROUND_HALF_UP) * step).quantize(Decimal("0.01"))
