from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from dashboard.pages import PageRequest
from dashboard.verdicts import judge_experiment
from experiments.models import Experiment


def list_experiments(request: PageRequest) -> HttpResponse:
    experiments = Experiment.objects.prefetch_related("variants").order_by("-pk")
    return render(request, "dashboard/experiments.html", {"experiments": experiments})


def show_experiment(request: PageRequest, key: str) -> HttpResponse:
    experiment = get_object_or_404(Experiment.objects.prefetch_related("variants"), key=key)
    context = {"experiment": experiment, "verdict": judge_experiment(experiment)}
    return render(request, "dashboard/experiment.html", context)
