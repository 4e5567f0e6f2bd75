"""The doorbell of the nightly build."""

from celery import shared_task
from django.utils import timezone

from recommendations.building import rebuild_neighbours
from recommendations.evaluation_runs import run_evaluation


@shared_task
def run_evaluation_task() -> None:
    """Measure what somebody asked for. Where nobody did, or another worker has it, nothing happens."""
    run_evaluation(timezone.now())


@shared_task
def rebuild_neighbours_task() -> None:
    """Rebuild the tables as of now. A second run builds them again and harms nothing."""
    rebuild_neighbours(timezone.now())
