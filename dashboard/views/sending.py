from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from campaigns.models import Alert, Route
from campaigns.switches import cancel_waiting, pause_route, resume_route
from campaigns.transports import build_current_transport
from dashboard.control import build_control
from dashboard.formatting import format_count
from dashboard.history import record_change, tell_route_changes
from dashboard.pages import PageRequest


def show_sending(request: PageRequest) -> HttpResponse:
    """Ways out, limits and alerts; the switches for those who may use them."""
    control = build_control(build_current_transport().name, timezone.now())
    context = {"control": control, "changes": tell_route_changes(), "everything": Route.EVERYTHING}
    return render(request, "dashboard/sending.html", context)


@require_POST
@permission_required("campaigns.change_route", raise_exception=True)
def switch_route(request: PageRequest, name: str) -> HttpResponseRedirect:
    """Pauses or resumes a way out, or all mail. From the commit on no batch is claimed."""
    known = {Route.EVERYTHING, build_current_transport().name}
    if name not in known and not Route.objects.filter(name=name).exists():
        raise Http404
    is_pause = request.POST.get("action") == "pause"
    with transaction.atomic():
        changed = pause_route(name, timezone.now()) if is_pause else resume_route(name)
        if changed:
            route = Route.objects.get(name=name)
            record_change(request.user.pk, route, "paused" if is_pause else "resumed")
    said = _("No mail leaves from now on.") if is_pause else _("Mail leaves again.")
    messages.success(request, said)
    return redirect("dashboard:sending")


@require_POST
@permission_required("campaigns.change_route", raise_exception=True)
def cancel_everything(request: PageRequest) -> HttpResponseRedirect:
    """Ends all that waits, for good."""
    with transaction.atomic():
        ended = cancel_waiting(timezone.now())
        Route.objects.bulk_create([Route(name=Route.EVERYTHING)], ignore_conflicts=True)
        record_change(request.user.pk, Route.objects.get(name=Route.EVERYTHING), "cancelled")
    tell_cancelled(request, ended)
    return redirect("dashboard:sending")


@require_POST
@permission_required("campaigns.change_alert", raise_exception=True)
def close_alert(request: PageRequest, pk: int) -> HttpResponseRedirect:
    """Somebody took note. If it happens again, it is raised again."""
    alert = get_object_or_404(Alert, pk=pk)
    with transaction.atomic():
        if Alert.objects.filter(pk=pk, resolved_at=None).update(resolved_at=timezone.now()):
            record_change(request.user.pk, alert, "noted")
    return redirect("dashboard:sending")


def tell_cancelled(request: PageRequest, ended: int) -> None:
    text = ngettext("%(count)s email was cancelled.", "%(count)s emails were cancelled.", ended)
    messages.success(request, text % {"count": format_count(ended)})
