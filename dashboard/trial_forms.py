"""A broadcast that tries its versions first: what the marketer fills in, and what would come of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from campaigns.broadcasts import OCCURRENCE_CHARS_MAX, find_audience
from campaigns.models import Campaign, Message
from campaigns.trials import TrialPlan, foresee_trial
from dashboard.experiment_forms import read_countries
from dashboard.trials import write_chance, write_plan
from shop.models import Customer

_LONGEST_HOURS = 24 * 14


class TrialForm(forms.Form):
    """Percentages and hours in; what is known of earlier emails decides how many people are tried on."""

    occurrence = forms.CharField(
        label=_("Name of this sending"),
        max_length=OCCURRENCE_CHARS_MAX,
        help_text=_("Nobody gets two emails of one name, however often it is sent."),
    )
    hours = forms.IntegerField(
        label=_("Hours until the leader is decided"),
        min_value=1,
        max_value=_LONGEST_HOURS,
        initial=24,
        help_text=_(
            "The rest waits so long. The longer you wait, the more often the leader is the better one."
        ),
    )
    rate = forms.FloatField(
        label=_("Of 100 people, how many do it today"), min_value=0.01, max_value=99, initial=3
    )
    spread = forms.FloatField(
        label=_("By how many of 100 that differs from one email to another"),
        min_value=0.01,
        max_value=50,
        initial=0.3,
    )
    per_version = forms.IntegerField(
        label=_("People who get each version"),
        required=False,
        min_value=1,
        help_text=_("Empty: as many as make most people click in the end, and at most half of the list."),
    )
    countries = forms.CharField(
        label=_("Markets"),
        required=False,
        help_text=_("Country codes such as GB, IR; empty for all."),
        widget=forms.TextInput(attrs={"dir": "ltr"}),
    )

    def clean_countries(self) -> list[str]:
        return read_countries(self.cleaned_data["countries"])

    def plan(self, now: datetime) -> TrialPlan:
        """The valid form's plan, with shares of 1."""
        cleaned = self.cleaned_data
        return TrialPlan(
            decide_at=now + timedelta(hours=cleaned["hours"]),
            rate=cleaned["rate"] / 100,
            spread=cleaned["spread"] / 100,
            per_version=cleaned["per_version"],
        )

    def audience(self) -> QuerySet[Customer]:
        countries = self.cleaned_data["countries"]
        everybody = Customer.objects.all()
        return everybody.filter(country__in=countries) if countries else everybody


@dataclass(frozen=True, slots=True)
class Forecast:
    """In the words of the page. Of a name that was sent before nothing is forecast: its trial is drawn."""

    sentence: str = ""
    chance: str = ""
    is_known: bool = False


def forecast(campaign: Campaign, form: TrialForm, now: datetime) -> Forecast:
    """What sending the valid form would do. Raises ExperimentError where there is nothing to try."""
    plan, occurrence = form.plan(now), form.cleaned_data["occurrence"]
    outlook = foresee_trial(campaign, find_audience(form.audience()), plan, now)
    if Message.objects.filter(step__campaign=campaign, occurrence=occurrence).exists():
        return Forecast(is_known=True)
    return Forecast(
        write_plan(outlook.people, outlook.list_size, plan.decide_at), write_chance(outlook.chance_right)
    )
