"""The back office of consent: the ledger can be read, never rewritten."""

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from audience.models import ConsentEntry, Preference, ProviderList, Suppression
from audience.suppression import hash_address


def _never(*_args: object, **_kwargs: object) -> bool:
    return False


@admin.register(ConsentEntry)
class ConsentEntryAdmin(admin.ModelAdmin[ConsentEntry]):
    """Proof in a dispute, so nobody adds, changes or deletes a line by hand."""

    list_display = ["customer", "topic", "state", "basis", "source", "occurred_at", "recorded_at"]
    list_filter = ["state", "basis", "source"]
    search_fields = ["customer__external_id", "proof"]
    list_select_related = ["customer"]
    date_hierarchy = "occurred_at"

    has_add_permission = has_change_permission = has_delete_permission = _never


class SuppressionForm(forms.ModelForm[Suppression]):
    """Takes the address, keeps its hash."""

    address = forms.EmailField(help_text="Stored as a keyed hash only; it can't be read back.")

    class Meta:
        model = Suppression
        fields = ["scope", "detail"]

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or self.cleaned_data
        known = Suppression.objects.filter(
            address_hash=hash_address(cleaned.get("address", "")), scope=cleaned.get("scope", "")
        )
        if known.exists():
            raise forms.ValidationError("This address is suppressed in this scope already.")
        return cleaned


@admin.register(Suppression)
class SuppressionAdmin(admin.ModelAdmin[Suppression]):
    """Adding one keeps mail from an address; deleting one, as after a mended mailbox, lets mail out again."""

    form = SuppressionForm
    list_display = ["__str__", "scope", "reason", "detail", "created_at"]
    list_filter = ["scope", "reason"]
    search_fields = ["detail"]
    ordering = ["-created_at"]

    has_change_permission = _never

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Suppression], search_term: str
    ) -> tuple[QuerySet[Suppression], bool]:
        """A whole address finds its row too, by its hash."""
        found, needs_distinct = super().get_search_results(request, queryset, search_term)
        if search_term:
            found |= queryset.filter(address_hash=hash_address(search_term))
        return found, needs_distinct

    def save_model(
        self, request: HttpRequest, obj: Suppression, form: forms.ModelForm[Suppression], change: bool
    ) -> None:
        obj.address_hash = hash_address(form.cleaned_data["address"])
        obj.reason = Suppression.Reason.MANUAL
        obj.created_at = timezone.now()
        super().save_model(request, obj, form, change)


@admin.register(Preference)
class PreferenceAdmin(admin.ModelAdmin[Preference]):
    """What customers chose; they change it on their own page."""

    list_display = ["customer", "pace", "paused_until", "no_suggestions", "language", "updated_at"]
    list_filter = ["pace", "no_suggestions", "language"]
    search_fields = ["customer__external_id"]
    list_select_related = ["customer"]

    has_add_permission = has_change_permission = _never


@admin.register(ProviderList)
class ProviderListAdmin(admin.ModelAdmin[ProviderList]):
    """How far SendGrid's lists are in step with ours, and why not."""

    list_display = ["name", "finished_at", "entries", "due_at", "problem"]

    has_add_permission = has_change_permission = has_delete_permission = _never
