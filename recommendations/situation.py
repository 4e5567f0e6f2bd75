"""What the rules and the factors know of one request."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from recommendations.catalogue import Price, own_price, price_in, type_of
from recommendations.customers import STRANGER, CustomerFacts
from recommendations.handmade import Lists
from recommendations.models import Kind
from recommendations.offers import Candidate, Moment
from recommendations.policy import Policy
from shop.models import Product


@dataclass
class Common:
    """What was found out of products, for all that share place, moment, currency, language and country."""

    objects: dict[tuple[int, Kind], bool] = field(default_factory=dict)  # what the general rules said
    is_weighed: dict[int, bool] = field(default_factory=dict)  # whether a general factor moves it
    prices: dict[int, Price | None] = field(default_factory=dict)
    dearest: dict[str, float] | None = None  # the highest price of all, by currency; None: not known


@dataclass
class Situation:
    """`chosen` grows while candidates are taken, best first, by `take` alone.

    `currency` is "" where each product is shown in its own; `language` is "" where any title will do.
    """

    policy: Policy
    anchors: tuple[Product, ...]
    exclude: frozenset[int]
    support_floor: int
    collected_types: frozenset[str]
    room: dict[Kind, int]
    now: datetime
    moment: Moment = Moment.BEFORE
    currency: str = ""
    language: str = ""
    shop_language: str = ""
    country: str = ""
    customer: CustomerFacts = STRANGER
    lists: Lists = field(default_factory=Lists)
    popular: frozenset[int] = frozenset()  # what sells best in the whole shop
    popular_here: frozenset[int] = frozenset()  # and in the customer's country
    chosen: list[Candidate] = field(default_factory=list)
    common: Common = field(default_factory=Common)
    chosen_keys: set[int] = field(default_factory=set)
    taken: dict[Kind, int] = field(default_factory=dict)
    complement_types: set[str] = field(default_factory=set)

    def take(self, candidate: Candidate) -> None:
        self.chosen.append(candidate)
        self.chosen_keys.add(candidate.product.id)
        self.taken[candidate.kind] = self.taken.get(candidate.kind, 0) + 1
        if candidate.kind == Kind.COMPLEMENT:
            self.complement_types.add(type_of(candidate.product))

    def price_of(self, product: Product) -> Price | None:
        prices = self.common.prices
        if product.id not in prices:
            prices[product.id] = price_in(product, self.currency) if self.currency else own_price(product)
        return prices[product.id]

    def note_prices(self, products: Iterable[Product]) -> None:
        """The price of each product, and the highest: what customers who usually pay as much never find
        too dear is not compared for each of them."""
        dearest = self.common.dearest = {}
        for price in filter(None, map(self.price_of, products)):
            amount = float(price.amount)
            dearest[price.currency] = max(amount, dearest.get(price.currency, amount))

    @cached_property
    def anchor_keys(self) -> frozenset[int]:
        return frozenset(anchor.id for anchor in self.anchors)

    @cached_property
    def anchor_types(self) -> frozenset[str]:
        return frozenset(type_of(anchor) for anchor in self.anchors)

    @cached_property
    def dearest_anchors(self) -> dict[str, Decimal]:
        """The highest price among the anchors, by currency."""
        dearest: dict[str, Decimal] = {}
        for price in filter(None, map(self.price_of, self.anchors)):
            dearest[price.currency] = max(price.amount, dearest.get(price.currency, price.amount))
        return dearest
