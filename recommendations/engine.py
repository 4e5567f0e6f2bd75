"""Which products an email shows, why these, and why not the others."""

from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime

from recommendations import candidates
from recommendations.catalogue import title_in
from recommendations.choosing import Outcome, choose, decide
from recommendations.facts import NOTHING_KNOWN, read_facts
from recommendations.likeness import likeness_of
from recommendations.offers import Candidate, Considered, Moment, Pick, Request
from recommendations.policy import read_policies
from recommendations.reasons import reason
from recommendations.tracing import keep_rule_book, read_passed, trace_of
from shop.models import Product

__all__ = [
    "Candidate", "Considered", "Moment", "Outcome", "Pick", "Request", "account_for", "explain",
    "keep_rule_book", "rank_without_rules", "read_passed", "reason", "recommend", "title_in", "trace_of",
]  # fmt: skip


def recommend(
    requests: Sequence[Request], now: datetime, *, known: Mapping[int, Product] = NOTHING_KNOWN
) -> list[list[Pick]]:
    """The picks of each request, in the requests' order, read in at most twenty-three queries together.

    Each list holds at most three (`Policy.most_picks`), and is empty when too few pass the rules: then the
    email leaves the block out. Requests that must get the same answer get the same objects. `known` are
    products that were read just now, by key. Raises ValueError for an unknown scorer.
    """
    if not requests:
        return []
    policies = read_policies(request.place for request in requests)
    facts = read_facts(requests, now, policies, known=known)
    chosen: dict[Hashable, list[Pick]] = {}
    answers = []
    for request in requests:
        policy = policies[request.place]
        likeness = likeness_of(request, facts, policy)
        if likeness not in chosen:
            chosen[likeness] = choose(request, facts, policy)
        answers.append(chosen[likeness])
    return answers


def rank_without_rules(requests: Sequence[Request], now: datetime) -> list[list[int]]:
    """Product keys as the slots' scorers say before any rule of restraint: what a back-test measures."""
    policies = read_policies(request.place for request in requests)
    facts = read_facts(requests, now, policies)
    return [candidates.rank_without_rules(request, facts, policies[request.place]) for request in requests]


def explain(request: Request, now: datetime) -> list[Considered]:
    """Every candidate of a request with what became of it. Those without an objection are what is shown."""
    return account_for(request, now).considered


def account_for(request: Request, now: datetime) -> Outcome:
    """The picks of a request beside everything that was considered, and why nothing is shown if it is not."""
    policies = read_policies([request.place])
    return decide(request, read_facts([request], now, policies), policies[request.place])
