"""Whether what an email shows can still be bought at the price it names."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from recommendations.bundles import Offer
from recommendations.catalogue import Price, price_in
from recommendations.models import Bundle, Kind
from recommendations.offers import Pick
from shop.models import Product


def find_stale(offers: Sequence[Iterable[Pick]]) -> list[str]:
    """For each email's picks what has changed since they were chosen, "" where nothing has. One query.

    gone (hidden, retired, deleted or sold out) or price_changed.
    """
    picked = [list(picks) for picks in offers]
    shown = [pick for picks in picked for pick in picks]
    keys = {product.id for pick in shown for product in (pick.product, pick.because_of) if product}
    if not keys:
        return [""] * len(picked)
    columns = ("pk", "status", "stock", "price", "currency", "prices", "attributes")
    current = {product.id: product for product in Product.objects.filter(pk__in=keys).only(*columns)}
    return [next((code for pick in picks if (code := _judge(pick, current))), "") for picks in picked]


def find_stale_bundles(offers: Sequence[Offer | None], now: datetime) -> list[str]:
    """For each bundle what its shop changed since it was chosen, "" where nothing has: gone (deleted, or out
    of its days) or price_changed. One query, none where no bundle is the shop's own. Its parts are products:
    `find_stale`."""
    keys = {offer.bundle_id for offer in offers if offer and offer.bundle_id}
    rows = Bundle.objects.filter(external_id__in=keys) if keys else ()
    current = {bundle.external_id: bundle for bundle in rows}
    return [
        _judge_bundle(offer, current.get(offer.bundle_id), now) if offer and offer.bundle_id else ""
        for offer in offers
    ]


def _judge_bundle(offer: Offer, bundle: Bundle | None, now: datetime) -> str:
    if bundle is None or bundle.judge_day(now.date()) != "now":
        return "gone"
    return "" if Price(bundle.price, bundle.currency) == offer.price else "price_changed"


def _judge(pick: Pick, current: Mapping[int, Product]) -> str:
    product = current.get(pick.product.id)
    if product is None or product.status != Product.Status.ACTIVE:
        return "gone"
    if product.stock == 0 or _stock_changed(pick.product, product):
        return "gone"
    if price_in(product, pick.price.currency) != pick.price:
        return "price_changed"
    return "price_changed" if _difference_changed(pick, current) else ""


def _difference_changed(pick: Pick, current: Mapping[int, Product]) -> bool:
    """An upgrade names how much more it costs than what it is a step up from."""
    if pick.kind != Kind.UPGRADE or pick.because_of is None or pick.because_of.pk not in current:
        return False
    currency = pick.price.currency
    return price_in(pick.because_of, currency) != price_in(current[pick.because_of.pk], currency)


def _stock_changed(chosen: Product, product: Product) -> bool:
    """Stock by country is judged anew by the rules, which know the country."""
    return bool(chosen.attributes.get("stock") != product.attributes.get("stock"))
