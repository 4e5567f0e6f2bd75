from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from campaigns.models import EmailTemplate, ProofEmail, Step
from campaigns.previews import complete_sample
from campaigns.proofs import ProofRefusedError, queue_proof
from dashboard.looks import LOOKS, WIDTHS, dress
from dashboard.pages import PageRequest, frame_preview
from dashboard.previewing import choose_context, find_customers, look_at, read_wish


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
    context["proofs"] = ProofEmail.objects.filter(template=wish.template, asked_by=request.user.pk)[:3]
    template = "_template_preview.html" if request.htmx else "template.html"
    return render(request, f"dashboard/{template}", context)


def show_mail(request: PageRequest, key: str) -> HttpResponse:
    """The email alone, for the frame."""
    wish = read_wish(key, request.GET)
    preview = look_at(wish, timezone.now(), checks=False)
    html = preview.email.html if preview.email else ""
    return frame_preview(dress(html, wish.look), with_images=wish.look != "bare")


REFUSALS = {
    "no_address": _("Your login has no email address. Add one in the back office first."),
    "too_many": _("These were many proofs. Wait for an hour before you send the next one."),
    "render_failed": _("The email could not be put together from its template."),
}


@require_POST
@permission_required("campaigns.add_proofemail", raise_exception=True)
def send_proof(request: PageRequest, key: str) -> HttpResponse:
    """The email that the page shows, to whoever looks at it, and to no other address."""
    wish, now = read_wish(key, request.POST), timezone.now()
    try:
        context = choose_context(wish, now)
        proof = queue_proof(wish.choice, complete_sample(context), request.user, now, about=wish.customer)
    except ProofRefusedError as refusal:
        messages.error(request, f"{REFUSALS[refusal.code]} {refusal.detail}".strip())
    else:
        messages.success(
            request, gettext("A proof is on its way to %(address)s.") % {"address": proof.recipient}
        )
    kept = ("language", "variant", "source", "look", "width", "customer")
    asked = {name: request.POST[name] for name in kept if request.POST.get(name)}
    return redirect(f"{reverse('dashboard:template', args=[key])}?{urlencode(asked)}")


@require_POST
def search_customers(request: PageRequest, key: str) -> HttpResponse:
    """Customers to look at the template with. What is typed here, perhaps an address, is in no URL."""
    template = get_object_or_404(EmailTemplate, key=key)
    found = find_customers(request.POST.get("q", "").strip())
    return render(request, "dashboard/_preview_customers.html", {"template": template, "found": found})
