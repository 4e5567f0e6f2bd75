"""A broadcast that tries its versions first: the one that leads at a fixed time goes to the rest.

What leads is a guess that makes the most of a list which is written to once, not a proof; how often the
guess is right is kept with it.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, QuerySet, Value
from django.db.models.functions import MD5, Cast, Concat

from campaigns.models import Campaign, Message, SendBatch, Trial
from campaigns.poison import POISON_DELAY
from campaigns.rollups import count_experiment
from experiments.broadcasts import TrialSize, chance_leader_is_right, pick_leader, size_trial
from experiments.comparisons import Metric, Totals
from experiments.counting import by_arm, read_counts
from experiments.decided import raise_alarms, read_alarms
from experiments.guardrails import Severity
from experiments.models import Experiment, Variant
from experiments.running import roll_out
from experiments.statistics import Rate
from shop.claims import NOBODYS_FAULT
from shop.models import Customer

logger = logging.getLogger(__name__)
ACTOR = "test and roll"
# Why the rest gets what it gets; the dashboard has a sentence for each.
LED, LEVEL, HARMLESS, BROKEN, UNTRIED, CHOSEN = "led", "level", "harmless", "broken", "untried", "chosen"


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """When the leader is decided, and what is known beforehand.

    `rate` is the usual share of people who do what decides, `spread` how much such shares differ from one
    email to another (a standard deviation). `per_version` overrides the size that follows from them.
    """

    decide_at: datetime
    rate: float = 0.03
    spread: float = 0.003
    per_version: int | None = None


def begin_trial(
    campaign: Campaign, people: QuerySet[Customer], plan: TrialPlan, *, occurrence: str, now: datetime
) -> tuple[Trial, list[int]]:
    """The broadcast's trial and the keys of those it is tried on, none if it has begun before.

    Call it inside the caller's transaction. Raises ValueError where there is nothing to try or no time.
    """
    known = Trial.objects.filter(campaign=campaign, occurrence=occurrence).first()
    if known:
        return known, []
    experiment, versions = _check(campaign, plan, now)
    list_size = people.count()
    size = _choose_size(plan, list_size, versions, experiment.holdout_share)
    chosen = _draw(people, experiment, size.per_version * versions)
    trial = Trial.objects.create(
        campaign=campaign,
        occurrence=occurrence,
        experiment=experiment,
        people=len(chosen),
        list_size=list_size,
        chance_right=size.chance_right,
        started_at=now,
        decide_at=plan.decide_at,
    )
    return trial, chosen


def decide_trials(now: datetime) -> int:
    """Decides every trial whose time has come, and lets the rest of its list leave; returns how many.

    Once for each, whatever the number of workers; a worker that is killed has decided nothing. One that
    can't be decided is tried again an hour later, and holds up no other mail.
    """
    due = Trial.objects.filter(decided_at=None, decide_at__lte=now).order_by("pk")
    return sum(_decide_or_put_off(trial, now) for trial in due.select_related("experiment"))


def _decide_or_put_off(trial: Trial, now: datetime) -> bool:
    try:
        return _decide(trial, now)
    except NOBODYS_FAULT:
        raise
    except Exception:
        logger.exception("A trial could not be decided.", extra={"trial": trial.pk})
        Trial.objects.filter(pk=trial.pk, decided_at=None).update(decide_at=now + POISON_DELAY)
        return False


def _decide(trial: Trial, now: datetime) -> bool:
    count_experiment(trial.experiment, now)
    with transaction.atomic():
        locked = Trial.objects.select_for_update(of=("self",)).filter(pk=trial.pk, decided_at=None)
        mine = locked.select_related("experiment__rolled_out").first()
        if mine is None:
            return False
        mine.decided_at = now
        _choose(mine, now)
        mine.save()
        _release(mine, now)
    return True


def _choose(trial: Trial, now: datetime) -> None:
    """Fills in who leads and why. What a person rolled out or stopped meanwhile stays as they wished."""
    experiment, variants = trial.experiment, list(trial.experiment.variants.all())
    control = next(variant for variant in variants if variant.is_control)
    if experiment.status != Experiment.Status.RUNNING:
        trial.leader, trial.reason = experiment.rolled_out or control, CHOSEN
        return
    counts = read_counts(experiment)
    raise_alarms(experiment, counts, now.date())
    totals = by_arm(counts.days)
    rates = {v.key: _rate(experiment, totals.get(v.key, Totals())) for v in variants}
    trial.counts = {key: [rate.successes, rate.trials] for key, rate in rates.items()}
    trial.leader, trial.reason = _find_leader(experiment, variants, control, rates)
    roll_out(experiment, trial.leader, now, actor=ACTOR)


def _find_leader(
    experiment: Experiment, variants: list[Variant], control: Variant, rates: dict[str, Rate]
) -> tuple[Variant, str]:
    """Never a version that does harm; the control where nothing speaks for another."""
    stopped = {alarm.arm for alarm in read_alarms(experiment) if alarm.severity == Severity.STOP}
    if "" in stopped:
        return control, BROKEN
    fit = {key: rate for key, rate in rates.items() if key not in stopped}
    if not fit or not all(rate.trials for rate in fit.values()):
        return control, UNTRIED
    by_key, leader = {v.key: v for v in variants}, pick_leader(fit)
    if control.key in fit and fit[control.key].value == fit[leader].value:
        return control, HARMLESS if stopped else LEVEL
    return by_key[leader], HARMLESS if stopped else LED


def _rate(experiment: Experiment, totals: Totals) -> Rate:
    """Of everybody so far: the rest of the list does not wait for the window to end."""
    by_orders = experiment.metric != Experiment.Metric.CLICK
    return totals.rate(Metric.CONVERSION if by_orders else Metric.CLICK)


def _release(trial: Trial, now: datetime) -> None:
    """The batches of the rest may be claimed from now on."""
    same = Message.objects.filter(batch=OuterRef("pk"), occurrence=trial.occurrence)
    waiting = SendBatch.objects.filter(campaign=trial.campaign_id, state=SendBatch.State.WAITING)
    waiting.filter(Exists(same)).update(state=SendBatch.State.READY, due_at=now, reason="")


def _check(campaign: Campaign, plan: TrialPlan, now: datetime) -> tuple[Experiment, int]:
    experiment = campaign.experiment
    if experiment is None or experiment.status != Experiment.Status.RUNNING:
        raise ValueError(f"No experiment runs on {campaign.key!r}. Start one with the versions to try.")
    if plan.decide_at <= now:
        raise ValueError(f"The leader can't be decided at {plan.decide_at}, which is over.")
    versions = experiment.variants.filter(weight__gt=0).count()
    if versions < 2:
        raise ValueError(f"Experiment {experiment.key!r} has one version. Add another one to try.")
    return experiment, versions


def _choose_size(plan: TrialPlan, list_size: int, versions: int, holdout_share: float) -> TrialSize:
    """People per version, held-out people on top; at most half of the list is tried on in the end."""
    size = size_trial(max(list_size, 2), rate=plan.rate, spread=plan.spread)
    wanted = plan.per_version or min(size.per_version, list_size // (2 * versions))
    with_holdout = round(wanted / (1 - holdout_share))
    return TrialSize(with_holdout, chance_leader_is_right(wanted, rate=plan.rate, spread=plan.spread))


def _draw(people: QuerySet[Customer], experiment: Experiment, count: int) -> list[int]:
    """By a hash of the person and the experiment, so that no broadcast has the same people again."""
    seed = Value(f":{experiment.salt}:trial")
    place = MD5(Concat(Cast("uuid", CharField()), seed, output_field=CharField()))
    return list(people.order_by(place).values_list("pk", flat=True)[:count])
