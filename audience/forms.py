"""The preference form. Its labels stand in the template, where they are translated."""

from collections.abc import Mapping
from typing import Any

from django import forms

from audience.models import PARTS_OF_MARKETING, Preference
from audience.pages import list_languages
from audience.preferences import Choices

_YES_NO = [("yes", "yes"), ("no", "no")]
_PAUSE = {"": None, "start": True, "end": False}


class PreferenceForm(forms.Form):
    marketing = forms.ChoiceField(choices=_YES_NO)
    shown = forms.ChoiceField(choices=_YES_NO)
    pace = forms.ChoiceField(choices=Preference.Pace.choices)
    topics = forms.MultipleChoiceField(
        choices=[(t.value, t.value) for t in PARTS_OF_MARKETING], required=False
    )
    topics_shown = forms.BooleanField(required=False)
    no_suggestions = forms.BooleanField(required=False)
    pause = forms.ChoiceField(choices=[(key, key) for key in _PAUSE], required=False)

    def __init__(self, data: Mapping[str, Any] | None, *, language: str) -> None:
        super().__init__(data)
        self._current = language
        self.fields["language"] = forms.ChoiceField(choices=list_languages(language))

    def read_choices(self) -> Choices:
        """What a valid form says. A language left as shown is no choice: the shop may change it later."""
        said = self.cleaned_data
        return Choices(
            marketing=said["marketing"] == "yes",
            showed_marketing=said["shown"] == "yes",
            pace=said["pace"],
            no_suggestions=said["no_suggestions"],
            language="" if said["language"] == self._current else said["language"],
            pause=_PAUSE[said["pause"]],
            wanted_topics=frozenset(said["topics"]) if said["topics_shown"] else None,
        )
