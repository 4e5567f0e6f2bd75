from django.db.models import Prefetch
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import get_language

from campaigns.models import EmailTemplate, Step, TemplateVersion
from dashboard.mail import render_sample
from dashboard.pages import PageRequest, frame_mail
from dashboard.views.messages import VIEWS


def list_templates(request: PageRequest) -> HttpResponse:
    """Every template with its newest version and the campaigns that use it."""
    steps = Prefetch("steps", Step.objects.select_related("campaign"))
    templates = EmailTemplate.objects.prefetch_related("versions", steps).order_by("pk")
    rows = [(template, next(iter(template.versions.all()), None)) for template in templates]
    return render(request, "dashboard/templates.html", {"rows": rows})


def show_template(request: PageRequest, key: str) -> HttpResponse:
    version = _find_version(key)
    language = _choose_language(request, version)
    context = {
        "version": version,
        "language": language,
        "languages": list(version.texts),
        "mail": render_sample(version, language, now=timezone.now()),
        "view": request.GET.get("view") if request.GET.get("view") in VIEWS else "html",
    }
    return render(request, "dashboard/template.html", context)


def show_mail(request: PageRequest, key: str) -> HttpResponse:
    """The email alone, for the frame."""
    version = _find_version(key)
    language = _choose_language(request, version)
    return frame_mail(render_sample(version, language, now=timezone.now()).html)


def _find_version(key: str) -> TemplateVersion:
    """The newest version. Raises Http404 for a template that was never published."""
    template = get_object_or_404(EmailTemplate, key=key)
    version = template.versions.select_related("template").first()
    if version is None:
        raise Http404(f"The template {key} was never published.")
    return version


def _choose_language(request: PageRequest, version: TemplateVersion) -> str:
    """The language asked for, else that of the page, else the first one the template is written in."""
    wanted = (request.GET.get("language", ""), get_language() or "", *version.texts)
    return next((language for language in wanted if language in version.texts), "en")
