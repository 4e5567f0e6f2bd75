"""The back office of triggers and of who is on the way through them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from triggers import kinds
from triggers.models import Enrolment, Trigger


class TriggerForm(forms.ModelForm[Trigger]):
    """A trigger with settings that its kind takes: what is wrong is said here and not by the engine."""

    kind = forms.ChoiceField(choices=lambda: [(kind.key, kind.label) for kind in kinds.list_kinds()])

    class Meta:
        model = Trigger
        fields = "__all__"  # noqa: DJ007 (the back office edits all of it)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "kind" in cleaned and cleaned.get("settings") is not None:
            try:
                cleaned["settings"] = kinds.get(cleaned["kind"]).clean_settings(cleaned["settings"])
            except forms.ValidationError as error:
                self.add_error("settings", _flatten(error))
        return cleaned


def _flatten(error: forms.ValidationError) -> list[str]:
    if not hasattr(error, "error_dict"):
        return error.messages
    return [f"{name}: {text}" for name, texts in error.message_dict.items() for text in texts]


@admin.register(Trigger)
class TriggerAdmin(admin.ModelAdmin[Trigger]):
    form = TriggerForm
    list_display = ("name", "kind", "campaign", "status", "reentry", "active_from")
    list_filter = ("status", "kind")
    list_select_related = ("campaign",)
    search_fields = ("name", "key")


@admin.register(Enrolment)
class EnrolmentAdmin(admin.ModelAdmin[Enrolment]):
    """Written by the engine only."""

    list_display = ("id", "trigger", "entry_key", "state", "reason", "step_position", "due_at", "entered_at")
    list_filter = ("state", "reason", "trigger")
    list_select_related = ("trigger",)
    search_fields = ("=entry_key", "=customer__external_id")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
