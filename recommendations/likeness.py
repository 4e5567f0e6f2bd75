"""When two requests must get the same answer, so that it is worked out once.

Customers who bought the same few things are told the same, unless something else is known of one of them.
"""

from collections.abc import Hashable
from datetime import timedelta

from recommendations.facts import Facts
from recommendations.histories import History
from recommendations.offers import Request
from recommendations.policy import Policy


def likeness_of(request: Request, facts: Facts, policy: Policy) -> Hashable:
    """Everything that the choice reads of a request and its customer: equal for two, equal answers.

    Purchases count as recent or not; how old the order is counts in days, where services are asked for.
    """
    customer = facts.customer(request.customer_id)
    since = facts.now - timedelta(days=policy.rebuy_days)
    age = (facts.now - request.bought_at).days if request.services and request.bought_at else None
    return (
        request.place, request.anchors, request.exclude, request.complements, request.upgrades,
        request.services, request.repeats, request.most, request.currency, request.language,
        request.scorer, request.moment, age,
        customer.country, customer.language, customer.born,
        frozenset(product for product, at in customer.bought.items() if at > since),
        frozenset(kind for kind, at in customer.bought_types.items() if at > since),
        customer.bought_parents, tuple(customer.typical_prices.items()), customer.viewed,
        tuple(customer.ignored.items()), frozenset(customer.fewer), customer.fewer_types,
        *_likeness_of_history(customer.history),
    )  # fmt: skip


def _likeness_of_history(history: History) -> tuple[Hashable, ...]:
    """Of what is due again only the products count. Who has one order is like all who have the same one."""
    weights = history.own.tobytes(), history.own_long.tobytes()
    return tuple(history.purchases.items()), *weights, history.due, history.newest
