from django.db.models import OuterRef, Subquery
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render

from dashboard.experiment_forms import RestartForm, make_weights_form
from dashboard.exports import describe, write_csv
from dashboard.pages import PageRequest
from dashboard.results import build_result, list_flows, name_arms
from dashboard.trails import tell_trail
from experiments.models import Decision, Experiment
from experiments.report import read_report

CHANGE = "experiments.change_experiment"


def list_experiments(request: PageRequest) -> HttpResponse:
    """Running first; each with the state that was last decided, never decided anew."""
    newest = Decision.objects.filter(experiment=OuterRef("pk"), version=OuterRef("version")).order_by("-day")
    experiments = Experiment.objects.prefetch_related("variants", "campaigns", "planned_campaigns")
    decided = experiments.annotate(decided=Subquery(newest.values("status")[:1]))
    order = {Experiment.Status.RUNNING: 0, Experiment.Status.DRAFT: 1}
    ordered = sorted(decided, key=lambda e: (order.get(Experiment.Status(e.status), 2), -e.pk))
    rows = [(experiment, list_flows(experiment)) for experiment in ordered]
    return render(request, "dashboard/experiments.html", {"experiments": rows})


def show_experiment(request: PageRequest, key: str) -> HttpResponse:
    """Reads day totals and stored looks. Opening it takes no look, so it can be opened at any time."""
    experiment = get_object_or_404(Experiment, key=key)
    result = build_result(experiment)
    variants = [row.line.variant for row in result.arms if row.line.variant]
    context = {
        "experiment": experiment,
        "result": result,
        "variants": variants,
        "trail": tell_trail(result.report.audit, name_arms(result.report)),
        "may_change": request.user.has_perm(CHANGE),
        "weights": make_weights_form(variants),
        "restart": RestartForm(label_suffix=""),
        "campaigns": list_flows(experiment),
    }
    return render(request, "dashboard/experiment.html", context)


def export_csv(_request: PageRequest, key: str) -> HttpResponse:
    report = read_report(get_object_or_404(Experiment, key=key))
    response = HttpResponse(write_csv(report), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{key}-looks.csv"'
    return response


def export_json(_request: PageRequest, key: str) -> HttpResponse:
    report = read_report(get_object_or_404(Experiment, key=key))
    response = JsonResponse(describe(report), json_dumps_params={"indent": 2})
    response.headers["Content-Disposition"] = f'attachment; filename="{key}.json"'
    return response
