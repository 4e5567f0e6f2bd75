"""Doorbells: each does what is due now and carries nothing."""

from celery import shared_task
from django.utils import timezone

from campaigns.feedback import count_feedback
from campaigns.outbox import gather_due
from campaigns.proofs import send_proofs
from campaigns.recovery import resolve_doubts
from campaigns.rollups import count_due_experiments
from campaigns.sending import send_due
from campaigns.transports import build_current_transport
from campaigns.trials import decide_trials
from campaigns.visits import score_visits
from campaigns.webhooks import process_payloads

RING_EXPIRES = 10  # seconds; beat rings again, so a ring that waited this long is superfluous


@shared_task
def send() -> None:
    now, transport = timezone.now(), build_current_transport()
    decide_trials(now)
    gather_due(now)
    send_proofs(now, transport)
    if send_due(now, transport, clock=timezone.now, limit=1).batches:
        send.apply_async(expires=RING_EXPIRES)  # more may be due; another worker may take it


@shared_task
def settle() -> None:
    now = timezone.now()
    if process_payloads(now) + score_visits(now) + resolve_doubts(now, build_current_transport()):
        settle.apply_async(expires=RING_EXPIRES)


@shared_task
def count_experiments() -> None:
    count_due_experiments(timezone.now())


@shared_task
def count_responses() -> None:
    if count_feedback(timezone.now()):
        count_responses.apply_async(expires=RING_EXPIRES)
