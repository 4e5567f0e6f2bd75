"""Doorbells: each does what is due now and carries nothing."""

from celery import shared_task
from django.utils import timezone

from audience.evidence import clear_old_evidence
from audience.provider import build_provider, has_provider
from audience.provider_lists import sync_suppressions
from campaigns.proofs import clear_old_proofs
from campaigns.tasks import RING_EXPIRES, send
from triggers.engine import take_events, take_steps


@shared_task
def advance() -> None:
    now = timezone.now()
    if take_events(now) + take_steps(now):
        send.apply_async(expires=RING_EXPIRES)


@shared_task
def keep_lists_in_step() -> None:
    if has_provider() and sync_suppressions(build_provider(), timezone.now()):
        keep_lists_in_step.apply_async(expires=RING_EXPIRES)


@shared_task
def clear_evidence() -> None:
    clear_old_evidence(timezone.now())


@shared_task
def clear_proofs() -> None:
    clear_old_proofs(timezone.now())
