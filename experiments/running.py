"""Starting, stopping and rolling out an experiment, with all that must hold before and a trace after."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from experiments.models import AuditEntry, Experiment, Variant
from experiments.preconditions import find_problems
from experiments.problems import ExperimentError, Problem
from experiments.revenue import find_revenue_cap

Action = AuditEntry.Action


@transaction.atomic
def start(experiment: Experiment, now: datetime, *, actor: str = "") -> Experiment:
    """The running experiment; it gets a salt if it has none, its flows, and its revenue cap is fixed.

    What an earlier experiment rolled out on these flows is sent until now and no longer.
    Raises ExperimentError, changing nothing, if an arm is incomplete, it isn't a draft, or another
    experiment runs on one of its flows. What was stopped may be started anew with `restart`.
    """
    _check(experiment)
    _claim(
        experiment,
        Experiment.Status.DRAFT,
        Problem(
            "Experiment %(key)s is not a draft any more. Restart it, or make a new one to test again.",
            {"key": experiment.key},
        ),
        status=Experiment.Status.RUNNING,
        started_at=now,
        salt=experiment.salt or secrets.token_hex(8),
        revenue_cap=find_revenue_cap(now),
    )
    _take_flows(experiment)
    return _trace(experiment, Action.STARTED, actor, now)


@transaction.atomic
def hold_some_out(flow: str, name: str, now: datetime, *, share: float = 0.05) -> Experiment:
    """The running experiment of a flow on which nothing is tried: a few people get nothing.

    So what the flow earns is known from its first day. The share can be changed until it starts, and
    ended or replaced at any time. One that exists under this key is left as its owner made it.
    """
    experiment, is_new = Experiment.objects.get_or_create(
        key=f"{flow}-holdout",
        defaults={"name": f"{name}: written to or not", "holdout_share": share, "window_days": 14},
    )
    if not is_new:
        return experiment
    Variant.objects.create(experiment=experiment, key="as-it-is", name="As it is", weight=1, is_control=True)
    return start(experiment, now)


@transaction.atomic
def stop(experiment: Experiment, now: datetime, *, actor: str = "") -> Experiment:
    """The stopped experiment: nobody enters and nobody is held out any more; what was counted stays.

    Raises ExperimentError if it isn't running.
    """
    _claim(
        experiment,
        Experiment.Status.RUNNING,
        Problem("Experiment %(key)s is not running, so there is nothing to stop.", {"key": experiment.key}),
        status=Experiment.Status.STOPPED,
        stopped_at=now,
    )
    return _trace(experiment, Action.STOPPED, actor, now)


@transaction.atomic
def restart(experiment: Experiment, now: datetime, *, actor: str = "", why: str) -> Experiment:
    """The stopped experiment, running again with a new salt and version: who entered before doesn't count.

    Meant for after a mistake. People remember what they saw, so a repeated test of the same email tells
    less than its numbers say. Raises ExperimentError if it isn't stopped, an arm is incomplete, or
    another experiment runs on one of its flows by now.
    """
    _check(experiment)
    _claim(
        experiment,
        Experiment.Status.STOPPED,
        Problem(
            "Experiment %(key)s is not stopped; stop it before you start it again.", {"key": experiment.key}
        ),
        status=Experiment.Status.RUNNING,
        started_at=now,
        stopped_at=None,
        rolled_out=None,
        counted_at=None,
        allocated_on=None,
        salt=secrets.token_hex(8),
        version=experiment.version + 1,
        revenue_cap=find_revenue_cap(now),
    )
    _take_flows(experiment)
    return _trace(experiment, Action.RESTARTED, actor, now, {"why": why, "version": experiment.version})


@transaction.atomic
def change_weights(
    experiment: Experiment, weights: Mapping[str, float], now: datetime, *, actor: str = ""
) -> None:
    """Gives these variants these weights; who enters from now on is in a new epoch.

    Raises ExperimentError, changing nothing, for a variant that isn't there or weights that can't be.
    """
    variants = {variant.key: variant for variant in experiment.variants.select_for_update()}
    if unknown := sorted(set(weights) - set(variants)):
        said = {"wrong": ", ".join(unknown), "known": ", ".join(variants)}
        raise ExperimentError(Problem("There is no variant %(wrong)s; there are %(known)s.", said))
    before = {key: variant.weight for key, variant in variants.items()}
    for key, weight in weights.items():
        variants[key].weight = weight
    if problems := find_problems(experiment, list(variants.values())):
        raise ExperimentError(*problems)
    Variant.objects.bulk_update(variants.values(), ["weight"])
    _trace(experiment, Action.SPLIT_CHANGED, actor, now, {"before": before, "after": before | dict(weights)})


@transaction.atomic
def roll_out(experiment: Experiment, variant: Variant, now: datetime, *, actor: str = "") -> Experiment:
    """The stopped experiment; everybody gets this variant from now on, those held out as well.

    Raises ExperimentError if the variant is another experiment's or something was rolled out before.
    """
    if variant.experiment_id != experiment.pk:
        said = {"variant": variant.key, "key": experiment.key}
        raise ExperimentError(
            Problem("Variant %(variant)s belongs to another experiment than %(key)s.", said)
        )
    open_one = Experiment.objects.filter(pk=experiment.pk, rolled_out=None)
    if not open_one.exclude(status=Experiment.Status.DRAFT).update(
        status=Experiment.Status.STOPPED, rolled_out=variant, stopped_at=experiment.stopped_at or now
    ):
        raise ExperimentError(
            Problem("Experiment %(key)s never ran, or was rolled out before.", {"key": experiment.key})
        )
    return _trace(experiment, Action.ROLLED_OUT, actor, now, {"variant": variant.key})


@transaction.atomic
def switch_automatic(experiment: Experiment, is_on: bool, now: datetime, *, actor: str = "") -> None:
    """Lets the daily decision roll the better variant out on its own, or no more.

    Raises ExperimentError once something was rolled out.
    """
    if not Experiment.objects.filter(pk=experiment.pk, rolled_out=None).update(auto_roll_out=is_on):
        raise ExperimentError(
            Problem(
                "Experiment %(key)s was rolled out; there is nothing left to switch.", {"key": experiment.key}
            )
        )
    _trace(experiment, Action.AUTOMATIC, actor, now, {"is_on": is_on})


def note_draft(experiment: Experiment, now: datetime, *, actor: str = "") -> None:
    """Leaves the trace of a draft that was made or changed."""
    _trace(experiment, Action.EDITED, actor, now)


def _check(experiment: Experiment) -> None:
    if problems := find_problems(experiment, list(experiment.variants.all())):
        raise ExperimentError(*problems)


def _claim(experiment: Experiment, state: str, refusal: Problem, **values: Any) -> None:
    """Changes the row if it is in this state, by compare-and-set; else raises the refusal."""
    try:
        with transaction.atomic():
            changed = Experiment.objects.filter(pk=experiment.pk, status=state).update(**values)
    except IntegrityError as error:
        raise ExperimentError(
            Problem("Another global holdout is running; stop it before you start this.")
        ) from error
    if not changed:
        raise ExperimentError(refusal)


def _take_flows(experiment: Experiment) -> None:
    """Makes the flows that it was written for its own; raises ExperimentError where another one runs."""
    planned = experiment.planned_campaigns.order_by("pk")
    locked = list(planned.select_for_update(of=("self",)))  # of two that start at once, one is refused
    running = Experiment.objects.filter(status=Experiment.Status.RUNNING, campaigns__in=locked)
    if other := running.exclude(pk=experiment.pk).first():
        raise ExperimentError(
            Problem(
                "Experiment %(other)s runs on a flow of %(key)s; stop it before you start this.",
                {"other": other.key, "key": experiment.key},
            )
        )
    planned.update(experiment=experiment)


def _trace(
    experiment: Experiment, action: str, actor: str, now: datetime, detail: Mapping[str, Any] | None = None
) -> Experiment:
    experiment.refresh_from_db()
    AuditEntry.objects.create(
        experiment=experiment, action=action, actor=actor, detail=dict(detail or {}), at=now
    )
    return experiment
