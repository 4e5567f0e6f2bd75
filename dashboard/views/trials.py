"""A broadcast from the dashboard: seen first, then queued, its versions before the rest."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns.broadcasts import queue_broadcast
from campaigns.models import Campaign
from campaigns.trials import check_trial
from dashboard.formatting import format_count
from dashboard.history import record_change
from dashboard.pages import PageRequest
from dashboard.refusals import write_refusal
from dashboard.trial_forms import TrialForm, forecast
from experiments.problems import ExperimentError

MAY = "campaigns.add_trial"


@permission_required(MAY, raise_exception=True)
def show_trial(request: PageRequest, key: str) -> HttpResponse:
    """Asks and forecasts by address, and writes nothing."""
    campaign = _find_campaign(key)
    markets = ", ".join(campaign.experiment.markets) if campaign.experiment else ""
    form = TrialForm(request.GET or None, initial={"countries": markets}, label_suffix="")
    return _render(request, campaign, form)


@require_POST
@permission_required(MAY, raise_exception=True)
def send_trial(request: PageRequest, key: str) -> HttpResponse:
    """Queues it. A call that was cut off is made again under the same name: nobody gets two."""
    campaign, form, now = _find_campaign(key), TrialForm(request.POST, label_suffix=""), timezone.now()
    if not form.is_valid():
        return _render(request, campaign, form)
    occurrence = form.cleaned_data["occurrence"]
    try:
        queued = queue_broadcast(
            campaign, now, occurrence=occurrence, audience=form.audience(), trial=form.plan(now)
        )
    except ExperimentError as refusal:
        messages.error(request, write_refusal(refusal))
        return redirect("dashboard:campaign", key=key)
    record_change(request.user.pk, campaign, "tried")
    said = _("Emails queued: %(count)s. The versions leave first, what leads goes to the rest.")
    messages.success(request, said % {"count": format_count(queued)})
    return redirect("dashboard:campaign", key=key)


def _find_campaign(key: str) -> Campaign:
    """One that goes to a list: what a trigger starts has its own people, one by one."""
    lists = Campaign.objects.filter(message_class=Campaign.MessageClass.MARKETING, triggers=None)
    return get_object_or_404(lists.select_related("experiment"), key=key)


def _render(request: PageRequest, campaign: Campaign, form: TrialForm) -> HttpResponse:
    now, seen, problem = timezone.now(), None, ""
    try:
        check_trial(campaign)
        seen = forecast(campaign, form, now) if form.is_bound and form.is_valid() else None
    except ExperimentError as refusal:
        problem = write_refusal(refusal)
    context = {"campaign": campaign, "form": form, "forecast": seen, "problem": problem}
    return render(request, "dashboard/trial.html", context)
