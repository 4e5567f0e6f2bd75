"""How this app reads a product: its type, its shelves, its price in a currency, what it says of itself."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import NamedTuple

from shop.models import Product


class Price(NamedTuple):
    amount: Decimal
    currency: str


def type_of(product: Product) -> str:
    """The product's type, or the leaf of its category where there is none; "" when neither is known."""
    return read_type(product.product_type, product.category)


@lru_cache(maxsize=100_000)
def read_type(product_type: str, category: str) -> str:
    """`type_of` from the two columns."""
    return product_type.strip() or _path_of(category)[-1]


def department_of(category: str) -> str:
    """The first step of a category path: the shelf that best-sellers are read from."""
    return _path_of(category)[0]


def shelf_of_type(product_type: str) -> str:
    """The shelf of a type's best-sellers. The mark keeps a type apart from a department of the same name."""
    return f"= {product_type}"[:255]


def shelf_of_country(country: str) -> str:
    """The shelf of what sells best to the customers of a country."""
    return f"@ {country}"


def is_under(product: Product, category: str) -> bool:
    """Whether the product is of this type, or its category is this one or one below it."""
    steps, wanted = _path_of(product.category), _path_of(category)
    return type_of(product) == category or steps[: len(wanted)] == wanted


def price_in(product: Product, currency: str) -> Price | None:
    """The price in exactly this currency, or None. A price of 0 or less is no price."""
    amount = product.price if product.currency == currency else _parse(product.prices, currency)
    return Price(amount, currency) if amount is not None and amount > 0 else None


def own_price(product: Product) -> Price | None:
    """The price in the product's own currency, or None."""
    return price_in(product, product.currency)


def stock_in(product: Product, country: str) -> int | None:
    """What is in stock for a country (`attributes.stock`: {"DE": 0}), or at all; None where nobody counts."""
    by_country = product.attributes.get("stock")
    if isinstance(by_country, Mapping) and isinstance(by_country.get(country), int):
        return int(by_country[country])
    return product.stock


def has_title_in(product: Product, language: str, *, shop_language: str) -> bool:
    """Whether the product has a title for readers of a language ("fa-IR" is content with "fa")."""
    short = language.split("-")[0]
    if product.titles.get(language) or product.titles.get(short):
        return True
    return bool(product.title) and short == shop_language.split("-")[0]


def title_in(product: Product, language: str) -> str:
    """The title in a language ("fa-IR" is content with "fa"), or the product's own."""
    titles = product.titles
    return str(titles.get(language) or titles.get(language.split("-")[0]) or product.title)


def _path_of(category: str) -> list[str]:
    return [step.strip() for step in category.split(">")]


def _parse(prices: Mapping[str, object], currency: str) -> Decimal | None:
    try:
        return Decimal(str(prices[currency])) if currency in prices else None
    except InvalidOperation:
        return None
