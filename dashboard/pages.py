"""What every page of the dashboard has in common: staff only, a strict content policy, no caching."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django_htmx.middleware import HtmxDetails

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# An email is a stranger's page: it gets no scripts, no forms, no cookies; its links open elsewhere.
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src 'self' https: data: {base_url}; frame-ancestors 'self'"
)
PREVIEW_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src {images}; frame-ancestors 'self'"
)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)


class PageRequest(HttpRequest):
    """What a page gets: `page` lets nobody else through."""

    user: User
    htmx: HtmxDetails


View = Callable[..., HttpResponseBase]


def guard(view: View) -> View:
    """The headers of a page, without the login."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        patch_cache_control(response, private=True, no_store=True)
        return response

    return guarded


def page(view: View) -> View:
    """A page for the staff. Strangers are asked to log in; who may not see or do it reads so, with a 403.

    A login alone is not enough: in a Django shop that runs Pairwell in its own process, customers have one.
    """

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            if not request.user.is_staff:
                raise PermissionDenied
            return view(request, *args, **kwargs)
        except PermissionDenied:
            return render(request, "dashboard/no_entry.html", status=403)

    return guard(login_required(shown))


def frame_preview(html: str, *, with_images: bool = True) -> HttpResponse:
    """An email that nobody got: in its frame not even its links work."""
    response = frame_mail(html)
    images = f"'self' https: data: {settings.PAIRWELL['BASE_URL']}" if with_images else "'none'"
    response.headers["Content-Security-Policy"] = PREVIEW_POLICY.format(images=images)
    return response


def frame_mail(html: str) -> HttpResponse:
    """An email in a frame of its own, shut off from the dashboard around it."""
    response = HttpResponse(_HEAD.sub(r'\g<0><base target="_blank">', html, count=1))
    response.headers["Content-Security-Policy"] = MAIL_POLICY.format(base_url=settings.PAIRWELL["BASE_URL"])
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
