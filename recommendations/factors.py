"""What raises or lowers a score for this shop and this customer. Every factor has a name and bounds.

The shop's boosts (margin, new, slow movers) together raise a score by at most 1.3: what goes together
decides, not what the shop would like to be rid of. What a customer did moves it both ways, within 0.25
to 1.5.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import chain, islice
from operator import attrgetter, itemgetter
from typing import NamedTuple, TypeAlias

from recommendations.offers import Candidate
from recommendations.policy import MOST_BOOST
from recommendations.situation import Situation

HEAD = 24  # candidates that are ranked again; behind them the scores are too low to come back
VIEWED = 1.25
POPULAR_HERE = 1.1
OUT_OF_SEASON = 0.6
EACH_TIME_IGNORED = 0.85
LEAST, MOST = 0.25, 1.5
USUAL_SPAN = 4.0  # times the customer's usual price: a wider step is lowered
BEYOND_USUAL = 0.8
_SOUTHERN = frozenset(
    "AR AU BO BR BW CL LS MG MU MW MZ NA NZ PE PY SZ UY ZA ZM ZW".split()  # noqa: SIM905 (one line to read)
)
_SEASONS = ("winter", "spring", "summer", "autumn")

Factor: TypeAlias = Callable[[Candidate, Situation], float]


def boost_margin(candidate: Candidate, situation: Situation) -> float:
    """`attributes.margin` is a share of the price, 0 to 1: the full boost at one half."""
    margin = candidate.product.attributes.get("margin")
    if not isinstance(margin, int | float):
        return 1.0
    return 1.0 + (situation.policy.margin_boost - 1.0) * min(max(2.0 * margin, 0.0), 1.0)


def boost_new(candidate: Candidate, situation: Situation) -> float:
    age = situation.now - candidate.product.created_at
    return situation.policy.new_boost if age <= timedelta(days=situation.policy.new_days) else 1.0


def boost_slow(candidate: Candidate, situation: Situation) -> float:
    """A slow mover, where it goes with a best-seller: only its place beside that moves it."""
    if candidate.product.attributes.get("slow_mover") is not True:
        return 1.0
    anchor = candidate.because_of
    tied = anchor is not None and anchor.id in situation.popular
    return situation.policy.slow_boost if tied else 1.0


def favour_viewed(candidate: Candidate, situation: Situation) -> float:
    return VIEWED if candidate.product.external_id in situation.customer.viewed else 1.0


def favour_country(candidate: Candidate, situation: Situation) -> float:
    return POPULAR_HERE if candidate.product.id in situation.popular_here else 1.0


def lower_ignored(candidate: Candidate, situation: Situation) -> float:
    """Once is chance; from the second time on each makes it less likely to be wanted."""
    times = situation.customer.ignored.get(candidate.product.id, 0)
    return float(EACH_TIME_IGNORED ** max(times - 1, 0))


def lower_beyond_usual(candidate: Candidate, situation: Situation) -> float:
    price = situation.price_of(candidate.product)
    usual = situation.customer.typical_prices.get(price.currency) if price else None
    if price is None or not usual:
        return 1.0
    return BEYOND_USUAL if float(price.amount) > USUAL_SPAN * usual else 1.0


def lower_out_of_season(candidate: Candidate, situation: Situation) -> float:
    """`attributes.seasons` names the seasons of a product; the hemisphere is the customer's."""
    seasons = candidate.product.attributes.get("seasons")
    if not isinstance(seasons, list) or not seasons:
        return 1.0
    return 1.0 if season_in(situation.country, situation.now.month) in seasons else OUT_OF_SEASON


def season_in(country: str, month: int) -> str:
    """The season by month: December to February is winter, and summer in the southern hemisphere."""
    quarter = month % 12 // 3
    return _SEASONS[(quarter + 2) % 4 if country in _SOUTHERN else quarter]


class Weight(NamedTuple):
    """A factor by its name. `is_general`: the same for every customer of a market, and every order."""

    name: str
    by: Factor
    is_boost: bool = False
    is_general: bool = False


@dataclass(frozen=True)
class Weights:
    """The factors that can matter in a situation: those of a boost that is off, or of a customer of whom
    nothing is known, are not asked for every candidate."""

    every: tuple[Weight, ...]
    general: tuple[Weight, ...]
    particular: tuple[Weight, ...]


MARGIN = Weight("margin", boost_margin, is_boost=True, is_general=True)
NEW = Weight("new", boost_new, is_boost=True, is_general=True)
SLOW = Weight("slow_mover", boost_slow, is_boost=True)
SEEN = Weight("viewed", favour_viewed)
HERE = Weight("popular_in_country", favour_country, is_general=True)
IGNORED = Weight("ignored", lower_ignored)
USUAL = Weight("beyond_usual_price", lower_beyond_usual)
SEASON = Weight("out_of_season", lower_out_of_season, is_general=True)


def find_weights(situation: Situation) -> Weights:
    policy, customer = situation.policy, situation.customer
    weights = (
        (MARGIN, policy.margin_boost != 1.0),
        (NEW, policy.new_boost != 1.0),
        (SLOW, policy.slow_boost != 1.0),
        (SEEN, bool(customer.viewed)),
        (HERE, bool(situation.popular_here)),
        (IGNORED, bool(customer.ignored)),
        (USUAL, _finds_some_dear(situation)),
        (SEASON, True),
    )
    return _sort_weights(tuple(weight for weight, is_on in weights if is_on))


def _finds_some_dear(situation: Situation) -> bool:
    """Whether anything at all costs far more than the customer usually pays."""
    dearest = situation.common.dearest or {}
    return any(
        dearest.get(currency, math.inf) > USUAL_SPAN * usual
        for currency, usual in situation.customer.typical_prices.items()
    )


@cache  # a few sets, each of which is asked for by thousands of orders
def _sort_weights(every: tuple[Weight, ...]) -> Weights:
    return Weights(
        every,
        tuple(weight for weight in every if weight.is_general),
        tuple(weight for weight in every if not weight.is_general),
    )


def weigh(
    candidate: Candidate, situation: Situation, weights: Weights | None = None
) -> tuple[tuple[str, float], ...]:
    """The factors that are not 1, by name; a last one, "bound", where they went too far together."""
    weights = weights or find_weights(situation)
    asked = weights.every if _is_weighed(candidate, situation, weights) else weights.particular
    found = [(weight, value) for weight in asked if (value := weight.by(candidate, situation)) != 1.0]
    if not found:
        return ()
    boosts = _bound([value for weight, value in found if weight.is_boost], 0.0, MOST_BOOST)
    tastes = _bound([value for weight, value in found if not weight.is_boost], LEAST, MOST)
    bounds = (("bound", value) for value in (boosts, tastes) if value != 1.0)
    return (*((weight.name, value) for weight, value in found), *bounds)


def _is_weighed(candidate: Candidate, situation: Situation, weights: Weights) -> bool:
    """Whether a general factor moves the product: found out once for all customers of a market."""
    known = situation.common.is_weighed
    key = candidate.product.id
    if key not in known:
        known[key] = any(weight.by(candidate, situation) != 1.0 for weight in weights.general)
    return known[key]


_SCORE = attrgetter("score")


def rank_again(candidates: Iterator[Candidate], situation: Situation) -> Iterator[Candidate]:
    """The best 24 candidates in the order that their factors give, then the others as they come.

    Upgrades and complements only: what is due and what a person decided keeps its place.
    """
    weights, first = find_weights(situation), list(islice(candidates, HEAD))
    if not weights.particular and not any(_is_weighed(one, situation, weights) for one in first):
        first.sort(key=_SCORE, reverse=True)
        return chain(first, candidates)
    head = [_weighed(candidate, situation, weights) for candidate in first]
    head.sort(key=itemgetter(0), reverse=True)
    return chain((candidate for _score, candidate in head), candidates)


def _weighed(candidate: Candidate, situation: Situation, weights: Weights) -> tuple[float, Candidate]:
    factors = weigh(candidate, situation, weights)
    if not factors:
        return candidate.score, candidate
    score = candidate.score * math.prod(value for _name, value in factors)
    return score, candidate._replace(factors=factors)


def _bound(values: list[float], least: float, most: float) -> float:
    product = math.prod(values)
    return min(max(product, least), most) / product
