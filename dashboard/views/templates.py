from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from campaigns.models import EmailTemplate, Step
from dashboard.looks import LOOKS, WIDTHS, dress
from dashboard.pages import PageRequest, frame_preview
from dashboard.previewing import find_customers, look_at, read_wish


def list_templates(request: PageRequest) -> HttpResponse:
    """Every template with its newest version and the campaigns that use it."""
    steps = Prefetch("steps", Step.objects.select_related("campaign"))
    templates = EmailTemplate.objects.prefetch_related("versions", steps).order_by("pk")
    rows = [(t, next(iter(t.versions.all()), None), _list_campaigns(t)) for t in templates]
    return render(request, "dashboard/templates.html", {"rows": rows})


def _list_campaigns(template: EmailTemplate) -> list[str]:
    return list(dict.fromkeys(step.campaign.name for step in template.steps.all()))


def show_template(request: PageRequest, key: str) -> HttpResponse:
    """The page, or only the email with its findings when htmx asks for another look."""
    wish = read_wish(key, request.GET)
    preview = look_at(wish, timezone.now())
    context = {"wish": wish, "preview": preview, "looks": LOOKS.items(), "widths": WIDTHS.items()}
    template = "_template_preview.html" if request.htmx else "template.html"
    return render(request, f"dashboard/{template}", context)


def show_mail(request: PageRequest, key: str) -> HttpResponse:
    """The email alone, for the frame."""
    wish = read_wish(key, request.GET)
    preview = look_at(wish, timezone.now(), checks=False)
    html = preview.email.html if preview.email else ""
    return frame_preview(dress(html, wish.look), with_images=wish.look != "bare")


@require_POST
def search_customers(request: PageRequest, key: str) -> HttpResponse:
    """Customers to look at the template with. What is typed here, perhaps an address, is in no URL."""
    template = get_object_or_404(EmailTemplate, key=key)
    found = find_customers(request.POST.get("q", "").strip())
    return render(request, "dashboard/_preview_customers.html", {"template": template, "found": found})
