"""A broadcast whose versions are tried on a part of its list: what was done, and why the rest gets what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaigns.models import Trial
from campaigns.trials import BROKEN, CHOSEN, HARMLESS, LED, LEVEL, UNTRIED
from dashboard.formatting import format_count, format_moment, format_share
from experiments.models import Experiment
from experiments.statistics import Rate

DECIDED: dict[str, "str | Promise"] = {
    LED: _("“%(leader)s” led on %(at)s and went to the rest of the list: a guess, not a proof."),
    LEVEL: _("None led on %(at)s, so the rest of the list got “%(leader)s”, the control."),
    HARMLESS: _("A version did harm by %(at)s; of the others “%(leader)s” led and went to the rest."),
    BROKEN: _("The split was broken on %(at)s, so the rest of the list got “%(leader)s”, the control."),
    UNTRIED: _("A version had reached nobody by %(at)s, so the rest got “%(leader)s”, the control."),
    CHOSEN: _("Somebody had decided before %(at)s: the rest of the list got “%(leader)s”."),
}


@dataclass(frozen=True, slots=True)
class TrialRow:
    """`arms` are the versions' names with what was counted when it was decided; none before."""

    trial: Trial
    sentence: str
    chance: str
    arms: list[tuple[str, Rate]]


def list_trials(experiment: Experiment, names: Mapping[str, str]) -> list[TrialRow]:
    """The newest first. One query."""
    trials = Trial.objects.filter(experiment=experiment).select_related("leader").order_by("-pk")
    return [_make_row(trial, names) for trial in trials]


def _make_row(trial: Trial, names: Mapping[str, str]) -> TrialRow:
    return TrialRow(
        trial,
        _write_sentence(trial),
        write_chance(trial.chance_right),
        [(names.get(key, key), Rate(*counted)) for key, counted in trial.counts.items()],
    )


def _write_sentence(trial: Trial) -> str:
    if trial.decided_at and trial.leader:
        said = {"leader": trial.leader.name, "at": format_moment(trial.decided_at)}
        return str(DECIDED[trial.reason]) % said
    return write_plan(trial.people, trial.list_size, trial.decide_at)


def write_plan(people: int, list_size: int, decide_at: datetime) -> str:
    """On how many it is tried, and when the leader goes to the rest."""
    text = gettext(
        "%(tried)s of %(all)s people get one of the versions. The one that leads on %(at)s goes to the rest."
    )
    said = {"tried": format_count(people), "all": format_count(list_size), "at": format_moment(decide_at)}
    return text % said


def write_chance(share: float) -> str:
    """How often a leader of so many is right."""
    text = gettext(
        "With so many people, the one that leads is the truly better one in about %(share)s of trials."
    )
    return text % {"share": format_share(share)}
