from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from dashboard.flow import describe_trigger
from dashboard.forms import TriggerForm
from dashboard.pages import PageRequest
from triggers import kinds
from triggers.base import TriggerKind
from triggers.models import Trigger


def edit_trigger(request: PageRequest, key: str) -> HttpResponse:
    """The trigger's own fields and the settings of its kind, each checked by its own form."""
    trigger = get_object_or_404(Trigger.objects.select_related("campaign"), key=key)
    kind = _find_kind(trigger)
    data = request.POST if request.method == "POST" else None
    form = TriggerForm(data, instance=trigger)
    settings_form = kind.settings_form(data, initial=trigger.settings, prefix="settings", label_suffix="")
    if data is not None and form.is_valid() and settings_form.is_valid():
        _save(form, settings_form)
        messages.success(request, _("Saved. It counts for everything that happens from now on."))
        return redirect("dashboard:campaign", key=trigger.campaign.key)
    context: dict[str, Any] = {"start": describe_trigger(trigger), "kind": kind}
    return render(request, "dashboard/trigger.html", context | {"forms": [form, settings_form]})


def _find_kind(trigger: Trigger) -> TriggerKind:
    try:
        return kinds.get(trigger.kind)
    except KeyError as error:
        raise Http404(str(error)) from error


def _save(form: TriggerForm, settings_form: forms.Form) -> None:
    trigger = form.save(commit=False)
    trigger.settings = settings_form.cleaned_data
    trigger.save(update_fields=[*form.fields, "settings"])
