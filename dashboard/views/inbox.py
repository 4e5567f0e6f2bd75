from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from campaigns.models import Message, PreviewMail
from dashboard.mail import read_preview
from dashboard.pages import PageRequest, frame_mail
from dashboard.paging import cut_page, read_query
from dashboard.views.messages import VIEWS


def list_mails(request: PageRequest) -> HttpResponse:
    """The emails that would have left, newest first. The message itself is not loaded for a list."""
    query = read_query(request)
    mails = PreviewMail.objects.defer("mime").order_by("-received_at", "-pk")
    if query:
        mails = mails.filter(Q(recipient__icontains=query) | Q(subject__icontains=query))
    template = "_inbox_rows.html" if request.htmx else "inbox.html"
    return render(request, f"dashboard/{template}", {"page": cut_page(request, mails), "query": query})


def show_preview(request: PageRequest, pk: int) -> HttpResponse:
    mail = get_object_or_404(PreviewMail, pk=pk)
    context = {
        "preview": mail,
        "mail": read_preview(mail),
        "message": Message.objects.filter(pk=mail.delivery_id).first(),
        "view": request.GET.get("view") if request.GET.get("view") in VIEWS else "html",
    }
    return render(request, "dashboard/preview.html", context)


def show_mail(_request: PageRequest, pk: int) -> HttpResponse:
    """The email alone, for the frame."""
    return frame_mail(read_preview(get_object_or_404(PreviewMail, pk=pk)).html)
