"""The bandit's daily step: more people to what leads. Allocation, not evidence.

What it costs: after it, a naive test of all people calls a difference where there is none in 8 to 13 % of
experiments, and a trend in time makes the lift of those people wrong by a third. So only the fifth of the
people who are always dealt evenly (assignment.EXPLORERS) is ever compared, and with a fifth of the people
an answer takes five times as long. In return about 3 to 6 % more people click, with five variants.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256

import numpy as np
from django.db import transaction
from django.db.models import Q, Sum

from experiments.models import DayTotals, Experiment
from experiments.running import change_weights
from experiments.statistics import Rate

LABEL = "allocation, not evidence"
_DRAWS = 4_000
_COUNTERS = {Experiment.Metric.CLICK: "clicked", Experiment.Metric.CONVERSION: "converted"}


def update_allocation(experiment: Experiment, now: datetime) -> dict[str, float]:
    """The shares of the next day's people by variant, written as weights; {} unless a running bandit.

    Once a day of UTC, however often and by however many workers it is asked: later on it is {} as well.
    Thompson sampling on all people so far; the same counts give the same shares. Raises ExperimentError
    as `change_weights` does; the day is then still open.
    """
    if experiment.mode != Experiment.Mode.BANDIT or experiment.status != Experiment.Status.RUNNING:
        return {}
    with transaction.atomic():
        if not _claim_day(experiment, now.date()):
            return {}
        shares = share_out(_read_rates(experiment), seed=f"{experiment.salt}:{now.date()}")
        change_weights(experiment, shares, now, actor=LABEL)
    return shares


def share_out(rates: Mapping[str, Rate], *, seed: str) -> dict[str, float]:
    """How often each arm is the best in draws from its beta posterior, each arm at least its floor.

    The floor is a tenth, or half an even share where that is more; shares sum to 1. Source: Thompson
    (1933, Biometrika 25:285-294).
    """
    generator = np.random.default_rng(int.from_bytes(sha256(seed.encode()).digest()[:8]))
    arms = sorted(rates)
    draws = [
        generator.beta(1 + rates[arm].successes, 1 + rates[arm].trials - rates[arm].successes, _DRAWS)
        for arm in arms
    ]
    best = np.bincount(np.argmax(np.array(draws), axis=0), minlength=len(arms)) / _DRAWS
    return dict(zip(arms, _raise_to_floor(best.tolist()), strict=True))


def _claim_day(experiment: Experiment, day: date) -> bool:
    earlier = Q(allocated_on=None) | Q(allocated_on__lt=day)
    return bool(Experiment.objects.filter(earlier, pk=experiment.pk).update(allocated_on=day))


def _raise_to_floor(shares: Sequence[float]) -> list[float]:
    floor = min(max(0.1, 1 / (2 * len(shares))), 1 / len(shares))
    spare = 1 - floor * len(shares)
    return [floor + spare * share for share in shares]


def _read_rates(experiment: Experiment) -> dict[str, Rate]:
    counter = _COUNTERS.get(Experiment.Metric(experiment.metric), "converted")
    totals = DayTotals.objects.filter(epoch__experiment=experiment, epoch__version=experiment.version)
    rows = totals.values_list("arm").annotate(people=Sum("people"), successes=Sum(counter))
    counted = {arm: Rate(successes, people) for arm, people, successes in rows}
    keys = experiment.variants.values_list("key", flat=True)
    return {key: counted.get(key, Rate(0, 0)) for key in keys}
