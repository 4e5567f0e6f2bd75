"""Routes: may mail leave by this transport now, and what was learnt from the mail that did.

A pause holds from its commit: no batch is claimed after it, and none that was claimed before commits its
intent, because the intent takes a shared lock on the switches that a pause has to wait for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, Q, QuerySet

from campaigns.alerts import name_route, raise_alert, resolve_alerts
from campaigns.breakers import SLOW_DOWN, learn
from campaigns.models import Campaign, Route, SendBatch
from delivery.base import Outcome

PROBE_SIZE = 10
ROUTE_DOWN, ROUTE_FAILING = "route_down", "route_failing"


@dataclass(frozen=True, slots=True)
class Permit:
    """Mail may leave. A probe is one small batch, to see whether the route is open again."""

    is_probe: bool = False


def ask_route(name: str, now: datetime) -> Permit | None:
    """Whether a batch may be claimed for the route now; None while it is paused or its breaker is open."""
    rows = _read_routes(name)
    if any(route.paused_at for route in rows):
        return None
    route = next(r for r in rows if r.name == name)
    if route.breaker == Route.Breaker.CLOSED:
        return Permit()
    return Permit(is_probe=True) if route.probe_at is None or route.probe_at <= now else None


def _read_routes(name: str) -> list[Route]:
    """Both rows, made where they are missing: an intent can hold a switch, and a pause wait for it, only
    where there is a row to lock.
    """
    names = [Route.EVERYTHING, name]
    rows = list(Route.objects.filter(name__in=names))
    if len(rows) < len(set(names)):
        Route.objects.bulk_create([Route(name=each) for each in names], ignore_conflicts=True)
        rows = list(Route.objects.filter(name__in=names))
    return rows


def is_not_paused(name: str) -> Q:
    """The condition, inside the statement that claims a batch, that nobody closed the route."""
    paused = Route.objects.filter(name__in=[Route.EVERYTHING, name], paused_at__isnull=False)
    return ~Q(Exists(paused))


def begin_probe(name: str, now: datetime) -> bool:
    """Whether this worker may probe: only one may, until it has answered or its lease would be over."""
    lease = timedelta(seconds=settings.PAIRWELL["LEASE_SECONDS"])
    ready = Route.objects.filter(name=name, probe_at__lte=now).exclude(breaker=Route.Breaker.CLOSED)
    return bool(ready.update(breaker=Route.Breaker.HALF_OPEN, probe_at=now + lease))


def end_probe(name: str, now: datetime) -> None:
    """A probe that sent nothing has proved nothing: the next batch may try at once."""
    probing = Route.objects.filter(name=name, breaker=Route.Breaker.HALF_OPEN)
    probing.update(breaker=Route.Breaker.OPEN, probe_at=now)


def hold_switches(batch: SendBatch, name: str) -> bool:
    """Whether neither person nor breaker closed the route or the campaign; true until the transaction ends.

    On PostgreSQL the rows are locked in share mode, so that a pause waits for the intents that are being
    committed and every later intent sees it. SQLite has one writer at a time.
    """
    routes = Route.objects.filter(name__in=[Route.EVERYTHING, name]).order_by("pk")
    for paused_at, breaker in _read_shared(routes.values_list("paused_at", "breaker")):
        if paused_at or breaker == Route.Breaker.OPEN:
            return False
    campaigns = Campaign.objects.filter(pk=batch.campaign_id).values_list("status")
    return _read_shared(campaigns) == [(Campaign.Status.LIVE,)]


def _read_shared(rows: QuerySet[Any, Any]) -> list[tuple[Any, ...]]:
    if not connection.features.has_select_for_update:
        return list(rows)
    statement, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} FOR SHARE", parameters)
        return [tuple(row) for row in cursor.fetchall()]


def note_outcomes(name: str, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Moves the route's breaker on, and raises or ends its alert. One query while all goes well.

    The row is there since the first claim (`ask_route`).
    """
    if not learn(Route.objects.get(name=name), outcomes, now):
        return
    with transaction.atomic():
        route = Route.objects.select_for_update().get(name=name)
        was_open = route.breaker != Route.Breaker.CLOSED
        learn(route, outcomes, now)
        route.save()
        _tell_change(route, was_open=was_open, now=now)


def _tell_change(route: Route, *, was_open: bool, now: datetime) -> None:
    if route.breaker == Route.Breaker.CLOSED:
        if was_open:
            resolve_alerts(name_route(route.name), now, codes=(ROUTE_DOWN, ROUTE_FAILING))
    elif route.breaker == Route.Breaker.OPEN and route.reason != SLOW_DOWN:
        code = ROUTE_DOWN if route.failures == 0 else ROUTE_FAILING
        detail = f"{route.reason}: {route.detail}"
        raise_alert(code, name_route(route.name), now=now, detail=detail)
