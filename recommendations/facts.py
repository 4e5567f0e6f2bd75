"""Everything that a batch of requests is decided from, read in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.conf import settings
from django.db.models import Q

from recommendations.bestsellers import WHOLE_SHOP
from recommendations.catalogue import department_of, shelf_of_country, shelf_of_type, type_of
from recommendations.customers import STRANGER, CustomerFacts, read_customers
from recommendations.handmade import Handmade, read_handmade
from recommendations.models import Bestseller, NeighbourModel, RecentSales, TypeNeighbour
from recommendations.neighbours import Neighbours, NeighbourTables, read_neighbours
from recommendations.offers import Request
from recommendations.policy import Policy
from recommendations.situation import Common
from recommendations.slots import SlotSetting, needs_history, read_settings, tables_of
from recommendations.upcoming import Upcoming, rank_upcoming
from shop.models import Product

TYPES_A_TYPE = 5
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Facts:
    """A snapshot: choosing from it needs no database. `now` is when it was taken; the home country and
    language are the shop's, for customers and titles that name none."""

    model_id: int | None
    support_floor: int
    collected_types: frozenset[str]
    products: Mapping[int, Product]
    neighbours: NeighbourTables
    bestsellers: Mapping[str, Sequence[tuple[int, int]]] = field(default_factory=dict)
    type_neighbours: Mapping[str, Sequence[tuple[str, float]]] = field(default_factory=dict)
    customers: Mapping[int, CustomerFacts] = field(default_factory=dict)
    handmade: Handmade = field(default_factory=Handmade)
    settings: Mapping[str, SlotSetting] = field(default_factory=dict)
    upcoming: Upcoming = field(default_factory=dict)
    now: datetime = LONG_AGO
    home_country: str = ""
    home_language: str = ""
    # By place, moment, currency, language, country.
    common: dict[tuple[str, ...], Common] = field(default_factory=dict)
    _popular: dict[str, frozenset[int]] = field(default_factory=dict)

    def popular_on(self, shelf: str) -> frozenset[int]:
        """The best-sellers of a shelf."""
        if shelf not in self._popular:
            self._popular[shelf] = frozenset(key for key, _sold in self.bestsellers.get(shelf, ()))
        return self._popular[shelf]

    def customer(self, customer_id: int | None) -> CustomerFacts:
        return self.customers.get(customer_id or 0, STRANGER)


@dataclass
class _Reading:
    """What the steps of one reading hand on to each other."""

    requests: Sequence[Request]
    now: datetime
    policies: Mapping[str, Policy]
    anchors: set[int]
    products: dict[int, Product]


def anchors_of(request: Request, policy: Policy) -> tuple[int, ...]:
    """The products that count as anchors: the first of a very long cart."""
    return tuple(dict.fromkeys(request.anchors))[: policy.most_anchors]


NOTHING_KNOWN: Mapping[int, Product] = {}


def read_facts(
    requests: Sequence[Request],
    now: datetime,
    policies: Mapping[str, Policy],
    *,
    known: Mapping[int, Product] = NOTHING_KNOWN,
) -> Facts:
    """At most twenty-two queries, however many requests. `known` are products that were read just now."""
    model = NeighbourModel.objects.filter(is_active=True).first()
    anchors = {key for request in requests for key in anchors_of(request, policies[request.place])}
    reading = _Reading(requests, now, policies, anchors, dict(known))
    customers = _read_customers(reading)
    _add_newest_orders(reading, customers)
    reading.products.update(Product.objects.in_bulk(reading.anchors - reading.products.keys()))
    slots = read_settings(model) if model else {}
    upcoming = _look_ahead(reading, customers, slots, model=model)
    handmade = read_handmade(
        reading.products.values(),
        {request.place for request in requests},
        now,
        with_services=any(request.services for request in requests),
    )
    type_neighbours = _read_type_neighbours(model, reading.products.values()) if model else {}
    shelves = _find_shelves(reading, customers.values(), type_neighbours)
    bestsellers = _read_bestsellers(model, shelves) if model else {}
    neighbours = read_neighbours(model, _find_sources(reading, customers, slots)) if model else {}
    _add_candidates(reading, handmade, upcoming, neighbours, shown=bestsellers)
    return Facts(
        model_id=model.pk if model else None,
        support_floor=_floor_of(model, policies[""]) if model else policies[""].support_floor(0),
        collected_types=frozenset(model.notes.get("collected_types", [])) if model else frozenset(),
        products=reading.products,
        neighbours=neighbours,
        bestsellers=bestsellers,
        type_neighbours=type_neighbours,
        customers=customers,
        handmade=handmade,
        settings=slots,
        upcoming=upcoming,
        now=now,
        home_country=settings.PAIRWELL["COUNTRY"],
        home_language=settings.PAIRWELL["LANGUAGE"],
    )


def _floor_of(model: NeighbourModel, policy: Policy) -> int:
    """What the shop sets now holds at once; the floor of the build otherwise."""
    if policy.min_support is not None:
        return policy.min_support
    return int(model.notes.get("support_floor", policy.support_floor(model.order_count)))


def _read_customers(reading: _Reading) -> dict[int, CustomerFacts]:
    ids = {r.customer_id for r in reading.requests if r.customer_id is not None}
    remembered = {r.customer_id for r in reading.requests if r.customer_id is not None and needs_history(r)}
    days = max(policy.rebuy_days for policy in reading.policies.values())
    return read_customers(ids, reading.now, bought_days=days, remembered=remembered, known=reading.products)


def _add_newest_orders(reading: _Reading, customers: Mapping[int, CustomerFacts]) -> None:
    """Who is asked about without any product is asked about their newest order."""
    for request in reading.requests:
        if not request.anchors:
            reading.anchors.update(_given(request, reading, customers))


def _given(request: Request, reading: _Reading, customers: Mapping[int, CustomerFacts]) -> tuple[int, ...]:
    policy = reading.policies[request.place]
    newest = customers.get(request.customer_id or 0, STRANGER).history.newest
    return anchors_of(request, policy) or newest[: policy.most_anchors]


def _find_sources(
    reading: _Reading, customers: Mapping[int, CustomerFacts], slots: Mapping[str, SlotSetting]
) -> dict[str, set[int]]:
    """By table the products that are looked up in it."""
    sources: dict[str, set[int]] = defaultdict(set)
    for request in reading.requests:
        for table in tables_of(request, slots):
            sources[table].update(_given(request, reading, customers))
    return sources


class _ModelTables:
    """What a model's rows say: `upcoming.Tables`. Without a model nothing."""

    def __init__(self, model: NeighbourModel | None) -> None:
        self._model = model

    def neighbours(self, table: str, products: Collection[int]) -> dict[int, Neighbours]:
        if self._model is None or not products:
            return {}
        rows = read_neighbours(self._model, {table: products})
        return {product: found for (_table, product), found in rows.items()}

    def sold(self, products: Collection[int]) -> dict[int, int]:
        if self._model is None:
            return {}
        best = Bestseller.objects.filter(model=self._model, department=WHOLE_SHOP, rank=0)
        wanted = Q(product__in=products) | Q(product__in=best.values("product"))
        return dict(RecentSales.objects.filter(wanted, model=self._model).values_list("product_id", "orders"))


def _look_ahead(
    reading: _Reading,
    customers: Mapping[int, CustomerFacts],
    settings: Mapping[str, SlotSetting],
    *,
    model: NeighbourModel | None,
) -> Upcoming:
    histories = {key: customer.history for key, customer in customers.items() if customer.history.purchases}
    return rank_upcoming(reading.requests, settings, histories, _ModelTables(model))


def _find_shelves(
    reading: _Reading,
    customers: Iterable[CustomerFacts],
    type_neighbours: Mapping[str, Sequence[tuple[str, float]]],
) -> set[str]:
    departments = {department_of(product.category) for product in reading.products.values()}
    types = {shelf_of_type(other) for rows in type_neighbours.values() for other, _score in rows}
    countries = {shelf_of_country(customer.country) for customer in customers if customer.country}
    return departments | types | countries | {WHOLE_SHOP}


def _add_candidates(
    reading: _Reading,
    handmade: Handmade,
    upcoming: Upcoming,
    neighbours: NeighbourTables,
    *,
    shown: Mapping[str, Sequence[tuple[int, int]]],
) -> None:
    """Every product that may be shown, in one query. Shelves of countries only raise what is there."""
    ahead = {key for rows in upcoming.values() for row in rows for key in (row.product_id, row.because_of)}
    sold = {key for shelf, rows in shown.items() if not shelf.startswith("@ ") for key, _sold in rows}
    related = {key for rows in neighbours.values() for key in rows.product_id.tolist()}
    wanted = (handmade.product_ids() | ahead | sold | related) - reading.products.keys()
    reading.products.update(Product.objects.in_bulk(wanted))


def _read_type_neighbours(
    model: NeighbourModel, anchors: Iterable[Product]
) -> dict[str, list[tuple[str, float]]]:
    """Of each anchor's type the five types that go with it most."""
    types = {kind for product in anchors if (kind := type_of(product))}
    found = TypeNeighbour.objects.filter(model=model, product_type__in=types).order_by("-score", "pk")
    rows: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for kind, other, score in found.values_list("product_type", "neighbour_type", "score"):
        if len(rows[kind]) < TYPES_A_TYPE:
            rows[kind].append((other, score))
    return rows


def _read_bestsellers(model: NeighbourModel, shelves: Iterable[str]) -> dict[str, list[tuple[int, int]]]:
    rows: dict[str, list[tuple[int, int]]] = defaultdict(list)
    found = Bestseller.objects.filter(model=model, department__in=shelves).order_by("rank")
    for department, product, sold in found.values_list("department", "product_id", "sold"):
        rows[department].append((product, sold))
    return rows
