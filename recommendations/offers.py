"""What the engine is asked, what it answers, and what it says about everything it left out."""

from dataclasses import dataclass

from recommendations.catalogue import Price
from recommendations.models import Kind
from shop.models import Product

NEIGHBOURS = ""  # the default scorer: the tables of neighbours
POPULAR = "popular"  # best-sellers of the anchors' departments, as an experiment's other arm
KNOWN_SCORERS = (NEIGHBOURS, POPULAR)


@dataclass(frozen=True)
class Request:
    """One email's wish. `anchors` and `exclude` are product keys: what it is about, what else is in the cart.

    `upgrades` is 0 in an email after a purchase. `currency` is the customer's, ISO 4217.
    """

    customer_id: int | None
    anchors: tuple[int, ...]
    exclude: frozenset[int]
    complements: int
    upgrades: int
    currency: str
    scorer: str = NEIGHBOURS


@dataclass(frozen=True)
class Pick:
    """A product to show. `because_of` is the anchor that spoke loudest for it, `support` what it rests on:
    orders that hold both (complement), customers who own both (upgrade), late orders (best-seller).

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


@dataclass(frozen=True)
class Candidate:
    """A product that might be shown, before any rule has looked at it."""

    product: Product
    because_of: Product | None
    kind: Kind
    score: float
    support: int
    scorer: str


@dataclass(frozen=True)
class Considered:
    """A candidate and its end: `objection` is the code of the rule that took it out, "" if shown."""

    candidate: Candidate
    objection: str
