"""Times in which the split stayed as it was: each change of weights opens the next one."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from experiments.models import AllocationEpoch, Experiment, Variant

HELD_OUT = ""  # the arm of people without a variant, in shares and totals


def open_epoch(experiment: Experiment, variants: Sequence[Variant], now: datetime) -> AllocationEpoch:
    """The epoch of the split as it is now: the newest if it has this split, else a new one.

    So every way of changing a weight opens an epoch. Of two workers who find the change at once, one
    writes it and both use it, by `one_epoch_per_experiment_and_number`.
    """
    shares, allocation = plan_shares(experiment, variants), _plan_allocation(experiment, variants)
    newest = experiment.epochs.order_by("-number").first()
    if newest and _is_same(newest, experiment, shares, allocation):
        return newest
    number = newest.number + 1 if newest else 1
    epoch, _ = AllocationEpoch.objects.get_or_create(
        experiment=experiment,
        number=number,
        defaults={
            "version": experiment.version,
            "shares": shares,
            "allocation": allocation,
            "started_at": now,
        },
    )
    return epoch


def plan_shares(experiment: Experiment, variants: Sequence[Variant]) -> dict[str, float]:
    """The share of evidence that each arm is meant to get, the held-out people included; they sum to 1."""
    written_to, total = 1 - experiment.holdout_share, sum(v.weight for v in variants)
    if experiment.mode == Experiment.Mode.BANDIT:
        shares = {v.key: written_to / len(variants) for v in variants}
    else:
        shares = {v.key: written_to * v.weight / total if total else 0.0 for v in variants}
    return shares | {HELD_OUT: experiment.holdout_share}


def _plan_allocation(experiment: Experiment, variants: Sequence[Variant]) -> dict[str, float]:
    if experiment.mode != Experiment.Mode.BANDIT:
        return {}
    total = sum(v.weight for v in variants)
    return {v.key: v.weight / total for v in variants}


def _is_same(
    epoch: AllocationEpoch,
    experiment: Experiment,
    shares: Mapping[str, float],
    allocation: Mapping[str, float],
) -> bool:
    return (
        epoch.version == experiment.version
        and are_close(epoch.shares, shares)
        and are_close(epoch.allocation, allocation)
    )


def are_close(a: Mapping[str, float], b: Mapping[str, float]) -> bool:
    """Whether two splits give every arm the same share; an arm that isn't there has none."""
    arms = set(a) | set(b)
    return all(abs(a.get(arm, 0.0) - b.get(arm, 0.0)) < 1e-9 for arm in arms)
