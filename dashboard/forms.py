"""The dashboard's forms."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, Message
from campaigns.reports import find_reasons
from dashboard.flow import find_kind
from dashboard.reasons import explain_reason
from dashboard.words import FALLBACK, MESSAGE, SAME_TYPE, STATUS
from recommendations.models import OfferRules
from triggers.models import Trigger

_LONGEST_REASON = 60
_LONGEST_REENTRY_DAYS = 3650


class TriggerForm(forms.ModelForm[Trigger]):
    class Meta:
        model = Trigger
        fields = ("name", "status", "reentry", "reentry_days")
        labels = {
            "name": _("Name"),
            "status": _("Status"),
            "reentry": _("How often for one customer"),
            "reentry_days": _("Days before it may happen again"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self.fields["status"] = forms.ChoiceField(
            label=_("Status"), choices=[("active", STATUS["active"]), ("paused", STATUS["paused"])]
        )
        self.fields["reentry"] = forms.ChoiceField(
            label=_("How often for one customer"),
            choices=[
                ("always", _("Every time it happens")),
                ("once", _("Only once")),
                ("after_days", _("Again after some days")),
            ],
        )
        self.fields["reentry_days"] = forms.IntegerField(
            label=_("Days before it may happen again"), min_value=0, max_value=_LONGEST_REENTRY_DAYS
        )


def build_trigger_forms(
    trigger: Trigger, data: QueryDict | None, *, may_change: bool
) -> tuple[TriggerForm, forms.Form | None]:
    """The trigger's own fields, and the settings of its kind where that is installed.

    Settings that are stored in a shape no form can show start from the defaults.
    """
    kind = find_kind(trigger)
    form, settings_form = TriggerForm(data, instance=trigger), None
    if kind is not None:
        initial = trigger.settings if isinstance(trigger.settings, dict) else {}
        settings_form = kind.settings_form(data, initial=initial, prefix="settings", label_suffix="")
    if not may_change:
        for field in [*form.fields.values(), *(settings_form.fields.values() if settings_form else ())]:
            field.disabled = True
    return form, settings_form


class OfferRulesForm(forms.ModelForm[OfferRules]):
    """The limits that marketers set most; a field left empty keeps the default, or the whole shop's.

    `in_force` says for each field what holds now, and since whose word.
    """

    class Meta:
        model = OfferRules
        fields = (
            "most_picks", "fewest_picks", "is_all_or_nothing", "needs_image", "is_one_per_type", "same_type",
            "fallback", "rebuy_days", "most_ignored", "proving_owners",
            "new_boost", "margin_boost", "slow_boost",
        )  # fmt: skip
        labels = {
            "most_picks": _("At most so many products (3)"),
            "fewest_picks": _("Leave the block out with fewer than (1)"),
            "is_all_or_nothing": _("All or nothing: the whole number or none (no)"),
            "needs_image": _("Only products with an image (no)"),
            "is_one_per_type": _("One product of each type (yes)"),
            "rebuy_days": _("Days in which a purchase is not suggested again (90)"),
            "most_ignored": _("Shown so often without a click, never again (5)"),
            "proving_owners": _("Owners of both who prove a better one that does not say what it adds (3)"),
            "new_boost": _("Raise new products, 1 to 1.3 (1)"),
            "margin_boost": _("Raise products with a good margin, 1 to 1.3 (1)"),
            "slow_boost": _("Raise slow sellers beside best sellers, 1 to 1.3 (1)"),
        }

    def __init__(
        self, *args: Any, may_change: bool = True, in_force: Mapping[str, str] | None = None, **kwargs: Any
    ) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        usual = ("", _("As usual"))
        self._choose_widgets(usual)
        for name, field in self.fields.items():
            field.help_text = (in_force or {}).get(name, "")  # the model's own are the back office's
            field.disabled = not may_change

    def _choose_widgets(self, usual: tuple[str, Any]) -> None:
        for name in ("is_all_or_nothing", "needs_image", "is_one_per_type"):
            choices = [("unknown", usual[1]), ("true", _("Yes")), ("false", _("No"))]
            self.fields[name].widget = forms.NullBooleanSelect()
            self.fields[name].widget.choices = choices
        self.fields["same_type"] = forms.ChoiceField(
            label=_("Another one of the same type"),
            required=False,
            choices=[usual, *SAME_TYPE.items()],
        )
        self.fields["fallback"] = forms.ChoiceField(
            label=_("When too little goes with it"),
            required=False,
            choices=[usual, *FALLBACK.items()],
        )


class MessageFilter(forms.Form):
    """What to look for among the messages. Every field may be empty; `apply` never raises."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=200,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("Customer, address, subject or order number")}
        ),
    )
    campaign = forms.ModelChoiceField(
        Campaign.objects.order_by("pk"),
        label=_("Campaign"),
        required=False,
        to_field_name="key",
        empty_label=_("All campaigns"),
    )
    status = forms.ChoiceField(
        label=_("Outcome"), required=False, choices=[("", _("Every outcome")), *MESSAGE.items()]
    )
    reason = forms.ChoiceField(label=_("Reason"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        reasons = [(code, _shorten(explain_reason(code))) for code in find_reasons() if code]
        reason = self.fields["reason"]
        if isinstance(reason, forms.ChoiceField):
            reason.choices = [("", _("Every reason")), *reasons]

    def apply(self, messages: QuerySet[Message]) -> QuerySet[Message]:
        """The messages that fit. They must come `with_status`; a field with nonsense in it is ignored."""
        self.is_valid()
        cleaned = self.cleaned_data
        if query := cleaned.get("q", "").strip():
            messages = messages.filter(_match(query))
        if campaign := cleaned.get("campaign"):
            messages = messages.filter(step__campaign=campaign)
        for name in ("status", "reason"):
            if value := cleaned.get(name):
                messages = messages.filter(**{name: value})
        return messages


def _match(query: str) -> Q:
    return (
        Q(customer__external_id=query)
        | Q(customer__email__iexact=query)
        | Q(customer__name__icontains=query)
        | Q(order__external_id=query)
        | Q(rendered__subject__icontains=query)
    )


def _shorten(sentence: str) -> str:
    return sentence if len(sentence) <= _LONGEST_REASON else sentence[: _LONGEST_REASON - 1] + "…"
