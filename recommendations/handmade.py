"""What people decided by hand, as it holds today for a batch of requests."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q

from recommendations.catalogue import is_under, type_of
from recommendations.models import ComplementRule, Listing, Pin, ServiceOffer
from recommendations.models.decisions import Dated
from shop.models import Product


@dataclass(frozen=True)
class Lists:
    """The include and exclude lists that hold at one place."""

    included: frozenset[int] = frozenset()
    included_categories: tuple[str, ...] = ()
    excluded: frozenset[int] = frozenset()
    excluded_categories: tuple[str, ...] = ()

    def excludes(self, product: Product) -> bool:
        return product.pk in self.excluded or any(
            is_under(product, category) for category in self.excluded_categories
        )

    def leaves_out(self, product: Product) -> bool:
        """Whether there is an include list and the product is not on it."""
        if not self.included and not self.included_categories:
            return False
        return product.pk not in self.included and not any(
            is_under(product, category) for category in self.included_categories
        )


@dataclass(frozen=True)
class Window:
    """A service for a product, from `opens` to `closes` days after the purchase."""

    service_id: int
    kind: str
    opens: int
    closes: int


@dataclass(frozen=True)
class Handmade:
    """Complements and services by product key and by type; pins and lists by place."""

    complements: Mapping[int, Sequence[int]] = field(default_factory=dict)
    type_complements: Mapping[str, Sequence[int]] = field(default_factory=dict)
    services: Mapping[int, Sequence[Window]] = field(default_factory=dict)
    type_services: Mapping[str, Sequence[Window]] = field(default_factory=dict)
    pins: Mapping[str, Sequence[tuple[int, int]]] = field(default_factory=dict)
    lists: Mapping[str, Lists] = field(default_factory=dict)

    def complements_of(self, product: Product) -> list[int]:
        """Those of the product itself first, then those of its type."""
        own = self.complements.get(product.pk, ())
        return list(dict.fromkeys([*own, *self.type_complements.get(type_of(product), ())]))

    def services_of(self, product: Product) -> list[Window]:
        return [*self.services.get(product.pk, ()), *self.type_services.get(type_of(product), ())]

    def pins_at(self, place: str) -> list[tuple[int, int]]:
        """Position and product, the place's own before the whole shop's."""
        whole = self.pins.get("", ()) if place else ()
        return sorted([*self.pins.get(place, ()), *whole], key=lambda pin: pin[0])

    def product_ids(self) -> set[int]:
        """Every product that may be shown because of these rows."""
        hand = [*self.complements.values(), *self.type_complements.values()]
        windows = [*self.services.values(), *self.type_services.values()]
        return (
            {key for keys in hand for key in keys}
            | {window.service_id for rows in windows for window in rows}
            | {product for pins in self.pins.values() for _position, product in pins}
        )


def read_handmade(
    anchors: Iterable[Product], places: Collection[str], now: datetime, *, with_services: bool
) -> Handmade:
    """Four queries at most, however many anchors and places."""
    anchors = list(anchors)
    keys, types = {product.pk for product in anchors}, {kind for p in anchors if (kind := type_of(p))}
    about = Q(product__in=keys) | Q(product_type__in=types)
    in_force = Dated.in_force(now.date())
    complements = ComplementRule.objects.filter(about, in_force).order_by("position", "pk")
    services = ServiceOffer.objects.filter(about).order_by("pk") if with_services else ()
    windows = [
        (row, Window(row.service_id, row.kind, row.opens_after_days, row.closes_after_days))
        for row in services
    ]
    by_hand = [(row, row.complement_id) for row in complements]
    pins: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for pin in Pin.objects.filter(in_force, place__in={"", *places}).order_by("position", "pk"):
        pins[pin.place].append((pin.position, pin.product_id))
    return Handmade(
        complements=_group(by_hand, "product_id"),
        type_complements=_group(by_hand, "product_type"),
        services=_group(windows, "product_id"),
        type_services=_group(windows, "product_type"),
        pins=pins,
        lists=_read_lists(places, now),
    )


def _group(rows: Iterable[tuple[Any, Any]], name: str) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = defaultdict(list)
    for row, value in rows:
        if key := getattr(row, name):
            groups[key].append(value)
    return dict(groups)


def _read_lists(places: Collection[str], now: datetime) -> dict[str, Lists]:
    rows = list(Listing.objects.filter(Dated.in_force(now.date()), place__in={"", *places}))
    return {place: _sum_up([row for row in rows if row.place in {"", place}]) for place in {"", *places}}


def _sum_up(rows: Sequence[Listing]) -> Lists:
    include = [row for row in rows if row.side == Listing.Side.INCLUDE]
    exclude = [row for row in rows if row.side == Listing.Side.EXCLUDE]
    return Lists(
        included=frozenset(row.product_id for row in include if row.product_id),
        included_categories=tuple(row.category for row in include if row.category),
        excluded=frozenset(row.product_id for row in exclude if row.product_id),
        excluded_categories=tuple(row.category for row in exclude if row.category),
    )
