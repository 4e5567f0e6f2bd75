"""The forms of an experiment: its draft, the plan, the split, and why it starts again."""

from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign
from dashboard.results import list_flows
from dashboard.words import METRIC
from experiments.models import Experiment, Layer, Variant

_DECIDING = [(metric.value, METRIC[metric.value]) for metric in Experiment.Metric]


class ExperimentForm(forms.ModelForm[Experiment]):
    """A draft. Percentages are shown as such and stored as shares."""

    campaign = forms.ModelChoiceField(
        Campaign.objects.none(),
        label=_("Flow"),
        to_field_name="key",
        help_text=_("One arm a person for all its emails."),
    )
    holdout = forms.FloatField(
        label=_("Held out, per cent"),
        min_value=0,
        max_value=50,
        initial=5,
        help_text=_("These people get nothing, so that you know what writing brings."),
    )
    covered = forms.FloatField(
        label=_("People who take part, per cent"), min_value=0.1, max_value=100, initial=100
    )
    countries = forms.CharField(
        label=_("Markets"),
        required=False,
        help_text=_("Country codes such as GB, IR; empty for all."),
        widget=forms.TextInput(attrs={"dir": "ltr"}),
    )
    first_slot = forms.IntegerField(
        label=_("First hundredth of the layer"), required=False, min_value=0, max_value=99
    )
    last_slot = forms.IntegerField(
        label=_("Last hundredth of the layer"), required=False, min_value=0, max_value=99
    )

    class Meta:
        model = Experiment
        fields = (
            "name", "hypothesis", "metric", "window_days", "planned_people", "ends_on", "mode", "layer",
            "auto_roll_out",
        )  # fmt: skip
        labels = {
            "name": _("Name"),
            "hypothesis": _("What you expect, and why"),
            "window_days": _("Days in which what people do counts"),
            "planned_people": _("People in control and version that end it"),
            "ends_on": _("Last day of the plan"),
            "layer": _("Layer"),
            "auto_roll_out": _("Roll out the better one automatically"),
        }
        help_texts = {
            "window_days": "",
            "planned_people": _("The planner says how many. Empty: no planned end."),
            "ends_on": "",
            "auto_roll_out": _("Off by default. A broken split or harm always stops it."),
        }
        widgets = {"ends_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self.fields["metric"] = forms.ChoiceField(label=_("Decided by"), choices=_DECIDING)
        self.fields["mode"] = forms.ChoiceField(
            label=_("Split"),
            choices=[
                ("fixed", _("Fixed: the comparison stays valid")),
                ("bandit", _("More people to what leads: allocation, not evidence")),
            ],
        )
        self.fields["layer"] = forms.ModelChoiceField(
            Layer.objects.order_by("name"),
            label=_("Layer"),
            required=False,
            empty_label=_("None: people may be in other experiments as well"),
        )
        self._choose_campaign()
        self._show_stored()

    def _choose_campaign(self) -> None:
        field = self.fields["campaign"]
        if isinstance(field, forms.ModelChoiceField):
            free = Campaign.objects.filter(message_class=Campaign.MessageClass.MARKETING)
            field.queryset = free.order_by("name")
        if self.instance.pk:
            self.initial["campaign"] = next(iter(list_flows(self.instance)), None)

    def _show_stored(self) -> None:
        if self.instance.pk:
            self.initial["holdout"] = round(self.instance.holdout_share * 100, 4)
            self.initial["covered"] = round(self.instance.coverage * 100, 4)
            self.initial["countries"] = ", ".join(self.instance.markets)
            slots = sorted(self.instance.slots.values_list("number", flat=True))
            if slots:
                self.initial.update(first_slot=slots[0], last_slot=slots[-1])

    def clean_campaign(self) -> Campaign:
        campaign: Campaign = self.cleaned_data["campaign"]
        other = campaign.experiment
        if other and other.pk != self.instance.pk and other.status == Experiment.Status.RUNNING:
            text = gettext("The flow is part of the running experiment “%(name)s”; stop that one first.")
            raise forms.ValidationError(text % {"name": other.name})
        return campaign

    def clean_countries(self) -> list[str]:
        return read_countries(self.cleaned_data["countries"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("first_slot"), cleaned.get("last_slot")
        if cleaned.get("layer") and (first is None or last is None or first > last):
            self.add_error("first_slot", gettext("Say which hundredths of the layer, first to last."))
        return cleaned

    def fill(self) -> Experiment:
        """The experiment with the form's values, not saved yet; its key is made once, from its name."""
        experiment, cleaned = self.save(commit=False), self.cleaned_data
        experiment.holdout_share = cleaned["holdout"] / 100
        experiment.coverage = cleaned["covered"] / 100
        experiment.markets = cleaned["countries"]
        experiment.key = experiment.key or find_free_key(cleaned["name"])
        return experiment


class RestartForm(forms.Form):
    why = forms.CharField(label=_("What was wrong"), max_length=200)


def read_countries(text: str) -> list[str]:
    """The codes of a list with commas; raises forms.ValidationError for what is none."""
    codes = [code.strip().upper() for code in text.split(",") if code.strip()]
    if wrong := [code for code in codes if not (len(code) == 2 and code.isascii() and code.isalpha())]:
        said = gettext("“%(code)s” is no country code; write two letters, such as GB.")
        raise forms.ValidationError(said % {"code": wrong[0]})
    return codes


def find_free_key(name: str) -> str:
    """A key of the name's own letters, with a number where it is taken."""
    stem = slugify(name)[:50] or "experiment"
    taken = set(Experiment.objects.filter(key__startswith=stem).values_list("key", flat=True))
    return next(
        key for n in range(1, len(taken) + 2) if (key := stem if n == 1 else f"{stem}-{n}") not in taken
    )


def make_weights_form(variants: list[Variant], data: Any = None) -> forms.Form:
    """A weight for each variant, named after its key."""
    form = forms.Form(data, label_suffix="", prefix="weights")
    for variant in variants:
        form.fields[variant.key] = forms.FloatField(label=variant.name, min_value=0, initial=variant.weight)
    return form
