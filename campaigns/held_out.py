"""Whom a running test keeps without suggestions, for the pages of the shop to keep to it as well."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import F

from experiments.models import Assignment

HELD_OUT = "held_out"


def find_held_out(customers: Collection[int], _now: datetime) -> dict[int, str]:
    """The code held_out for each customer who is in the holdout of a running experiment. One query."""
    running = Assignment.objects.filter(experiment__status="running", version=F("experiment__version"))
    rows = running.filter(customer__in=customers, variant=None, merged_into=None)
    return dict.fromkeys(rows.values_list("customer_id", flat=True), HELD_OUT)
