"""Who is in which arm: drawn once from a hash, then remembered."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from experiments.hashing import bucket, bucket_ranges, choose
from experiments.models import Assignment, Experiment, Variant
from shop.models import Customer


def assign(experiment: Experiment, customers: Sequence[Customer], now: datetime) -> dict[int, Assignment]:
    """The assignment of each customer by primary key, drawn now for those who have none yet.

    The first assignment stays, whatever happens to the weights later. One without a variant is held out.
    Nobody is in an experiment that isn't running: the answer is then empty. Nobody enters one whose
    weights are all 0.
    Four queries whatever the number of customers (SQLite takes one more per 199 new people, because
    Django splits an insert at 999 parameters there); a single one once all are known.
    """
    if experiment.status != Experiment.Status.RUNNING:
        return {}
    known = _read_assignments(experiment, customers)
    newcomers = [customer for customer in customers if customer.pk not in known]
    variants = list(experiment.variants.filter(weight__gt=0)) if newcomers else []
    if not variants:
        return known
    Assignment.objects.bulk_create(
        [
            Assignment(
                experiment=experiment,
                customer=customer,
                variant=draw(experiment, variants, str(customer.uuid)),
                assigned_at=now,
            )
            for customer in newcomers
        ],
        ignore_conflicts=True,
    )
    # Another worker may have come first, so what counts is what the table says.
    return known | _read_assignments(experiment, newcomers)


def draw(experiment: Experiment, variants: Sequence[Variant], unit: str) -> Variant | None:
    """The arm that the hash gives this unit, or None for the holdout. Nothing is stored.

    Holdout and variant use seeds of their own, so being spared says nothing about the variant.
    """
    if bucket(f"{experiment.salt}:holdout", unit) < experiment.holdout_share:
        return None
    total = sum(variant.weight for variant in variants)
    shares = [variant.weight / total for variant in variants]
    # The shares may sum to a hair under 1; -1, "beyond the last", then means the last.
    return variants[choose(bucket(experiment.salt, unit), bucket_ranges(len(variants), 1, shares))]


def force_assignment(
    experiment: Experiment, customer: Customer, *, variant: Variant | None, now: datetime
) -> Assignment:
    """Put a test person into this arm, also over an earlier draw. Forced people never count."""
    assignment, _ = Assignment.objects.update_or_create(
        experiment=experiment,
        customer=customer,
        defaults={"variant": variant, "is_forced": True, "assigned_at": now},
    )
    return assignment


def counted_assignments(experiment: Experiment) -> QuerySet[Assignment]:
    """The assignments that results are made of: everyone but forced people."""
    return Assignment.objects.filter(experiment=experiment, is_forced=False)


def _read_assignments(experiment: Experiment, customers: Sequence[Customer]) -> dict[int, Assignment]:
    rows = Assignment.objects.filter(experiment=experiment, customer__in=customers)
    return {row.customer_id: row for row in rows.select_related("variant")}
