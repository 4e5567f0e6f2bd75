"""What a variant changes, as fields a marketer can fill in instead of JSON."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, EmailTemplate
from dashboard.refusals import write_problems
from experiments.changes import find_change_problems
from recommendations.offers import KNOWN_SCORERS

MOST_VARIANTS: Final = 6
_AS_NOW = ("", _("As it is now"))
_SCORERS: dict[str, "str | Promise"] = {
    "popular": _("Best sellers of the department"),
}
_TEXTS = ("subject", "preheader")


class VariantForm(forms.Form):
    """One arm. The control changes nothing, so its form has a name and a share only."""

    name = forms.CharField(label=_("Name"), max_length=80)
    weight = forms.FloatField(
        label=_("Weight"), min_value=0, initial=1, help_text=_("Arms with equal weights get as many people.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)


class ChangeForm(VariantForm):
    """An arm beside the control, with everything that can be tried. Empty fields stay as they are now."""

    key = forms.SlugField(widget=forms.HiddenInput, required=False, max_length=40)
    subject = forms.CharField(
        label=_("Subject"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
        help_text=_("One line a language, such as “en: Did you forget something?”"),
    )
    preheader = forms.CharField(
        label=_("Preheader"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
        help_text=_("One line a language; it stands beside the subject in the inbox."),
    )
    blocks = forms.CharField(
        label=_("Blocks"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "ltr"}),
        help_text=_("One line a block, such as “intro: b”; the template says which it has."),
    )
    template = forms.ChoiceField(label=_("Whole template"), required=False)
    offer_code = forms.CharField(label=_("Coupon code"), required=False, max_length=40)
    offer_percent = forms.DecimalField(
        label=_("Coupon, per cent off"), required=False, min_value=0, max_value=100
    )
    complements = forms.IntegerField(
        label=_("Products that go with it"), required=False, min_value=0, max_value=3
    )
    upgrades = forms.IntegerField(label=_("Better ones"), required=False, min_value=0, max_value=3)
    recommender = forms.ChoiceField(label=_("Recommender"), required=False)
    delay_hours = forms.IntegerField(
        label=_("Hours later than now"), required=False, min_value=0, max_value=1440
    )
    hour = forms.IntegerField(label=_("At this hour of the day"), required=False, min_value=0, max_value=23)
    sender_name = forms.CharField(label=_("Sender name"), required=False, max_length=80)
    campaign = forms.ChoiceField(label=_("Whole other flow"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer("template", EmailTemplate.objects.order_by("name").values_list("key", "name"))
        self._offer("campaign", Campaign.objects.order_by("name").values_list("key", "name"))
        self._offer("recommender", [(s, str(_SCORERS.get(s, s))) for s in KNOWN_SCORERS if s])
        self.fields["name"].required = False

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            cleaned["changes"] = read_changes(cleaned)
            if problems := find_change_problems(cleaned["changes"]):
                raise forms.ValidationError(write_problems(problems))
        if self.has_changed() and not cleaned.get("name"):
            self.add_error("name", gettext("Give this version a name."))
        return cleaned

    def _offer(self, name: str, choices: Any) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = [_AS_NOW, *choices]


ChangeFormSet = forms.formset_factory(
    ChangeForm, extra=1, min_num=1, max_num=MOST_VARIANTS - 1, can_delete=True
)


def read_changes(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """The changes that the fields ask for, as experiments.changes writes them.

    Raises ValidationError, naming the field, for a line without its colon.
    """
    changes: dict[str, Any] = {}
    texts: dict[str, dict[str, str]] = {}
    for name in _TEXTS:
        for language, text in _read_lines(name, cleaned[name]).items():
            texts.setdefault(language, {})[name] = text
    groups = {
        "texts": texts,
        "blocks": _read_lines("blocks", cleaned["blocks"]),
        "offer": _read_offer(cleaned),
        "products": _pick(cleaned, "complements", "upgrades"),
        "timing": _pick(cleaned, "delay_hours", "hour"),
    }
    changes |= {kind: value for kind, value in groups.items() if value}
    plain = ("template", "recommender", "sender_name", "campaign")
    return changes | {kind: cleaned[kind] for kind in plain if cleaned[kind]}


def show_changes(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The fields' values for stored changes: the other way round."""
    texts = changes.get("texts", {})
    shown: dict[str, Any] = {
        name: "\n".join(f"{language}: {words[name]}" for language, words in texts.items() if name in words)
        for name in _TEXTS
    }
    shown["blocks"] = "\n".join(f"{block}: {choice}" for block, choice in changes.get("blocks", {}).items())
    offer = changes.get("offer", {})
    shown |= {"offer_code": offer.get("code", ""), "offer_percent": offer.get("percent")}
    shown |= changes.get("products", {}) | changes.get("timing", {})
    plain = ("template", "recommender", "sender_name", "campaign")
    return shown | {kind: changes.get(kind, "") for kind in plain}


def _read_lines(name: str, text: str) -> dict[str, str]:
    pairs = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        key, colon, value = (part.strip() for part in line.partition(":"))
        if not (key and colon and value):
            wrong = gettext("Write “%(line)s” with a name, a colon and a text, such as “en: Hello”.")
            raise forms.ValidationError({name: wrong % {"line": line}})
        pairs[key] = value
    return pairs


def _read_offer(cleaned: Mapping[str, Any]) -> dict[str, str]:
    code, percent = cleaned["offer_code"], cleaned["offer_percent"]
    if not code and percent is None:
        return {}
    if not code or percent is None:
        raise forms.ValidationError({"offer_code": gettext("A coupon needs its code and its percentage.")})
    return {"code": code, "percent": f"{percent:f}"}


def _pick(cleaned: Mapping[str, Any], *names: str) -> dict[str, int]:
    return {name: cleaned[name] for name in names if cleaned[name] is not None}
