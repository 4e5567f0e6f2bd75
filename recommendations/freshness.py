"""Whether what an email shows can still be bought at the price it names."""

from collections.abc import Iterable, Sequence

from recommendations.catalogue import price_in
from recommendations.offers import Pick
from shop.models import Product


def find_stale(offers: Sequence[Iterable[Pick]]) -> list[str]:
    """For each email's picks what has changed since they were chosen, "" where nothing has. One query.

    gone (hidden, retired, deleted or sold out) or price_changed.
    """
    picked = [list(picks) for picks in offers]
    keys = {pick.product.pk for picks in picked for pick in picks}
    if not keys:
        return [""] * len(picked)
    columns = ("pk", "status", "stock", "price", "currency", "prices", "attributes")
    current = {product.pk: product for product in Product.objects.filter(pk__in=keys).only(*columns)}
    return [
        next((code for pick in picks if (code := _judge(pick, current.get(pick.product.pk)))), "")
        for picks in picked
    ]


def _judge(pick: Pick, product: Product | None) -> str:
    if product is None or product.status != Product.Status.ACTIVE:
        return "gone"
    if product.stock == 0 or _stock_changed(pick.product, product):
        return "gone"
    return "" if price_in(product, pick.price.currency) == pick.price else "price_changed"


def _stock_changed(chosen: Product, product: Product) -> bool:
    """Stock by country is judged anew by the rules, which know the country."""
    return bool(chosen.attributes.get("stock") != product.attributes.get("stock"))
