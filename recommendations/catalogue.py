"""How this app reads a product: its type, its department, its price in a currency."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from shop.models import Product


@dataclass(frozen=True)
class Price:
    amount: Decimal
    currency: str


def type_of(product: Product) -> str:
    """The product's type, or the leaf of its category where there is none; "" when neither is known."""
    return read_type(product.product_type, product.category)


def read_type(product_type: str, category: str) -> str:
    """`type_of` from the two columns."""
    return product_type.strip() or _path_of(category)[-1]


def department_of(category: str) -> str:
    """The first step of a category path: the shelf that best-sellers are read from."""
    return _path_of(category)[0]


def price_in(product: Product, currency: str) -> Price | None:
    """The price in exactly this currency, or None. A price of 0 or less is no price."""
    amount = product.price if product.currency == currency else _parse(product.prices, currency)
    return Price(amount, currency) if amount is not None and amount > 0 else None


def own_price(product: Product) -> Price | None:
    """The price in the product's own currency, or None."""
    return price_in(product, product.currency)


def _path_of(category: str) -> list[str]:
    return [step.strip() for step in category.split(">")]


def _parse(prices: Mapping[str, object], currency: str) -> Decimal | None:
    try:
        return Decimal(str(prices[currency])) if currency in prices else None
    except InvalidOperation:
        return None
