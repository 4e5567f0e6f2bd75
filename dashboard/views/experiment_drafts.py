from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from dashboard.drafts import make_forms, save_draft
from dashboard.pages import PageRequest
from dashboard.planner import PlannerForm, plan
from dashboard.views.experiments import CHANGE
from experiments.models import Experiment
from experiments.revenue import measure_orders


@permission_required(CHANGE, raise_exception=True)
def make_draft(request: PageRequest) -> HttpResponse:
    return _handle(request, None)


@permission_required(CHANGE, raise_exception=True)
def edit_draft(request: PageRequest, key: str) -> HttpResponse:
    """Only a draft can be changed: once people entered, what they entered must stay."""
    experiment = get_object_or_404(Experiment, key=key)
    if experiment.status != Experiment.Status.DRAFT:
        messages.error(request, _("It has started, so its arms stay as they are. Make a new experiment."))
        return redirect("dashboard:experiment", key=key)
    return _handle(request, experiment)


def show_planner(request: PageRequest) -> HttpResponse:
    """Answers by address, so that a plan can be passed on."""
    orders = None if request.GET else measure_orders(timezone.now())
    form = PlannerForm(request.GET or None, orders=orders)
    needs = plan(form) if form.is_bound and form.is_valid() else None
    return render(request, "dashboard/planner.html", {"form": form, "planned": needs})


def _handle(request: PageRequest, experiment: Experiment | None) -> HttpResponse:
    draft = make_forms(experiment, request.POST if request.method == "POST" else None)
    if request.method == "POST" and draft.are_valid():
        actor = request.user.get_full_name() or request.user.get_username()
        if saved := save_draft(draft, timezone.now(), actor=actor):
            messages.success(request, _("Saved as a draft. Nothing is sent differently until you start it."))
            return redirect("dashboard:experiment", key=saved.key)
    context = {"draft": draft, "experiment": experiment}
    return render(request, "dashboard/experiment_form.html", context)
