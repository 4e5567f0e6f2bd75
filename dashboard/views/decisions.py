"""What people decide by hand, place by place: limits, lists, pins and complements."""

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dashboard.decision_forms import DecisionForm
from dashboard.decisions import (
    KINDS,
    MOST_ROWS,
    Decision,
    Section,
    list_places,
    read_rows,
    tell_in_force,
)
from dashboard.forms import OfferRulesForm
from dashboard.history import record_change, tell_decisions
from dashboard.pages import PageRequest
from recommendations.models import OfferRules

CHANGE = "recommendations.change_offerrules"


def edit_rules(request: PageRequest) -> HttpResponse:
    """The limits of a place and what is decided by hand there. The staff may look; to add, to remove and to
    save take their permissions. A post says in `what` which of its forms it is."""
    places, place = list_places(), request.GET.get("place", "")
    if place not in places:
        raise Http404
    data = request.POST if request.method == "POST" else None
    what = request.POST.get("what", "rules") if data is not None else ""
    rules = _build_rules(request.user, place, data if what == "rules" else None)
    forms = {
        kind: about.form(data if what == kind else None, place=place, prefix=kind)
        for kind, about in KINDS.items()
    }
    if data is not None and _save(request.user, what, rules, forms):
        messages.success(request, _("Saved. It counts for everything that happens from now on."))
        return _go_back(place)
    query = request.GET.get("q", "").strip()
    context = {
        "form": rules,
        "place": place,
        "places": places,
        "place_name": places[place],
        "query": query,
        "sections": [_build_section(request.user, kind, place, query, form) for kind, form in forms.items()],
        "changes": tell_decisions(),
        "may_change": request.user.has_perm(CHANGE),
    }
    return render(request, "dashboard/recommendation_rules.html", context)


@require_POST
def remove_decision(request: PageRequest, kind: str, pk: int) -> HttpResponseRedirect:
    """Takes a list entry, a pin or a complement away; the trace of who did stays."""
    if kind not in KINDS:
        raise Http404
    about = KINDS[kind]
    _demand(request.user, about.may("delete"))
    row = get_object_or_404(about.model, pk=pk)
    with transaction.atomic():
        record_change(request.user.pk, row, about.removed)
        row.delete()
    messages.success(request, _("Removed. It counts for everything that happens from now on."))
    return _go_back(request.GET.get("place", ""))


def _go_back(place: str) -> HttpResponseRedirect:
    query = f"?{urlencode({'place': place})}" if place else ""
    return redirect(reverse("dashboard:recommendation_rules") + query)


def _build_rules(user: User, place: str, data: QueryDict | None) -> OfferRulesForm:
    row = OfferRules.objects.filter(place=place).first() or OfferRules(place=place)
    return OfferRulesForm(data, instance=row, may_change=user.has_perm(CHANGE), in_force=tell_in_force(place))


def _save(user: User, what: str, rules: OfferRulesForm, forms: dict[str, DecisionForm]) -> bool:
    """Whether what was posted is written, with its trace. Raises PermissionDenied before anything is."""
    if what == "rules":
        _demand(user, CHANGE)
        if not rules.is_valid():
            return False
        with transaction.atomic():
            record_change(user.pk, rules.save(), "edited")
        return True
    if what not in KINDS:
        raise Http404
    _demand(user, KINDS[what].may("add"))
    return _add(user, what, forms[what])


def _add(user: User, kind: str, form: DecisionForm) -> bool:
    if not form.is_valid():
        return False
    with transaction.atomic():
        if row := form.add():
            record_change(user.pk, row, KINDS[kind].added)
    return row is not None


def _demand(user: User, permission: str) -> None:
    if not user.has_perm(permission):
        raise PermissionDenied


def _build_section(user: User, kind: str, place: str, query: str, form: DecisionForm) -> Section:
    rows, today = list(read_rows(kind, place, query)[: MOST_ROWS + 1]), timezone.now().date()
    return Section(
        kind,
        [Decision(row, row.judge_day(today)) for row in rows[:MOST_ROWS]],
        has_more=len(rows) > MOST_ROWS,
        form=form,
        may_add=user.has_perm(KINDS[kind].may("add")),
        may_remove=user.has_perm(KINDS[kind].may("delete")),
    )
