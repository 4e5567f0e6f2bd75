"""What an operator watches: health for the load balancer, figures for Prometheus."""

from collections.abc import Iterator
from datetime import datetime
from hmac import compare_digest

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from campaigns.models import MessageOutcome, SendBatch, WebhookPayload
from shop.models import Event
from triggers.models import Enrolment

LATE_SECONDS = 15 * 60


def measure(now: datetime) -> dict[str, float]:
    """Open work and its age. Every figure comes from a partial index, so it stays cheap in a large shop."""
    open_batches = SendBatch.objects.exclude(state=SendBatch.State.DONE)
    waiting = Enrolment.objects.filter(state=Enrolment.State.WAITING, due_at__lte=now)
    in_doubt = MessageOutcome.objects.filter(kind=MessageOutcome.Kind.UNKNOWN, until__isnull=False)
    oldest = [
        open_batches.filter(due_at__lte=now).order_by("due_at").values_list("due_at", flat=True).first(),
        waiting.order_by("due_at").values_list("due_at", flat=True).first(),
    ]
    return {
        "events_waiting": Event.objects.filter(processed_at=None).count(),
        "enrolments_due": waiting.count(),
        "batches_open": open_batches.count(),
        "messages_in_doubt": in_doubt.count(),
        "webhooks_waiting": WebhookPayload.objects.filter(processed_at=None).count(),
        "oldest_due_seconds": max(((now - at).total_seconds() for at in oldest if at), default=0.0),
    }


@require_safe
def health(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """200 when the database answers and work is done in time; 503 otherwise, saying which."""
    try:
        figures = measure(timezone.now())
    except DatabaseError:
        return JsonResponse({"status": "down", "why": "The database does not answer."}, status=503)
    if figures["oldest_due_seconds"] > LATE_SECONDS:
        why = "Work is overdue: is the engine (or a Celery worker with beat) running?"
        return JsonResponse({"status": "late", "why": why} | figures, status=503)
    return JsonResponse({"status": "ok"} | figures)


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
