"""The planner: how many people and days an experiment takes, and what speaks against it."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from experiments.planning import Caution, Needs, Traffic, plan_rates

CAUTIONS: dict[Caution, "str | Promise"] = {
    Caution.TOO_LONG: _(
        "It takes more than eight weeks. Test a bolder change, or decide by clicks instead of orders."
    ),
    Caution.TOO_SHORT: _("The traffic would do in less than a week. Run a whole week, as weekdays differ."),
    Caution.FEW_CONVERSIONS: _(
        "An arm would see fewer than 100 conversions, so a few people decide. Plan for more people."
    ),
    Caution.LARGE_EFFECT: _(
        "Few changes bring half as much again. Plan for a smaller effect, or you will likely miss it."
    ),
    Caution.SMALL_ARM: _(
        "An arm gets less than a tenth of the people. Give it more, and the answer comes much sooner."
    ),
}


@dataclass(frozen=True, slots=True)
class PlannedNeeds:
    """`needs` with its warnings in the language of the page."""

    needs: Needs
    warnings: list[str]


class PlannerForm(forms.Form):
    """Percentages in, people and days out."""

    baseline = forms.FloatField(
        label=_("Of 100 people, how many do it today"), min_value=0.01, max_value=99, initial=3
    )
    effect = forms.FloatField(
        label=_("Smallest effect worth having, per cent more"), min_value=0.5, max_value=500, initial=20
    )
    daily = forms.FloatField(label=_("People who enter a day"), min_value=1, initial=1000)
    arms = forms.IntegerField(label=_("Versions with the control"), min_value=2, max_value=6, initial=2)
    window = forms.IntegerField(
        label=_("Days in which what people do counts"), min_value=0, max_value=90, initial=7
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and cleaned["baseline"] * (1 + cleaned["effect"] / 100) >= 100:
            self.add_error("effect", gettext("That would be more than all people; choose a smaller effect."))
        return cleaned


def plan(form: PlannerForm) -> PlannedNeeds:
    """What the valid form's experiment takes, found in 80 of 100 such experiments."""
    cleaned, arms = form.cleaned_data, form.cleaned_data["arms"]
    traffic = Traffic(cleaned["daily"], (1 / arms,) * arms, cleaned["window"])
    needs = plan_rates(cleaned["baseline"] / 100, cleaned["effect"] / 100, traffic)
    return PlannedNeeds(needs, [str(CAUTIONS[caution]) for caution in needs.cautions])
