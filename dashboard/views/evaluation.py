"""How good the recommendations are, measured on the shop's own orders, and which scorer each slot chose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dashboard.charts import Share, draw_shares
from dashboard.formatting import format_count, format_share
from dashboard.pages import PageRequest
from dashboard.words import METHOD, TASK, find_word
from recommendations.evaluation_runs import ask_for_evaluation, read_latest
from recommendations.models import EvaluationRun, NeighbourModel, SlotChoice
from recommendations.policy import SMALL_SHOP_ORDERS
from recommendations.selection import FEWEST_CASES

PERMISSION = "recommendations.add_evaluationrun"


@dataclass(frozen=True)
class TaskReport:
    """One task: a sentence for people who read no tables, a chart, and a row a method."""

    name: str
    verdict: str
    chart: SafeString | None
    rows: Sequence[tuple[str, Mapping[str, float]]]
    cases: int


@dataclass(frozen=True)
class ChoiceLine:
    """What a slot uses now, in words."""

    slot: str
    scorer: str
    why: str


def show_evaluation(request: PageRequest) -> HttpResponse:
    """The newest report beside the choices in use. Five queries."""
    latest = read_latest()
    model = NeighbourModel.objects.filter(is_active=True).first()
    context: dict[str, Any] = {
        "run": latest,
        "tasks": describe_tasks(latest.report) if latest and latest.report else [],
        "is_waiting": EvaluationRun.objects.filter(finished_at=None).exists(),
        "model": model,
        "choices": describe_choices(model) if model else [],
        "is_small": model is not None and model.order_count < SMALL_SHOP_ORDERS,
        "support_floor": model.notes.get("support_floor") if model else None,
        "may_ask": request.user.has_perm(PERMISSION),
    }
    return render(request, "dashboard/evaluation.html", context)


@require_POST
def ask_evaluation(request: PageRequest) -> HttpResponse:
    """Asks for a new report; the engine makes it when no mail is due."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    ask_for_evaluation(timezone.now())
    messages.success(
        request, _("Asked for. The engine measures when no email is due; look again in a few minutes.")
    )
    return redirect("dashboard:evaluation")


def describe_tasks(report: Mapping[str, Any]) -> list[TaskReport]:
    """The tasks of a report in the language of the page."""
    return [_describe_task(name, report["tasks"][name]) for name in TASK if name in report["tasks"]]


def describe_choices(model: NeighbourModel) -> list[ChoiceLine]:
    """The scorer of each slot, and why: the figures of the last weeks, or that there were too few orders."""
    rows = SlotChoice.objects.filter(model=model).order_by("pk")
    return [
        ChoiceLine(find_word("slot", row.slot), row.scorer.replace("_", " "), _say_why(row)) for row in rows
    ]


def _say_why(choice: SlotChoice) -> str:
    tried = choice.figures.get(choice.scorer)
    if not tried or (tried["n"] < FEWEST_CASES and choice.scorer != "popularity_30d"):
        return _(
            "Under %(fewest)s orders of the last weeks can be asked about, too few to compare: "
            "the usual scorer, then best-sellers."
        ) % {"fewest": format_count(FEWEST_CASES)}
    figures = {"cases": format_count(int(tried["n"])), "hits": format_share(tried["hit_rate@3"])}
    floor = choice.figures.get("popularity_30d")
    if floor is None or choice.scorer == "popularity_30d":
        return _("The best of all on %(cases)s cases of the last weeks: right in %(hits)s.") % figures
    figures["floor"] = format_share(floor["hit_rate@3"])
    return (
        _("The best on %(cases)s cases of the last weeks: right in %(hits)s, best-sellers in %(floor)s.")
        % figures
    )


def _describe_task(name: str, methods: Mapping[str, Mapping[str, float]]) -> TaskReport:
    rows = [(find_word("method", key), methods[key]) for key in METHOD if key in methods]
    cases = int(methods["engine"]["n"])
    title = find_word("task", name)
    chart = _draw(title, rows) if cases else None
    return TaskReport(
        title, _compare(methods) if cases else _("Nothing to ask in these orders."), chart, rows, cases
    )


def _draw(title: str, rows: Sequence[tuple[str, Mapping[str, float]]]) -> SafeString:
    shares = [Share(label, found["hit_rate@3"], found["hit_rate_se@3"]) for label, found in rows]
    listed = ", ".join(f"{share.label} {format_share(share.value)}" for share in shares)
    return draw_shares(shares, title=f"{title}: {listed}")


def _compare(methods: Mapping[str, Mapping[str, float]]) -> str:
    engine, floor = methods["engine"], methods["popularity_30d"]
    error = 2.0 * (engine["hit_rate_se@3"] ** 2 + floor["hit_rate_se@3"] ** 2) ** 0.5
    gain = engine["hit_rate@3"] - floor["hit_rate@3"]
    words = {"hits": format_share(engine["hit_rate@3"]), "floor": format_share(floor["hit_rate@3"])}
    verdict = _("That is better.") if gain > error else _("That is worse.")
    if abs(gain) <= error:
        verdict = _("That is no sure difference.")
    found = _("Of three products one was bought in %(hits)s; of best-sellers in %(floor)s.") % words
    return f"{found} {verdict}"
