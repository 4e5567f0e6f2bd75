"""What the engine is asked, what it answers, and what it says about everything it left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from recommendations.catalogue import Price
from recommendations.models import Kind
from shop.models import Product

NEIGHBOURS = ""  # the default scorer: the tables of neighbours
POPULAR = "popular"  # best-sellers of the anchors' departments, as an experiment's other arm
KNOWN_SCORERS = (NEIGHBOURS, POPULAR)
# Scorers that nobody asks for by name: they say where a pick came from.
HAND = "hand"
PIN = "pin"
TYPE_PAIRS = "type_pairs"
OWN_RHYTHM = "own_rhythm"
BY_HAND = frozenset({HAND, PIN})


class Moment(StrEnum):
    """When the offer is made. Complements fit any time; an upgrade only before the purchase closes."""

    BEFORE = "before_purchase"
    AFTER = "after_purchase"


class Request(NamedTuple):
    """One email's wish. `anchors` and `exclude` are product keys: what it is about, what else is in the cart.

    `currency` is the customer's, ISO 4217. `place` is a campaign's key or "api": whose rules hold.
    `language` is the reader's, BCP 47; empty is the customer's own. `bought_at` is when the anchors were
    bought: it opens and closes the windows of services. `most` is for a page with more room than an email.
    """

    customer_id: int | None
    anchors: tuple[int, ...]
    exclude: frozenset[int]
    complements: int
    upgrades: int
    currency: str
    scorer: str = NEIGHBOURS
    services: int = 0
    repeats: int = 0
    place: str = ""
    moment: Moment = Moment.BEFORE
    language: str = ""
    bought_at: datetime | None = None
    most: int | None = None


class Candidate(NamedTuple):
    """A product that might be shown, before any rule has looked at it.

    `score` is what the scorer said; `factors` are what raised or lowered it since, by name. `relevance` is
    how strongly it goes with the anchors, where the score weighs more than that.
    """

    product: Product
    because_of: Product | None
    kind: Kind
    score: float
    support: int
    scorer: str
    factors: tuple[tuple[str, float], ...] = ()
    position: int = 0  # of a pin, from 1
    relevance: float | None = None


class Pick(NamedTuple):
    """A product to show. `because_of` is the anchor that spoke loudest for it, `support` what it rests on:
    orders that hold both (complement), customers who own both (upgrade), late orders (best-seller),
    purchases of this customer (repeat), 0 where a person decided (hand, pin, service).

    `price` is in the request's currency, or the product's own where no candidate had one in that.
    """

    product: Product
    because_of: Product | None
    kind: Kind
    rank: int
    score: float
    support: int
    scorer: str
    model_id: int | None
    price: Price
    trace: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Considered:
    """A candidate and its end: `objection` is the code of the rule that took it out, "" if shown."""

    candidate: Candidate
    objection: str
