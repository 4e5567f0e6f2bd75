"""Who is in which arm: drawn once from a hash, then remembered.

The order is global holdout, layer, coverage, holdout, variant, each with a seed of its own, so that none
says anything about another.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from experiments.epochs import open_epoch
from experiments.hashing import bucket, bucket_ranges, choose
from experiments.models import Assignment, Experiment, LayerSlot, Variant
from shop.models import Customer

EXPLORERS = 0.2  # of a bandit's people: dealt evenly, and the only ones it may be judged by
SLOTS = 100


def assign(experiment: Experiment, customers: Sequence[Customer], now: datetime) -> dict[int, Assignment]:
    """The assignment of each customer by primary key, drawn now for those who have none yet.

    The first assignment stays, whatever happens to the weights later. One without a variant is held out.
    Who is not covered, or belongs to another experiment of the layer, is not in the answer. Nobody is in
    an experiment that isn't running: the answer is then empty. Nobody enters one whose weights are all 0.
    Six queries at most whatever the number of customers (SQLite takes one more per 90 new people, because
    Django splits an insert at 999 parameters there); a single one once all are known.
    """
    if experiment.status != Experiment.Status.RUNNING:
        return {}
    known = _read_assignments(experiment, customers)
    # In one order for all workers: two that insert the same rows in different orders deadlock on PostgreSQL.
    newcomers = sorted(
        (c for c in customers if c.pk not in known and _takes_part(experiment, c)), key=lambda c: c.pk
    )
    newcomers = _keep_layer(experiment, newcomers) if newcomers else []
    variants = list(experiment.variants.filter(weight__gt=0)) if newcomers else []
    if not variants:
        return known
    epoch = open_epoch(experiment, variants, now)
    Assignment.objects.bulk_create(
        [_make(experiment, variants, customer, epoch_id=epoch.pk, now=now) for customer in newcomers],
        ignore_conflicts=True,
    )
    # Another worker may have come first, so what counts is what the table says.
    return known | _read_assignments(experiment, newcomers)


def assign_global_holdout(customers: Sequence[Customer], now: datetime) -> dict[int, Assignment]:
    """Of these customers, by primary key, those whom the shop's global holdout spares all marketing."""
    running = Experiment.objects.filter(is_global=True, status=Experiment.Status.RUNNING).first()
    if running is None or not customers:
        return {}
    arms = assign(running, customers, now)
    return {pk: arm for pk, arm in arms.items() if arm.variant_id is None}


def draw(experiment: Experiment, variants: Sequence[Variant], unit: str) -> Variant | None:
    """The arm that the hash gives this unit, or None for the holdout. Nothing is stored."""
    if bucket(f"{experiment.salt}:holdout", unit) < experiment.holdout_share:
        return None
    total = sum(variant.weight for variant in variants)
    even = is_evidence(experiment, unit) and experiment.mode == Experiment.Mode.BANDIT
    shares = [1 / len(variants) if even else variant.weight / total for variant in variants]
    # The shares may sum to a hair under 1; -1, "beyond the last", then means the last.
    return variants[choose(bucket(experiment.salt, unit), bucket_ranges(len(variants), 1, shares))]


def is_evidence(experiment: Experiment, unit: str) -> bool:
    """Whether the arm of this unit tells something: a bandit's choices depend on what it saw before."""
    if experiment.mode != Experiment.Mode.BANDIT:
        return True
    return bucket(f"{experiment.salt}:explorer", unit) < EXPLORERS


def find_rolled_out(experiment: Experiment, customer: Customer) -> Variant | None:
    """What everybody gets since it was rolled out: in the markets in which it was tried, and only there."""
    return experiment.rolled_out if _is_in_market(experiment, customer) else None


def force_assignment(
    experiment: Experiment, customer: Customer, *, variant: Variant | None, now: datetime
) -> Assignment:
    """Put a test person into this arm, also over an earlier draw. Forced people never count."""
    assignment, _ = Assignment.objects.update_or_create(
        experiment=experiment,
        version=experiment.version,
        customer=customer,
        defaults={"variant": variant, "is_forced": True, "assigned_at": now},
    )
    return assignment


def counted_assignments(experiment: Experiment) -> QuerySet[Assignment]:
    """The assignments that results are made of: no forced people, nobody from before a restart, and of
    two customers who were one person the one."""
    return Assignment.objects.filter(
        experiment=experiment, version=experiment.version, is_forced=False, merged_into=None
    )


def _make(
    experiment: Experiment, variants: Sequence[Variant], customer: Customer, *, epoch_id: int, now: datetime
) -> Assignment:
    unit = str(customer.uuid)
    return Assignment(
        experiment=experiment,
        version=experiment.version,
        epoch_id=epoch_id,
        customer=customer,
        variant=draw(experiment, variants, unit),
        market=customer.country,
        is_evidence=is_evidence(experiment, unit),
        assigned_at=now,
    )


def _takes_part(experiment: Experiment, customer: Customer) -> bool:
    if not _is_in_market(experiment, customer):
        return False
    return bucket(f"{experiment.salt}:coverage", str(customer.uuid)) < experiment.coverage


def _is_in_market(experiment: Experiment, customer: Customer) -> bool:
    return not experiment.markets or customer.country in experiment.markets


def _keep_layer(experiment: Experiment, customers: Sequence[Customer]) -> list[Customer]:
    """Those who fall into this experiment's slots of its layer; everybody where it has no layer."""
    layer = experiment.layer
    if layer is None:
        return list(customers)
    slots = LayerSlot.objects.filter(layer=layer, experiment=experiment)
    mine, seed = set(slots.values_list("number", flat=True)), f"layer:{layer.key}:{layer.version}"
    return [c for c in customers if int(bucket(seed, str(c.uuid)) * SLOTS) in mine]


def _read_assignments(experiment: Experiment, customers: Sequence[Customer]) -> dict[int, Assignment]:
    rows = Assignment.objects.filter(
        experiment=experiment, version=experiment.version, customer__in=customers
    )
    return {row.customer_id: row for row in rows.select_related("variant")}
