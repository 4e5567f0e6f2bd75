"""Doorbells: each does what is due now and carries nothing."""

from celery import shared_task
from django.utils import timezone

from campaigns.tasks import RING_EXPIRES, send
from triggers.engine import take_events, take_steps


@shared_task
def advance() -> None:
    now = timezone.now()
    if take_events(now) + take_steps(now):
        send.apply_async(expires=RING_EXPIRES)
