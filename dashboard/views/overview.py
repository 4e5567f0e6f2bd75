from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from dashboard.overview import build_overview
from dashboard.pages import PageRequest
from dashboard.periods import choose_period


def show_overview(request: PageRequest) -> HttpResponse:
    now = timezone.now()
    chosen = choose_period(request.GET.get("days", ""), now)
    context = {"chosen": chosen, "overview": build_overview(chosen, now)}
    return render(request, "dashboard/overview.html", context)
