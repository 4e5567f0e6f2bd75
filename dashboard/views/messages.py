import uuid

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Message
from campaigns.progress import fold_events
from dashboard.forms import MessageFilter
from dashboard.mail import ShownMail, render_again
from dashboard.pages import PageRequest, frame_mail
from dashboard.paging import cut_page
from dashboard.timelines import tell_message

VIEWS = ("html", "text", "headers")
FILTERS = ("campaign", "status", "reason")  # what a link may ask for; what is typed stands in no URL


def list_messages(request: PageRequest) -> HttpResponse:
    """The list, or only its rows when htmx asks while someone types."""
    form = MessageFilter(request.POST or {name: request.GET.get(name, "") for name in FILTERS})
    messages = Message.objects.with_status().select_related("customer", "step__campaign", "rendered", "order")
    page = cut_page(request, form.apply(messages).order_by("-queued_at", "pk"))
    template = "_message_rows.html" if request.htmx else "messages.html"
    response = render(request, f"dashboard/{template}", {"form": form, "page": page})
    if request.htmx:
        chosen = {name: value for name in FILTERS if (value := request.POST.get(name))}
        response.headers["HX-Replace-Url"] = reverse("dashboard:messages", query=chosen)
    return response


def show_message(request: PageRequest, pk: uuid.UUID) -> HttpResponse:
    message = _find_message(pk)
    outcomes = message.outcomes.order_by("pk")
    events = list(message.events.select_related("link").order_by("occurred_at", "pk"))
    products = message.products.select_related("product", "because_of").order_by("-kind", "rank")
    context = {
        "message": message,
        "timeline": tell_message(message, outcomes, events),
        "progress": fold_events(events),
        "products": products,
        "mail": _render(message),
        "view": request.GET.get("view") if request.GET.get("view") in VIEWS else "html",
    }
    return render(request, "dashboard/message.html", context)


def show_mail(_request: PageRequest, pk: uuid.UUID) -> HttpResponse:
    """The email alone, for the frame."""
    return frame_mail(_render(_find_message(pk)).html)


def _find_message(pk: uuid.UUID) -> Message:
    messages = Message.objects.with_status().select_related(
        "batch",
        "customer",
        "order",
        "cart",
        "step__campaign",
        "rendered__version__template",
        "rendered__assignment__variant__experiment",
    )
    return get_object_or_404(messages, pk=pk)


def _render(message: Message) -> ShownMail:
    rendered = getattr(message, "rendered", None)
    return render_again(rendered, timezone.now()) if rendered else ShownMail()
