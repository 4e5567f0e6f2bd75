"""The back office of experiments: arms beside their experiment, starting and stopping as actions."""

import secrets
from collections.abc import Callable

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from experiments.models import Assignment, Experiment, Variant
from experiments.problems import ExperimentError
from experiments.running import start, stop

FIXED_AT_START = (
    "key",
    "is_global",
    "mode",
    "layer",
    "coverage",
    "markets",
    "holdout_share",
    "window_days",
    "metric",
    "planned_people",
    "ends_on",
    "auto_roll_out",
)
FIXED_OF_VARIANTS = ("key", "weight", "changes", "is_control")


def _never(*_args: object, **_kwargs: object) -> bool:
    return False


def _is_draft(experiment: Experiment | None) -> bool:
    return experiment is None or experiment.status == Experiment.Status.DRAFT


class VariantInline(admin.TabularInline[Variant, Experiment]):
    """Django calls its methods with the experiment that the variants are of."""

    model = Variant
    extra = 0
    min_num = 1

    def get_readonly_fields(self, request: HttpRequest, obj: Experiment | None = None) -> list[str]:
        return [] if _is_draft(obj) else list(FIXED_OF_VARIANTS)

    def has_add_permission(self, request: HttpRequest, obj: Experiment | None = None) -> bool:
        return _is_draft(obj) and super().has_add_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Experiment | None = None) -> bool:
        return _is_draft(obj) and super().has_delete_permission(request, obj)


@admin.register(Experiment)
class ExperimentAdmin(admin.ModelAdmin[Experiment]):
    """Once started, only names and the hypothesis may change: who is where, and what is compared, stays.

    The split and the automatic roll-out are changed on the dashboard, where that leaves a trace.
    """

    inlines = [VariantInline]
    list_display = ["name", "key", "status", "holdout_share", "window_days", "started_at", "stopped_at"]
    list_filter = ["status"]
    search_fields = ["name", "key"]
    actions = ["start_selected", "stop_selected"]
    readonly_fields = ["status", "salt", "version", "revenue_cap", "rolled_out", "started_at", "stopped_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: Experiment | None = None) -> list[str]:
        fixed = [*super().get_readonly_fields(request, obj)]
        if not _is_draft(obj):
            fixed += list(FIXED_AT_START)
        return fixed

    def save_model(
        self, request: HttpRequest, obj: Experiment, form: forms.ModelForm[Experiment], change: bool
    ) -> None:
        obj.salt = obj.salt or secrets.token_hex(8)
        super().save_model(request, obj, form, change)

    @admin.action(description="Start the selected experiments")
    def start_selected(self, request: HttpRequest, queryset: QuerySet[Experiment]) -> None:
        self._run(request, queryset, start)

    @admin.action(description="Stop the selected experiments")
    def stop_selected(self, request: HttpRequest, queryset: QuerySet[Experiment]) -> None:
        self._run(request, queryset, stop)

    def _run(
        self,
        request: HttpRequest,
        queryset: QuerySet[Experiment],
        change: Callable[..., Experiment],
    ) -> None:
        for experiment in queryset:
            try:
                done = change(experiment, timezone.now(), actor=request.user.get_username())
            except ExperimentError as error:
                self.message_user(request, f"{experiment}: {error}", messages.ERROR)
            else:
                self.message_user(request, f"{done}: {done.get_status_display().lower()}.")


@admin.register(Assignment)
class AssignmentAdmin(admin.ModelAdmin[Assignment]):
    """Evidence, so read only."""

    list_display = ["customer", "experiment", "variant", "is_forced", "assigned_at"]
    list_filter = ["experiment", "is_forced"]
    search_fields = ["customer__external_id"]
    list_select_related = ["customer", "experiment", "variant"]
    has_add_permission = has_change_permission = has_delete_permission = _never
