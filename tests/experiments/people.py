"""Experiments and customers for these tests. Uuids follow from numbers, so every run draws the same."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from experiments.models import Experiment, Variant
from shop.models import Customer

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def make_customers(count: int, start: int = 0) -> list[Customer]:
    numbers = range(start, start + count)
    return Customer.objects.bulk_create(
        Customer(uuid=uuid5(NAMESPACE_URL, f"customer:{n}"), external_id=f"x{n}", created_at=NOW)
        for n in numbers
    )


def make_experiment(weights: Sequence[float] = (0.5, 0.5), **fields: Any) -> Experiment:
    """A running experiment whose first variant, "a", is the control."""
    facts = {"key": "subject", "name": "Subject", "salt": "salt", "status": "running", "holdout_share": 0}
    experiment = Experiment.objects.create(**{**facts, **fields})
    for key, weight in zip("abcdef", weights, strict=False):
        Variant.objects.create(
            experiment=experiment, key=key, name=key.upper(), weight=weight, is_control=key == "a"
        )
    return experiment
