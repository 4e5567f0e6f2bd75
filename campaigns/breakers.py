"""When a route's breaker opens, lets one try, and closes again: pure, on a `Route` that is not saved here.

One mail that failed is an accident; five in a row are a state. What says that our own account is at fault
(a wrong key, used-up credits) opens at once, because no number of tries will change it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from campaigns.models import Route
from delivery.base import Outcome, OutcomeKind
from delivery.outcomes import NETWORK_REASONS

FAILURES_TO_OPEN = 5
ROUTE_PAUSE = timedelta(minutes=5)
FAILURE_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=30)
# The transport's own summary of three failures in a row.
_FAILING = NETWORK_REASONS | {"provider_failing"}
SLOW_DOWN = "http_429"


def is_failure(outcome: Outcome) -> bool:
    """Whether the route, not the recipient, is at fault."""
    return outcome.kind in (OutcomeKind.UNKNOWN, OutcomeKind.ROUTE_DOWN) or outcome.reason in _FAILING


def learn(route: Route, outcomes: Iterable[Outcome], now: datetime) -> bool:
    """Moves the breaker on by what a batch met with; returns whether anything changed.

    While it is open, a success of a batch that had left before proves nothing: only a probe closes it.
    """
    before = (route.breaker, route.failures, route.probe_at)
    for outcome in outcomes:
        if outcome.kind is OutcomeKind.ROUTE_DOWN:
            _open(route, outcome, now + _pause(ROUTE_PAUSE, route.openings), now)
            break
        if outcome.reason == SLOW_DOWN:
            _open(route, outcome, outcome.retry_at or now + FAILURE_PAUSE, now)
            break
        _count(route, outcome, now)
    return before != (route.breaker, route.failures, route.probe_at)


def _count(route: Route, outcome: Outcome, now: datetime) -> None:
    if not is_failure(outcome):
        if route.breaker != Route.Breaker.OPEN:
            _close(route)
        return
    route.failures += 1
    probing = route.breaker == Route.Breaker.HALF_OPEN
    if (route.breaker == Route.Breaker.CLOSED and route.failures >= FAILURES_TO_OPEN) or probing:
        _open(route, outcome, now + _pause(FAILURE_PAUSE, route.openings), now)


def _open(route: Route, outcome: Outcome, until: datetime, now: datetime) -> None:
    if route.breaker == Route.Breaker.OPEN:  # another batch, under way since before, says the same
        return
    if route.breaker == Route.Breaker.CLOSED:
        route.opened_at = now
    route.breaker, route.probe_at = Route.Breaker.OPEN, until
    route.reason, route.detail = outcome.reason[:40], outcome.detail[:255]
    route.openings += 1


def _close(route: Route) -> None:
    route.breaker, route.failures, route.openings = Route.Breaker.CLOSED, 0, 0
    route.reason, route.detail, route.opened_at, route.probe_at = "", "", None, None


def _pause(first: timedelta, openings: int) -> timedelta:
    """Twice as long with every probe that failed, up to half an hour."""
    doubled: timedelta = first * (1 << min(openings, 10))
    return min(doubled, LONGEST_PAUSE)
