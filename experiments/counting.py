"""The day totals of an experiment, read back for looks and pages: rows by day, never people or messages."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from experiments.comparisons import FIELDS, HOLDOUT, ByArm, Totals, add_up
from experiments.epochs import HELD_OUT, are_close
from experiments.models import AllocationEpoch, DayTotals, Experiment


@dataclass(frozen=True, slots=True)
class DayCount:
    """What one arm's people of one day and market did. `arm` is a variant's key or HOLDOUT."""

    epoch: int
    arm: str
    market: str
    day: date
    is_matured: bool
    totals: Totals


@dataclass(frozen=True, slots=True)
class Counts:
    """All counts of evidence, in the order of their days, and the planned shares of each epoch."""

    days: tuple[DayCount, ...]
    shares: Mapping[int, Mapping[str, float]]

    def matured(self) -> list[DayCount]:
        return [day for day in self.days if day.is_matured]


def lock_totals(experiments: Iterable[int]) -> list[int]:
    """The keys of these experiments, whose day totals nobody else writes until this transaction ends.

    In the order of their keys, so that two workers never wait for each other. People may enter meanwhile.
    """
    rows = Experiment.objects.filter(pk__in=experiments).select_for_update(no_key=True)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def read_counts(experiment: Experiment) -> Counts:
    """Two queries; as many rows as days, arms and markets, however many people there are."""
    ours = AllocationEpoch.objects.filter(experiment=experiment, version=experiment.version)
    epochs = list(ours.order_by("number"))
    first_alike = _join_alike(epochs)
    shares = {
        e.pk: {arm or HOLDOUT: share for arm, share in e.shares.items()}
        for e in epochs
        if first_alike[e.pk] == e.pk
    }
    rows = DayTotals.objects.filter(epoch__in=first_alike, is_evidence=True).order_by(
        "day", "epoch", "arm", "market"
    )
    days = [
        DayCount(
            first_alike[epoch], arm if arm != HELD_OUT else HOLDOUT, market, day, is_matured, Totals(*sums)
        )
        for epoch, arm, market, day, is_matured, *sums in rows.values_list(
            "epoch", "arm", "market", "day", "is_matured", *FIELDS
        )
    ]
    return Counts(tuple(days), shares)


def _join_alike(epochs: Iterable[AllocationEpoch]) -> dict[int, int]:
    """By epoch, the first of those in a row that deal the evidence alike, which are compared as one.

    A bandit opens an epoch every day, yet those it is judged by are always dealt evenly; day by day they
    would be too few to say anything.
    """
    first_alike: dict[int, int] = {}
    before: AllocationEpoch | None = None
    for epoch in epochs:
        is_alike = before is not None and are_close(before.shares, epoch.shares)
        first_alike[epoch.pk] = first_alike[before.pk] if before and is_alike else epoch.pk
        before = epoch
    return first_alike


def by_epoch(days: Iterable[DayCount]) -> dict[int, dict[str, Totals]]:
    """Epoch, then arm."""
    groups: dict[int, dict[str, list[Totals]]] = defaultdict(lambda: defaultdict(list))
    for count in days:
        groups[count.epoch][count.arm].append(count.totals)
    return {epoch: {arm: add_up(t) for arm, t in arms.items()} for epoch, arms in groups.items()}


def by_arm(days: Iterable[DayCount]) -> ByArm:
    """All epochs together: for showing what was counted, not for comparing."""
    groups: dict[str, list[Totals]] = defaultdict(list)
    for count in days:
        groups[count.arm].append(count.totals)
    return {arm: add_up(totals) for arm, totals in groups.items()}


def final_days(counts: Counts) -> list[date]:
    """The days of which everybody has matured, one after the other from the first, without a gap."""
    open_from = min((c.day for c in counts.days if not c.is_matured), default=date.max)
    return sorted({c.day for c in counts.days if c.day < open_from})


def accumulate(counts: Counts, days: Sequence[date]) -> Iterable[tuple[date, list[ByArm]]]:
    """For each of these days, in their order, what was counted by epoch up to and including it."""
    running: dict[int, dict[str, Totals]] = defaultdict(dict)
    wanted, waiting = set(days), list(counts.matured())
    for day in sorted(wanted):
        while waiting and waiting[0].day <= day:
            count = waiting.pop(0)
            arms = running[count.epoch]
            arms[count.arm] = arms.get(count.arm, Totals()) + count.totals
        yield day, [dict(arms) for arms in running.values()]
