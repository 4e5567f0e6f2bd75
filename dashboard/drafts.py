"""Writing a draft of an experiment from its forms: all of it or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext as _

from campaigns.models import Campaign
from dashboard.experiment_forms import ExperimentForm
from dashboard.refusals import write_refusal
from dashboard.variant_forms import ChangeFormSet, VariantForm, show_changes
from experiments.layers import release_slots, reserve_slots
from experiments.models import Experiment, Variant
from experiments.problems import ExperimentError
from experiments.running import note_draft

CONTROL_KEY = "control"


@dataclass(frozen=True, slots=True)
class DraftForms:
    """The experiment, its control, and the versions beside it."""

    experiment: ExperimentForm
    control: VariantForm
    versions: forms.BaseFormSet[Any]

    def are_valid(self) -> bool:
        """All three are asked, so that every error is shown at once."""
        each = [self.experiment.is_valid(), self.control.is_valid(), self.versions.is_valid()]
        return all(each) and self._fit()

    def _fit(self) -> bool:
        """What only shows when the parts are seen together."""
        problems = list(_find_problems(self.experiment, self.control, self.chosen()))
        for problem in problems:
            self.experiment.add_error(None, problem)
        return not problems

    def chosen(self) -> list[dict[str, Any]]:
        """The versions that were filled in and not taken away."""
        return [
            form.cleaned_data
            for form in self.versions
            if form.cleaned_data.get("name") and not form.cleaned_data.get("DELETE")
        ]


def make_forms(experiment: Experiment | None, data: QueryDict | None) -> DraftForms:
    variants = list(experiment.variants.all()) if experiment else []
    control = next((v for v in variants if v.is_control), None)
    initial = [
        {"key": v.key, "name": v.name, "weight": v.weight} | show_changes(v.changes)
        for v in variants
        if not v.is_control
    ]
    first = {"name": control.name, "weight": control.weight} if control else {"name": _("As it is now")}
    return DraftForms(
        ExperimentForm(data, instance=experiment),
        VariantForm(data, initial=first, prefix="control"),
        ChangeFormSet(data, initial=initial, prefix="versions", form_kwargs={"label_suffix": ""}),
    )


def save_draft(draft: DraftForms, now: datetime, *, actor: str) -> Experiment | None:
    """The draft, written whole; None, with the reason on the form, where the layer's people are taken."""
    try:
        with transaction.atomic():
            return _write(draft, now, actor)
    except ExperimentError as refusal:
        draft.experiment.add_error("first_slot", write_refusal(refusal))
        return None


def _write(draft: DraftForms, now: datetime, actor: str) -> Experiment:
    cleaned = draft.experiment.cleaned_data
    experiment = draft.experiment.fill()
    experiment.save()
    experiment.variants.all().delete()
    control = draft.control.cleaned_data
    Variant.objects.create(
        experiment=experiment,
        key=CONTROL_KEY,
        name=control["name"],
        weight=control["weight"],
        is_control=True,
    )
    for number, version in enumerate(draft.chosen()):
        Variant.objects.create(
            experiment=experiment,
            key=f"version-{chr(ord('b') + number)}",
            name=version["name"],
            weight=version["weight"],
            changes=version["changes"],
        )
    # The flow keeps what it sends, such as a variant rolled out before, until this experiment starts.
    experiment.planned_campaigns.set([cleaned["campaign"]])
    Campaign.objects.filter(experiment=experiment).update(experiment=None)
    if experiment.layer:
        reserve_slots(experiment, experiment.layer, first=cleaned["first_slot"], last=cleaned["last_slot"])
    else:
        release_slots(experiment)
    note_draft(experiment, now, actor=actor)
    return experiment


def _find_problems(form: ExperimentForm, control: VariantForm, versions: Sequence[dict[str, Any]]) -> Any:
    cleaned = form.cleaned_data
    if not versions and not cleaned["holdout"]:
        yield _("There is nothing to compare; add a version or hold some people out.")
    if not versions and cleaned["metric"] == Experiment.Metric.CLICK:
        yield _("People who get nothing can't click; let orders or revenue decide about a holdout.")
    if cleaned["mode"] == Experiment.Mode.BANDIT and len(versions) < 2:
        yield _("Two versions learn as fast with a fixed split; give this way three or more.")
    if not control.cleaned_data["weight"] + sum(v["weight"] for v in versions) > 0:
        yield _("All weights are 0, so nobody could enter; give at least one arm a weight.")
    if any(not version["changes"] for version in versions):
        yield _("A version changes nothing; fill in at least one thing that differs.")
