"""What an operator watches: health for the load balancer, figures for Prometheus."""

from collections.abc import Iterator
from datetime import datetime
from hmac import compare_digest
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from campaigns.models import Alert, Campaign, Message, MessageOutcome, Route, SendBatch, WebhookPayload
from shop.models import Event
from triggers.models import Enrolment, Trigger

LATE_SECONDS = 15 * 60


def measure(now: datetime) -> dict[str, float]:
    """Open work and its age. Every figure comes from an index, so it stays cheap in a large shop.

    What belongs to a paused campaign or trigger is left out: it waits for a person, not for an engine.
    """
    live = Campaign.Status.LIVE
    batches = SendBatch.objects.filter(campaign__status=live, state__in=SendBatch.OPEN)
    ungathered = Message.objects.filter(batch=None, is_closed=False, step__campaign__status=live)
    enrolments = Enrolment.objects.filter(
        state=Enrolment.State.WAITING, trigger__campaign__status=live, trigger__status=Trigger.Status.ACTIVE
    )
    in_doubt = MessageOutcome.objects.filter(kind=MessageOutcome.Kind.UNKNOWN, until__isnull=False)
    return {
        "events_waiting": Event.objects.filter(processed_at=None).count(),
        "enrolments_due": enrolments.filter(due_at__lte=now).count(),
        "batches_open": batches.count(),
        "messages_in_doubt": in_doubt.count(),
        "routes_closed": Route.objects.exclude(paused_at=None, breaker=Route.Breaker.CLOSED).count(),
        "campaigns_paused": Campaign.objects.filter(status=Campaign.Status.PAUSED).count(),
        "alerts_open": Alert.objects.filter(resolved_at=None).count(),
        "webhooks_waiting": WebhookPayload.objects.filter(processed_at=None).count(),
        "oldest_due_seconds": max(_find_age(rows, now) for rows in (batches, ungathered, enrolments)),
    }


def _find_age(rows: QuerySet[Any], now: datetime) -> float:
    """For how many seconds the oldest has been due; 0 where none is."""
    oldest = rows.filter(due_at__lte=now).order_by("due_at").values_list("due_at", flat=True).first()
    return (now - oldest).total_seconds() if oldest else 0.0


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Whether this process can serve: 200 while the database answers, 503 otherwise.

    Work that is late is said in the body, and answers 503 only to a monitor that asks for `?strict`: a
    late engine is no reason for a load balancer to take the unsubscribe page and the webhook away. A route
    that somebody paused, or that its breaker closed, is said first, because then lateness has that reason.
    """
    try:
        figures = measure(timezone.now())
    except DatabaseError:
        return JsonResponse({"status": "down", "why": "The database does not answer."}, status=503)
    if figures["routes_closed"]:
        why = "Mail is held back: a way out is paused or closed. See the dashboard's page about sending."
        return JsonResponse({"status": "held", "why": why} | figures, status=_fail_if_strict(request))
    if figures["oldest_due_seconds"] > LATE_SECONDS:
        why = "Work is overdue: is the engine (or a Celery worker with beat) running?"
        return JsonResponse({"status": "late", "why": why} | figures, status=_fail_if_strict(request))
    return JsonResponse({"status": "ok"} | figures)


def _fail_if_strict(request: HttpRequest) -> int:
    return 503 if "strict" in request.GET else 200


class _Collector:
    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, value in measure(timezone.now()).items():
            yield GaugeMetricFamily(f"pairwell_{name}", name.replace("_", " "), value=value)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format, behind PAIRWELL_METRICS_TOKEN where that is set."""
    token = settings.PAIRWELL["METRICS_TOKEN"]
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and not compare_digest(given.encode(), token.encode()):
        return HttpResponse(
            "Send the metrics token as a bearer token.\n", status=401, content_type="text/plain"
        )
    registry = CollectorRegistry()
    registry.register(_Collector())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
