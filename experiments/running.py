"""Starting and stopping an experiment, with everything that must hold before the first person enters."""

import math
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from experiments.models import Experiment, Variant

_KINDS_OF_CHANGE = ("texts", "blocks", "recommender")


class ExperimentError(ValueError):
    """The experiment can't be started or stopped; the message says what is wrong and how to mend it."""


def start(experiment: Experiment, now: datetime) -> Experiment:
    """The running experiment; it gets a salt if it has none.

    Raises ExperimentError, changing nothing, if an arm is incomplete or it isn't a draft. A stopped one
    stays stopped: its people know its variants, so a second run would start with their memories.
    """
    if problems := find_problems(experiment, list(experiment.variants.all())):
        raise ExperimentError(" ".join(problems))
    salt = experiment.salt or secrets.token_hex(8)
    drafts = Experiment.objects.filter(pk=experiment.pk, status=Experiment.Status.DRAFT)
    if not drafts.update(status=Experiment.Status.RUNNING, started_at=now, salt=salt):
        raise ExperimentError(
            f"Experiment {experiment.key} is not a draft any more. Make a new experiment to test again."
        )
    experiment.refresh_from_db()
    return experiment


def stop(experiment: Experiment, now: datetime) -> Experiment:
    """The stopped experiment: nobody enters and nobody is held out any more; what was counted stays.

    Raises ExperimentError if it isn't running.
    """
    running = Experiment.objects.filter(pk=experiment.pk, status=Experiment.Status.RUNNING)
    if not running.update(status=Experiment.Status.STOPPED, stopped_at=now):
        raise ExperimentError(f"Experiment {experiment.key} is not running, so there is nothing to stop.")
    experiment.refresh_from_db()
    return experiment


def find_problems(experiment: Experiment, variants: Sequence[Variant]) -> list[str]:
    """Every reason why it can't start yet, as sentences for the person who must mend it."""
    problems = []
    share = experiment.holdout_share
    if not (math.isfinite(share) and 0 <= share <= 0.5):
        problems.append(f"The holdout share is {share}; write a share from 0 to 0.5.")
    if not variants:
        problems.append("There is no variant; add at least one.")
    elif len(variants) == 1 and not share > 0:
        problems.append("There is nothing to compare; add a second variant or hold some people out.")
    if len(variants) > 1 and sum(variant.is_control for variant in variants) != 1:
        problems.append("Mark exactly one variant as the control; the others are compared with it.")
    problems += _find_weight_problems(variants)
    for variant in variants:
        problems += _find_change_problems(variant)
    return problems


def _find_weight_problems(variants: Sequence[Variant]) -> list[str]:
    wrong = [v for v in variants if not (math.isfinite(v.weight) and v.weight >= 0)]
    problems = [f"Variant {v.key} has the weight {v.weight}; write a number from 0 upwards." for v in wrong]
    if variants and not wrong and not sum(variant.weight for variant in variants) > 0:
        problems.append("All weights are 0, so nobody could enter; give at least one variant a weight.")
    return problems


def _find_change_problems(variant: Variant) -> list[str]:
    where, changes = f"Variant {variant.key}", variant.changes
    if not isinstance(changes, Mapping):
        return [f"{where}: changes must be an object such as {{}}."]
    if variant.is_control and changes:
        return [f"{where} is the control, so it must change nothing; empty its changes."]
    known = ", ".join(_KINDS_OF_CHANGE)
    problems = [
        f"{where} changes {kind!r}, which is unknown; use {known}."
        for kind in changes
        if kind not in _KINDS_OF_CHANGE
    ]
    texts, blocks = changes.get("texts", {}), changes.get("blocks", {})
    if not (isinstance(texts, Mapping) and all(map(_is_words, texts.values()))):
        problems.append(f'{where}: write texts as {{"en": {{"subject": "…"}}}}.')
    if not _is_words(blocks):
        problems.append(f'{where}: write blocks as {{"intro": "b"}}.')
    recommender = changes.get("recommender", "any")
    if not (isinstance(recommender, str) and recommender):
        problems.append(f'{where}: write recommender as the name of a scorer, such as "popular".')
    return problems


def _is_words(value: object) -> bool:
    """Whether this maps names to texts that say something."""
    return isinstance(value, Mapping) and all(isinstance(text, str) and text for text in value.values())
