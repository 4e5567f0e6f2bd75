"""The back office of triggers and of who is on the way through them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from triggers.models import Enrolment, Trigger


@admin.register(Trigger)
class TriggerAdmin(admin.ModelAdmin[Trigger]):
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
