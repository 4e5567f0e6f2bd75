"""Where the sample shop's pages and pictures are."""

from urllib.parse import quote, urljoin

from django.conf import settings


def product_url(code: str) -> str:
    return f"{_shop()}/products/{quote(code)}"


def order_url(number: str) -> str:
    return f"{_shop()}/orders/{quote(number)}"


def cart_url(number: str) -> str:
    return f"{_shop()}/cart/{quote(number)}"


def picture_url(path: str) -> str:
    """The absolute address of a drawing in this installation's static files: a mail client has no base."""
    return urljoin(str(settings.PAIRWELL["BASE_URL"]), settings.STATIC_URL + path)


def _shop() -> str:
    return str(settings.PAIRWELL["SHOP_URL"]).rstrip("/")
