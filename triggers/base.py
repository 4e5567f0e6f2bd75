"""What a trigger kind is. A kind is one small class; registering it is all that it takes.

@register
class Welcome(TriggerKind):
    key = "welcome"
    label = _("Welcome")
    event_kinds = frozenset({"customer.updated"})
    settings_form = WelcomeSettings

    def match(self, event, settings):
        return Entry(entry_key=f"customer:{event.customer_id}", due_at=event.occurred_at)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django_stubs_ext import StrOrPromise

from shop.models import Event


@dataclass(frozen=True, slots=True)
class Entry:
    """A customer's way in: what it is about, and when the first step is due."""

    entry_key: str
    due_at: datetime


class TriggerKind:
    """Decides whether an event enrols its customer. Pure: it reads the event and the settings only."""

    key: ClassVar[str]
    label: ClassVar[StrOrPromise]
    event_kinds: ClassVar[frozenset[str]]
    settings_form: ClassVar[type[forms.Form]]
    # Whether a later event for the same thing starts the wait again, as a changed cart does.
    restarts: ClassVar[bool] = False
    # Whether any order placed since ends the reason to write, as it does for somebody who has come back.
    ends_with_order: ClassVar[bool] = False

    def match(self, event: Event, settings: Mapping[str, Any]) -> Entry | None:
        """The way in that this event opens, or None. Only called for the kinds in `event_kinds`."""
        raise NotImplementedError

    def describe(self, settings: Mapping[str, Any]) -> StrOrPromise:
        """The trigger as a sentence for the marketer, such as "4 hours after a cart was left"."""
        raise NotImplementedError

    def clean_settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings with defaults filled in.

        Raises:
            django.core.exceptions.ValidationError: naming each field that is wrong and why.
        """
        if not isinstance(settings, Mapping):
            raise forms.ValidationError("The settings are not a mapping of names to values.")
        form = self.settings_form(data=self._initial() | dict(settings))
        if not form.is_valid():
            raise forms.ValidationError(dict(form.errors.as_data()))
        return form.cleaned_data

    def _initial(self) -> dict[str, Any]:
        return {name: field.initial for name, field in self.settings_form.base_fields.items()}


class NoSettings(forms.Form):
    """Of a kind that leaves nothing to choose."""


class AtOnce(TriggerKind):
    """At once when the shop tells of it; `sentence` says so to the marketer."""

    settings_form = NoSettings
    sentence: ClassVar[StrOrPromise]

    def match(self, event: Event, settings: Mapping[str, Any]) -> Entry | None:  # noqa: ARG002
        return Entry(self.name_entry(event), event.occurred_at)

    def name_entry(self, event: Event) -> str:
        """What the enrolment is about: each telling is a thing of its own."""
        return f"event:{event.pk}"

    def describe(self, settings: Mapping[str, Any]) -> StrOrPromise:  # noqa: ARG002
        return self.sentence
