"""What is known of the customers of a batch, as far as it decides what they are shown."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from statistics import median
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from django.db.models import Q

from recommendations.catalogue import read_type
from recommendations.histories import HORIZON_DAYS, NO_HISTORY, History, sum_up_histories
from recommendations.models import CustomerResponse
from recommendations.purchases import Purchases, read_purchases
from shop.models import Customer, Event, Product

VIEWED_DAYS = 14
FEWER_DAYS = 365  # a "fewer of these" holds for a year
_NOTHING: Mapping[Any, Any] = MappingProxyType({})
SAME_TYPE_ENOUGH = 2  # "fewer" of two products of a type are meant for the type


class CustomerFacts(NamedTuple):
    """`bought`, `bought_types`: when last, by product and by type. `viewed` holds the shop's product ids.

    `typical_prices` is the median of what the customer lately paid for a piece, by currency.
    """

    country: str = ""
    language: str = ""
    born: date | None = None
    bought: Mapping[int, datetime] = _NOTHING
    bought_types: Mapping[str, datetime] = _NOTHING
    bought_parents: frozenset[str] = frozenset()
    typical_prices: Mapping[str, float] = _NOTHING
    viewed: frozenset[str] = frozenset()
    ignored: Mapping[int, int] = _NOTHING
    fewer: frozenset[int] = frozenset()
    fewer_types: frozenset[str] = frozenset()
    history: History = NO_HISTORY


STRANGER = CustomerFacts()


def read_customers(
    ids: Collection[int],
    now: datetime,
    *,
    bought_days: int,
    remembered: Collection[int] = (),
    known: Mapping[int, Product] = _NOTHING,
) -> dict[int, CustomerFacts]:
    """The facts of each customer, in six queries at most. `remembered` are those whose whole history
    has a say; `known` are products that were read just now."""
    if not ids:
        return {}
    columns = "pk", "country", "language", "attributes"
    people = Customer.objects.filter(pk__in=list(ids)).values_list(*columns)
    since, past = now - timedelta(days=bought_days), now - timedelta(days=HORIZON_DAYS)
    bought = read_purchases(ids, now, since=since, remembered=remembered, past=past)
    purchases = _sum_up_recent(bought, since, known)
    viewed = _read_viewed(ids, now)
    responses = _read_responses(ids, now)
    histories = sum_up_histories(bought, remembered, now)
    return {
        pk: CustomerFacts(
            country=country,
            language=language,
            born=_read_birthday(attributes),
            viewed=viewed.get(pk, frozenset()),
            history=histories.get(pk, NO_HISTORY),
            **purchases.get(pk, {}),
            **responses.get(pk, {}),
        )
        for pk, country, language, attributes in people
    }


def _sum_up_recent(
    purchases: Purchases, since: datetime, known: Mapping[int, Product]
) -> dict[int, dict[str, Any]]:
    """By customer what was bought after `since`. One query: what kind of thing each unknown product is."""
    is_recent = np.array([order.placed_at > since for order in purchases.orders], dtype=np.bool_)
    lines = np.flatnonzero(is_recent[purchases.order])
    columns = (column[lines].tolist() for column in (purchases.order, purchases.product, purchases.paid))
    bought: dict[int, dict[int, datetime]] = defaultdict(dict)
    prices: dict[int, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for order, product, paid in zip(*columns, strict=True):
        customer, at, currency = purchases.orders[order]
        own = bought[customer]
        if product not in own or own[product] < at:
            own[product] = at
        if paid > 0:
            prices[customer][currency].append(paid)
    traits = _read_traits({product for own in bought.values() for product in own}, known)
    return {customer: _sum_up(own, prices[customer], traits) for customer, own in bought.items()}


def _read_traits(keys: set[int], known: Mapping[int, Product]) -> dict[int, tuple[str, str]]:
    """The type and the parent of each product, "" where there is none."""
    columns = "pk", "product_type", "category", "attributes"
    unknown = Product.objects.filter(pk__in=keys - known.keys()).values_list(*columns)
    own = [known[key] for key in keys & known.keys()]
    rows = [*unknown, *((p.pk, p.product_type, p.category, p.attributes) for p in own)]
    return {
        pk: (read_type(product_type, category), str(attributes.get("parent") or ""))
        for pk, product_type, category, attributes in rows
    }


def _sum_up(
    bought: Mapping[int, datetime], prices: Mapping[str, list[float]], traits: Mapping[int, tuple[str, str]]
) -> dict[str, Any]:
    types: dict[str, datetime] = {}
    for product, at in bought.items():
        if kind := traits[product][0]:
            types[kind] = max(at, types.get(kind, at))
    return {
        "bought": bought,
        "bought_types": types,
        "bought_parents": frozenset(traits[product][1] for product in bought) - {""},
        "typical_prices": {currency: median(paid) for currency, paid in prices.items()},
    }


def _read_viewed(ids: Collection[int], now: datetime) -> dict[int, frozenset[str]]:
    viewed: dict[int, set[str]] = defaultdict(set)
    views = Event.objects.filter(
        kind="product.viewed",
        customer__in=ids,
        occurred_at__gt=now - timedelta(days=VIEWED_DAYS),
        occurred_at__lte=now,
    )
    for customer, payload in views.values_list("customer_id", "payload"):
        product = payload.get("product")
        if key := product.get("id") if isinstance(product, dict) else product:
            viewed[customer].add(str(key))
    return {customer: frozenset(keys) for customer, keys in viewed.items()}


def _read_responses(ids: Collection[int], now: datetime) -> dict[int, dict[str, Any]]:
    """What each was shown and left alone, and what each wants fewer of."""
    late = Q(fewer_at__gt=now - timedelta(days=FEWER_DAYS))
    rows = CustomerResponse.objects.filter(Q(ignored__gt=0) | late, customer__in=ids).select_related(
        "product"
    )
    columns = rows.values_list(
        "customer_id", "product_id", "ignored", "fewer_at", "product__product_type", "product__category"
    )
    found: dict[int, dict[str, Any]] = {}
    types: dict[int, list[str]] = defaultdict(list)
    for customer, product, ignored, fewer_at, product_type, category in columns:
        facts = found.setdefault(customer, {"ignored": {}, "fewer": set(), "fewer_types": frozenset()})
        facts["ignored"][product] = ignored
        if fewer_at is not None and fewer_at > now - timedelta(days=FEWER_DAYS):
            facts["fewer"].add(product)
            types[customer].append(read_type(product_type, category))
    for customer, names in types.items():
        enough = {name for name in names if name and names.count(name) >= SAME_TYPE_ENOUGH}
        found[customer]["fewer_types"] = frozenset(enough)
    return found


def _read_birthday(attributes: Mapping[str, Any]) -> date | None:
    try:
        return date.fromisoformat(str(attributes["born"])) if "born" in attributes else None
    except ValueError:
        return None
