"""What must hold before an experiment may start."""

import math
from collections.abc import Iterator, Sequence

from experiments.changes import find_change_problems
from experiments.comparisons import HOLDOUT, WRITTEN
from experiments.models import Experiment, Variant
from experiments.problems import Problem


def find_problems(experiment: Experiment, variants: Sequence[Variant]) -> list[Problem]:
    """Every reason why it can't start yet, as sentences for the person who must mend it."""
    return [
        *_find_share_problems(experiment),
        *_find_plan_problems(experiment, variants),
        *_find_variant_problems(experiment, variants),
        *_find_weight_problems(variants),
        *_find_change_problems(variants),
        *_find_delay_problems(experiment, variants),
    ]


def _find_variant_problems(experiment: Experiment, variants: Sequence[Variant]) -> Iterator[Problem]:
    if not variants:
        yield Problem("There is no variant; add at least one.")
    elif len(variants) == 1 and not experiment.holdout_share > 0:
        yield Problem("There is nothing to compare; add a second variant or hold some people out.")
    if len(variants) > 1 and sum(variant.is_control for variant in variants) != 1:
        yield Problem("Mark exactly one variant as the control; the others are compared with it.")


def _find_share_problems(experiment: Experiment) -> Iterator[Problem]:
    share, coverage = experiment.holdout_share, experiment.coverage
    if not (math.isfinite(share) and 0 <= share <= 0.5):
        yield Problem("The holdout share is %(share)s; write a share from 0 to 0.5.", {"share": share})
    if not (math.isfinite(coverage) and 0 < coverage <= 1):
        yield Problem("The coverage is %(share)s; write a share above 0, up to 1.", {"share": coverage})
    layer = experiment.layer
    if layer and not layer.slots.filter(experiment=experiment).exists():
        yield Problem(
            "It owns none of layer %(layer)s's people; reserve slots for it, or leave the layer.",
            {"layer": layer.key},
        )


def _find_plan_problems(experiment: Experiment, variants: Sequence[Variant]) -> Iterator[Problem]:
    if taken := sorted({v.key for v in variants} & {HOLDOUT, WRITTEN}):
        yield Problem(
            "A variant can't be called %(key)s, which names an arm already; choose another key.",
            {"key": taken[0]},
        )
    if len(variants) == 1 and experiment.metric == Experiment.Metric.CLICK:
        yield Problem("People who get nothing can't click; let orders or revenue decide about a holdout.")
    if experiment.mode == Experiment.Mode.BANDIT and len(variants) < 3:
        yield Problem("Two versions learn as fast with a fixed split; give a bandit three or more.")
    if experiment.is_global and len(variants) != 1:
        yield Problem(
            "A global holdout has one variant, all that is sent; try versions in other experiments."
        )


def _find_weight_problems(variants: Sequence[Variant]) -> Iterator[Problem]:
    wrong = [v for v in variants if not (math.isfinite(v.weight) and v.weight >= 0)]
    for variant in wrong:
        yield Problem(
            "Variant %(variant)s has the weight %(weight)s; write a number from 0 upwards.",
            {"variant": variant.key, "weight": variant.weight},
        )
    if variants and not wrong and not sum(variant.weight for variant in variants) > 0:
        yield Problem("All weights are 0, so nobody could enter; give at least one variant a weight.")


def _find_change_problems(variants: Sequence[Variant]) -> Iterator[Problem]:
    for variant in variants:
        for problem in find_change_problems(variant.changes, is_control=variant.is_control):
            yield Problem("Variant %(variant)s: %(problem)s", {"variant": variant.key, "problem": problem})


def _find_delay_problems(experiment: Experiment, variants: Sequence[Variant]) -> Iterator[Problem]:
    for variant in variants:
        if find_change_problems(variant.changes):
            continue
        hours = variant.changes.get("timing", {}).get("delay_hours", 0)
        if hours >= 24 * experiment.window_days:
            yield Problem(
                "Variant %(variant)s writes %(hours)s hours later, but what people do counts for "
                "%(days)s days only; let more days count, or let it write sooner.",
                {"variant": variant.key, "hours": hours, "days": experiment.window_days},
            )
