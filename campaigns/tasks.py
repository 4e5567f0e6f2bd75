"""Doorbells: each does what is due now and carries nothing."""

from celery import shared_task
from django.utils import timezone

from campaigns.outbox import gather_due
from campaigns.outcomes import Tally
from campaigns.recovery import resolve_doubts
from campaigns.sending import send_due
from campaigns.transports import build_current_transport
from campaigns.webhooks import process_payloads


@shared_task
def send() -> None:
    now = timezone.now()
    gather_due(now)
    if send_due(now, build_current_transport(), clock=timezone.now, limit=1) != Tally():
        send.delay()  # more may be due; another worker may take it


@shared_task
def settle() -> None:
    now = timezone.now()
    process_payloads(now)
    resolve_doubts(now, build_current_transport())
