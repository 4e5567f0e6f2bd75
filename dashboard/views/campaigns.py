from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns.models import Campaign
from campaigns.reports import count_steps
from campaigns.switches import cancel_waiting, pause_campaign, resume_campaign
from dashboard.flow import build_flow, summarise
from dashboard.history import record_change, tell_changes
from dashboard.pages import PageRequest
from dashboard.periods import choose_period
from dashboard.views.sending import tell_cancelled


def list_campaigns(request: PageRequest) -> HttpResponse:
    chosen = choose_period(request.GET.get("days", ""), timezone.now())
    figures = count_steps(chosen.period)
    campaigns = Campaign.objects.prefetch_related("steps", "triggers").order_by("pk")
    rows = [summarise(campaign, figures) for campaign in campaigns]
    return render(request, "dashboard/campaigns.html", {"chosen": chosen, "rows": rows})


def show_campaign(request: PageRequest, key: str) -> HttpResponse:
    campaigns = Campaign.objects.select_related("experiment").prefetch_related("steps__template", "triggers")
    campaign = get_object_or_404(campaigns, key=key)
    chosen = choose_period(request.GET.get("days", ""), timezone.now())
    figures = count_steps(chosen.period)
    context = {
        "chosen": chosen,
        "row": summarise(campaign, figures),
        "flow": build_flow(campaign.steps.all(), figures),
        "changes": tell_changes(campaign),
    }
    return render(request, "dashboard/campaign.html", context)


@require_POST
@permission_required("campaigns.change_campaign", raise_exception=True)
def change_status(request: PageRequest, key: str) -> HttpResponseRedirect:
    """Pauses or resumes. What was queued before a pause is kept back until the campaign is live again."""
    campaign = get_object_or_404(Campaign, key=key)
    is_live = request.POST.get("status") == Campaign.Status.LIVE
    change = resume_campaign if is_live else pause_campaign
    with transaction.atomic():
        if change(campaign, timezone.now()):
            record_change(request.user.pk, campaign, "resumed" if is_live else "paused")
    said = _("“%(name)s” is live.") if is_live else _("“%(name)s” is paused.")
    messages.success(request, said % {"name": campaign.name})
    return redirect("dashboard:campaign", key=key)


@require_POST
@permission_required("campaigns.change_campaign", raise_exception=True)
def cancel_campaign(request: PageRequest, key: str) -> HttpResponseRedirect:
    """Ends what waits of the campaign, for good; what comes after is written as before."""
    campaign = get_object_or_404(Campaign, key=key)
    with transaction.atomic():
        ended = cancel_waiting(timezone.now(), campaign)
        record_change(request.user.pk, campaign, "cancelled")
    tell_cancelled(request, ended)
    return redirect("dashboard:campaign", key=key)
