"""Clicks, opens, and the provider's webhook: three public addresses, each proof against what it gets."""

from base64 import b64decode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.request import UnreadablePostError
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from campaigns.models import MessageEvent
from campaigns.tracking import find_destination, read_click, read_open, record_visit
from campaigns.webhooks import receive
from delivery.sendgrid_events import verify

PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
MAX_WEBHOOK_BYTES = 5 * 1024 * 1024


@require_safe
@never_cache
def click(request: HttpRequest, token: str) -> HttpResponse:
    """Records the click and leads to the address that was written into the email, and to no other."""
    found = read_click(token)
    if found is None:
        return render(request, "campaigns/link_gone.html", status=404)
    record_visit(
        MessageEvent.Kind.CLICKED,
        found.message_id,
        now=timezone.now(),
        agent=request.headers.get("User-Agent", ""),
        link=found.link,
        is_head=request.method == "HEAD",
    )
    return HttpResponseRedirect(find_destination(found))


@require_safe
@never_cache
def open_pixel(request: HttpRequest, token: str) -> HttpResponse:
    """A transparent pixel, whatever the token: an image that fails would show in the email."""
    message_id = read_open(token)
    if message_id is not None:
        agent = request.headers.get("User-Agent", "")
        record_visit(MessageEvent.Kind.OPENED, message_id, now=timezone.now(), agent=agent)
    return HttpResponse(PIXEL, content_type="image/gif")


@csrf_exempt
@require_POST
def sendgrid_webhook(request: HttpRequest) -> HttpResponse:
    """Verifies the signature over the raw bytes, stores them, and answers; making sense comes later."""
    body = _read_body(request)
    if len(body) > MAX_WEBHOOK_BYTES:
        return JsonResponse({"error": "The body is larger than 5 MB."}, status=413)
    if not verify(body, request.headers, settings.PAIRWELL["SENDGRID_WEBHOOK_KEYS"]):
        return JsonResponse({"error": "The signature does not fit."}, status=403)
    receive("sendgrid", body, timezone.now())
    return HttpResponse(status=204)


def _read_body(request: HttpRequest) -> bytes:
    """At most a byte more than is allowed, whatever Content-Length claims; empty where it breaks off."""
    try:
        return request.read(MAX_WEBHOOK_BYTES + 1)
    except UnreadablePostError:
        return b""
