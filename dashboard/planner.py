"""The planner: how many people and days an experiment takes, and what speaks against it."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from experiments.planning import Caution, Needs, Traffic, plan_means, plan_rates, spread_over_people
from experiments.statistics import Moments

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


RATE, REVENUE = "rate", "revenue"


class PlannerForm(forms.Form):
    """Percentages in, people and days out."""

    decided_by = forms.ChoiceField(
        label=_("Decided by"),
        choices=[(RATE, _("How many do it: click, or order")), (REVENUE, _("Revenue a person"))],
        required=False,
    )
    baseline = forms.FloatField(
        label=_("Of 100 people, how many do it today"), min_value=0.01, max_value=99, initial=3
    )
    effect = forms.FloatField(
        label=_("Smallest effect worth having, per cent more"), min_value=0.5, max_value=500, initial=20
    )
    order = forms.FloatField(
        label=_("Revenue only: what an order is worth on average"), min_value=0.01, required=False
    )
    deviation = forms.FloatField(
        label=_("Revenue only: how far orders are from it (standard deviation)"),
        min_value=0,
        required=False,
        help_text=_("Filled in from the shop's orders of a year, the dearest hundredth cut."),
    )
    daily = forms.FloatField(label=_("People who enter a day"), min_value=1, initial=1000)
    arms = forms.IntegerField(label=_("Versions with the control"), min_value=2, max_value=6, initial=2)
    window = forms.IntegerField(
        label=_("Days in which what people do counts"), min_value=0, max_value=90, initial=7
    )

    def __init__(self, *args: Any, orders: Moments | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        if orders:
            measured = {"order": round(orders.mean, 2), "deviation": round(orders.variance**0.5, 2)}
            self.initial.update(measured)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("decided_by") == REVENUE:
            if not cleaned.get("order") or cleaned.get("deviation") is None:
                self.add_error("order", gettext("Revenue needs what an order is worth, and the deviation."))
        elif not self.errors and cleaned["baseline"] * (1 + cleaned["effect"] / 100) >= 100:
            self.add_error("effect", gettext("That would be more than all people; choose a smaller effect."))
        return cleaned


def plan(form: PlannerForm) -> PlannedNeeds:
    """What the valid form's experiment takes, found in 80 of 100 such experiments."""
    cleaned, arms = form.cleaned_data, form.cleaned_data["arms"]
    traffic = Traffic(cleaned["daily"], (1 / arms,) * arms, cleaned["window"])
    rate, effect = cleaned["baseline"] / 100, cleaned["effect"] / 100
    if cleaned["decided_by"] == REVENUE:
        mean, deviation = spread_over_people(rate, cleaned["order"], cleaned["deviation"])
        needs = plan_means(mean, deviation, effect, traffic)
    else:
        needs = plan_rates(rate, effect, traffic)
    return PlannedNeeds(needs, [str(CAUTIONS[caution]) for caution in needs.cautions])
