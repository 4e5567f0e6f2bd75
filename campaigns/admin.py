"""The back office for engineers: rare objects, and rows that are only ever read."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from campaigns.models import (
    Campaign,
    EmailTemplate,
    Message,
    MessageEvent,
    MessageOutcome,
    PreviewMail,
    RenderedMessage,
    SendBatch,
    Step,
    TemplateVersion,
    TrackedLink,
    WebhookPayload,
)


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """For rows that the engine appends: people look, nobody writes."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class StepForm(forms.ModelForm[Step]):
    """A step whose wait ends within a year: more is a slip of the finger."""

    delay_hours = forms.IntegerField(min_value=0, max_value=24 * 365, initial=0)

    class Meta:
        model = Step
        fields = "__all__"  # noqa: DJ007 (the back office edits all of it)


class StepInline(admin.TabularInline[Step, Campaign]):
    model = Step
    form = StepForm
    extra = 0


@admin.register(Campaign)
class CampaignAdmin(admin.ModelAdmin[Campaign]):
    list_display = ("name", "key", "message_class", "status")
    list_filter = ("message_class", "status")
    search_fields = ("name", "key")
    raw_id_fields = ("experiment", "planned_experiments")
    inlines = (StepInline,)


@admin.register(EmailTemplate)
class EmailTemplateAdmin(admin.ModelAdmin[EmailTemplate]):
    list_display = ("name", "key")
    search_fields = ("name", "key")


@admin.register(TemplateVersion)
class TemplateVersionAdmin(ReadOnlyAdmin):
    list_display = ("template", "number", "published_at")
    list_filter = ("template",)
    list_select_related = ("template",)


@admin.register(SendBatch)
class SendBatchAdmin(ReadOnlyAdmin):
    list_display = ("id", "campaign", "state", "priority", "due_at", "submitted_at", "finished_at", "fence")
    list_filter = ("state", "campaign")
    list_select_related = ("campaign",)


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ("id", "step", "occurrence", "queued_at", "due_at", "is_closed")
    list_filter = ("is_closed", "step__campaign")
    list_select_related = ("step__campaign",)
    search_fields = ("=id", "=customer__external_id", "=order__external_id")
    raw_id_fields = ("customer", "event", "order", "cart", "batch")


@admin.register(RenderedMessage)
class RenderedMessageAdmin(ReadOnlyAdmin):
    list_display = ("message_id", "subject", "language", "is_marketing", "possible_duplicate", "created_at")
    list_filter = ("language", "is_marketing", "possible_duplicate")


@admin.register(MessageOutcome)
class MessageOutcomeAdmin(ReadOnlyAdmin):
    list_display = ("message_id", "kind", "reason", "until", "at")
    list_filter = ("kind", "reason")


@admin.register(MessageEvent)
class MessageEventAdmin(ReadOnlyAdmin):
    list_display = ("message_id", "kind", "provider", "is_machine", "occurred_at")
    list_filter = ("kind", "provider", "is_machine")


@admin.register(WebhookPayload)
class WebhookPayloadAdmin(ReadOnlyAdmin):
    list_display = ("id", "provider", "received_at", "processed_at", "problems")
    list_filter = ("provider", ("processed_at", admin.EmptyFieldListFilter))
    exclude = ("body",)


@admin.register(TrackedLink)
class TrackedLinkAdmin(ReadOnlyAdmin):
    list_display = ("id", "url")
    search_fields = ("url",)
    exclude = ("key",)


@admin.register(PreviewMail)
class PreviewMailAdmin(ReadOnlyAdmin):
    list_display = ("subject", "recipient", "received_at")
    search_fields = ("subject",)  # it stands in the URL: by address in the dashboard's inbox
    exclude = ("mime",)
