"""Everything that a batch of requests is decided from, read in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from recommendations.bestsellers import WHOLE_SHOP
from recommendations.catalogue import department_of, read_type
from recommendations.models import Bestseller, Neighbour, NeighbourModel
from recommendations.offers import POPULAR, Request
from recommendations.policy import Policy
from shop.models import OrderLine, Product


@dataclass(frozen=True)
class NeighbourRow:
    product_id: int
    score: float
    support: int


@dataclass(frozen=True)
class Facts:
    """A snapshot: choosing from it needs no database.

    `bought` and `bought_types` are what each customer bought in the last `Policy.rebuy_days`.
    """

    model_id: int | None
    support_floor: int
    collected_types: frozenset[str]
    products: Mapping[int, Product]
    neighbours: Mapping[tuple[str, int], Sequence[NeighbourRow]]
    bestsellers: Mapping[str, Sequence[tuple[int, int]]] = field(default_factory=dict)
    bought: Mapping[int, frozenset[int]] = field(default_factory=dict)
    bought_types: Mapping[int, frozenset[str]] = field(default_factory=dict)


def anchors_of(request: Request, policy: Policy) -> tuple[int, ...]:
    """The products that count as anchors: the first of a very long cart."""
    return tuple(dict.fromkeys(request.anchors))[: policy.most_anchors]


def read_facts(requests: Sequence[Request], now: datetime, policy: Policy) -> Facts:
    """At most six queries, however many requests."""
    model = NeighbourModel.objects.filter(is_active=True).first()
    anchors = {key for request in requests for key in anchors_of(request, policy)}
    products = Product.objects.in_bulk(anchors)
    departments = {department_of(product.category) for product in products.values()} | {WHOLE_SHOP}
    wants_popular = policy.fallback_to_popular or any(request.scorer == POPULAR for request in requests)
    shelves = departments if wants_popular else set()
    bought = _read_bought({r.customer_id for r in requests if r.customer_id is not None}, now, policy)
    if model is None:
        return Facts(None, policy.support_floor(0), frozenset(), products, {}, {}, *bought)
    products |= _read_candidates(model, anchors, shelves)
    return Facts(
        model_id=model.pk,
        support_floor=int(model.notes.get("support_floor", policy.support_floor(model.order_count))),
        collected_types=frozenset(model.notes.get("collected_types", [])),
        products=products,
        neighbours=_read_neighbours(model, anchors),
        bestsellers=_read_bestsellers(model, shelves) if shelves else {},
        bought=bought[0],
        bought_types=bought[1],
    )


def _read_candidates(model: NeighbourModel, anchors: set[int], shelves: set[str]) -> dict[int, Product]:
    neighbours = Neighbour.objects.filter(model=model, product__in=anchors).values("neighbour")
    wanted = Q(pk__in=neighbours)
    if shelves:
        popular = Bestseller.objects.filter(model=model, department__in=shelves).values("product")
        wanted |= Q(pk__in=popular)
    return {product.pk: product for product in Product.objects.filter(wanted)}


def _read_neighbours(
    model: NeighbourModel, anchors: Iterable[int]
) -> dict[tuple[str, int], list[NeighbourRow]]:
    rows: dict[tuple[str, int], list[NeighbourRow]] = defaultdict(list)
    found = Neighbour.objects.filter(model=model, product__in=anchors).order_by("rank")
    columns = found.values_list("kind", "product_id", "neighbour_id", "score", "support")
    for kind, product, neighbour, score, support in columns:
        rows[kind, product].append(NeighbourRow(neighbour, score, support))
    return rows


def _read_bestsellers(model: NeighbourModel, shelves: Iterable[str]) -> dict[str, list[tuple[int, int]]]:
    rows: dict[str, list[tuple[int, int]]] = defaultdict(list)
    found = Bestseller.objects.filter(model=model, department__in=shelves).order_by("rank")
    for department, product, sold in found.values_list("department", "product_id", "sold"):
        rows[department].append((product, sold))
    return rows


def _read_bought(
    customers: set[int], now: datetime, policy: Policy
) -> tuple[dict[int, frozenset[int]], dict[int, frozenset[str]]]:
    keys: dict[int, set[int]] = defaultdict(set)
    types: dict[int, set[str]] = defaultdict(set)
    lines: Any = OrderLine.objects.filter(
        order__customer__in=customers,
        order__placed_at__gt=now - timedelta(days=policy.rebuy_days),
        order__placed_at__lte=now,
        order__cancelled_at=None,
    ).values_list("order__customer_id", "product_id", "product__product_type", "product__category")
    for customer, product, product_type, category in lines:
        keys[customer].add(product)
        types[customer].add(read_type(product_type, category))
    return _freeze(keys), {customer: frozenset(found - {""}) for customer, found in types.items()}


def _freeze(sets: Mapping[int, set[int]]) -> dict[int, frozenset[int]]:
    return {key: frozenset(values) for key, values in sets.items()}
