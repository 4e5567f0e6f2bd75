from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from dashboard.flow import describe_trigger, find_kind
from dashboard.forms import TriggerForm, build_trigger_forms
from dashboard.history import record_change
from dashboard.pages import PageRequest
from triggers.models import Trigger


def edit_trigger(request: PageRequest, key: str) -> HttpResponse:
    """The trigger's own fields and the settings of its kind, each checked by its own form.

    The staff may look; to save takes the permission to change triggers.
    """
    trigger = get_object_or_404(Trigger.objects.select_related("campaign"), key=key)
    may_change = request.user.has_perm("triggers.change_trigger")
    data = request.POST if request.method == "POST" else None
    if data is not None and not may_change:
        raise PermissionDenied
    context = {"start": describe_trigger(trigger), "kind": find_kind(trigger), "may_change": may_change}
    form, settings_form = build_trigger_forms(trigger, data, may_change=may_change)
    if data is not None and form.is_valid() and (settings_form is None or settings_form.is_valid()):
        _save(form, settings_form, user_id=request.user.pk)
        messages.success(request, _("Saved. It counts for everything that happens from now on."))
        return redirect("dashboard:campaign", key=trigger.campaign.key)
    shown = [form, settings_form] if settings_form else [form]
    return render(request, "dashboard/trigger.html", context | {"forms": shown})


def _save(form: TriggerForm, settings_form: forms.Form | None, *, user_id: int) -> None:
    """Settings of a kind that is not installed stay as they are."""
    with transaction.atomic():
        trigger = form.save(commit=False)
        if settings_form:
            trigger.settings = settings_form.cleaned_data
        trigger.save(update_fields=[*form.fields, "settings"])
        record_change(user_id, trigger, "edited")
