"""The doorbell of the nightly build."""

from celery import shared_task
from django.utils import timezone

from recommendations.building import rebuild_neighbours


@shared_task
def rebuild_neighbours_task() -> None:
    """Rebuild the tables as of now. A second run builds them again and harms nothing."""
    rebuild_neighbours(timezone.now())
