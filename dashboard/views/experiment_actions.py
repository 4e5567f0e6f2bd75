"""Starting, stopping, rolling out: each asks first on its page, needs the permission, leaves a trace."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dashboard.experiment_forms import RestartForm, make_weights_form
from dashboard.pages import PageRequest
from dashboard.refusals import write_refusal
from dashboard.views.experiments import CHANGE
from experiments import running
from experiments.models import Experiment
from experiments.problems import ExperimentError


@require_POST
@permission_required(CHANGE, raise_exception=True)
def start_experiment(request: PageRequest, key: str) -> HttpResponseRedirect:
    experiment = get_object_or_404(Experiment, key=key)
    said = _("“%(name)s” is running.") % {"name": experiment.name}
    return _try(request, key, said, lambda: running.start(experiment, timezone.now(), actor=_name(request)))


@require_POST
@permission_required(CHANGE, raise_exception=True)
def stop_experiment(request: PageRequest, key: str) -> HttpResponseRedirect:
    experiment = get_object_or_404(Experiment, key=key)
    said = _("“%(name)s” is stopped.") % {"name": experiment.name}
    return _try(request, key, said, lambda: running.stop(experiment, timezone.now(), actor=_name(request)))


@require_POST
@permission_required(CHANGE, raise_exception=True)
def restart_experiment(request: PageRequest, key: str) -> HttpResponseRedirect:
    """Only with a reason: who entered before no longer counts."""
    experiment, form = get_object_or_404(Experiment, key=key), RestartForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say what was wrong; it is kept in the history."))
        return redirect("dashboard:experiment", key=key)
    said = _("“%(name)s” runs again, from nobody.") % {"name": experiment.name}
    why = form.cleaned_data["why"]
    return _try(
        request,
        key,
        said,
        lambda: running.restart(experiment, timezone.now(), actor=_name(request), why=why),
    )


@require_POST
@permission_required(CHANGE, raise_exception=True)
def roll_out_variant(request: PageRequest, key: str) -> HttpResponseRedirect:
    experiment = get_object_or_404(Experiment, key=key)
    variant = get_object_or_404(experiment.variants, key=request.POST.get("variant", ""))
    said = _("Everybody gets “%(name)s” from now on.") % {"name": variant.name}
    return _try(
        request,
        key,
        said,
        lambda: running.roll_out(experiment, variant, timezone.now(), actor=_name(request)),
    )


@require_POST
@permission_required(CHANGE, raise_exception=True)
def change_split(request: PageRequest, key: str) -> HttpResponseRedirect:
    """Who enters from now on is compared only with each other: a new epoch."""
    experiment = get_object_or_404(Experiment, key=key)
    form = make_weights_form(list(experiment.variants.all()), request.POST)
    if not form.is_valid():
        messages.error(request, _("Write a number from 0 upwards for each arm."))
        return redirect("dashboard:experiment", key=key)
    said = _("The split is changed for everybody who enters from now on.")
    weights = form.cleaned_data
    return _try(
        request,
        key,
        said,
        lambda: running.change_weights(experiment, weights, timezone.now(), actor=_name(request)),
    )


@require_POST
@permission_required(CHANGE, raise_exception=True)
def change_automatic(request: PageRequest, key: str) -> HttpResponseRedirect:
    experiment, is_on = get_object_or_404(Experiment, key=key), request.POST.get("automatic") == "on"
    said = _("The automatic roll-out is on.") if is_on else _("The automatic roll-out is off.")
    return _try(
        request,
        key,
        said,
        lambda: running.switch_automatic(experiment, is_on, timezone.now(), actor=_name(request)),
    )


def _try(request: PageRequest, key: str, said: str, act: Callable[[], object]) -> HttpResponseRedirect:
    """A refusal is shown as it is worded: it names what to mend."""
    try:
        act()
    except ExperimentError as refusal:
        messages.error(request, write_refusal(refusal))
    else:
        messages.success(request, said)
    return redirect("dashboard:experiment", key=key)


def _name(request: PageRequest) -> str:
    return request.user.get_full_name() or request.user.get_username()
