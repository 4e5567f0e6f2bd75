"""What must hold before an experiment may start."""

import math
from collections.abc import Sequence

from experiments.changes import find_change_problems
from experiments.comparisons import HOLDOUT, WRITTEN
from experiments.models import Experiment, Variant


def find_problems(experiment: Experiment, variants: Sequence[Variant]) -> list[str]:
    """Every reason why it can't start yet, as sentences for the person who must mend it."""
    problems = [*_find_share_problems(experiment), *_find_plan_problems(experiment, variants)]
    if not variants:
        problems.append("There is no variant; add at least one.")
    elif len(variants) == 1 and not experiment.holdout_share > 0:
        problems.append("There is nothing to compare; add a second variant or hold some people out.")
    if len(variants) > 1 and sum(variant.is_control for variant in variants) != 1:
        problems.append("Mark exactly one variant as the control; the others are compared with it.")
    problems += _find_weight_problems(variants)
    for variant in variants:
        found = find_change_problems(variant.changes, is_control=variant.is_control)
        problems += [f"Variant {variant.key}{_join(problem)}{problem}" for problem in found]
    return problems


def _find_share_problems(experiment: Experiment) -> list[str]:
    problems, share, coverage = [], experiment.holdout_share, experiment.coverage
    if not (math.isfinite(share) and 0 <= share <= 0.5):
        problems.append(f"The holdout share is {share}; write a share from 0 to 0.5.")
    if not (math.isfinite(coverage) and 0 < coverage <= 1):
        problems.append(f"The coverage is {coverage}; write a share above 0, up to 1.")
    layer = experiment.layer
    if layer and not layer.slots.filter(experiment=experiment).exists():
        problems.append(
            f"It owns none of layer {layer.key}'s people; reserve slots for it, or leave the layer."
        )
    return problems


def _find_plan_problems(experiment: Experiment, variants: Sequence[Variant]) -> list[str]:
    problems = []
    if taken := sorted({v.key for v in variants} & {HOLDOUT, WRITTEN}):
        problems.append(
            f"A variant can't be called {taken[0]}, which names an arm already; choose another key."
        )
    if len(variants) == 1 and experiment.metric == Experiment.Metric.CLICK:
        problems.append("People who get nothing can't click; let orders or revenue decide about a holdout.")
    if experiment.mode == Experiment.Mode.BANDIT and len(variants) < 3:
        problems.append("Two versions learn as fast with a fixed split; give a bandit three or more.")
    if experiment.is_global and len(variants) != 1:
        problems.append(
            "A global holdout has one variant, all that is sent; try versions in other experiments."
        )
    return problems


def _find_weight_problems(variants: Sequence[Variant]) -> list[str]:
    wrong = [v for v in variants if not (math.isfinite(v.weight) and v.weight >= 0)]
    problems = [f"Variant {v.key} has the weight {v.weight}; write a number from 0 upwards." for v in wrong]
    if variants and not wrong and not sum(variant.weight for variant in variants) > 0:
        problems.append("All weights are 0, so nobody could enter; give at least one variant a weight.")
    return problems


def _join(problem: str) -> str:
    return " " if problem.startswith(("is ", "changes '", "sends ")) else ": "
