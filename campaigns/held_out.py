"""Whom a running experiment keeps without suggestions, for the pages of the shop to keep to it as well."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q

from campaigns.models import Campaign
from experiments.models import Assignment

HELD_OUT = "held_out"


def find_held_out(customers: Collection[int], _now: datetime) -> dict[int, str]:
    """The code held_out for each customer whom a running experiment spares suggestions. One query.

    The global holdout does, and that of a transactional flow, which is always sent and leaves only its
    suggestions out. A marketing flow's holdout measures what its emails bring: were the pages to keep to
    it, the difference would be that of the pages as well.
    """
    running = Assignment.objects.filter(experiment__status="running", version=F("experiment__version"))
    rows = running.filter(customer__in=customers, variant=None, merged_into=None)
    transactional = Campaign.objects.filter(
        experiment=OuterRef("experiment"), message_class=Campaign.MessageClass.TRANSACTIONAL
    )
    spared = rows.filter(Q(experiment__is_global=True) | Exists(transactional))
    return dict.fromkeys(spared.values_list("customer_id", flat=True), HELD_OUT)
