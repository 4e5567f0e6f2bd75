"""The public pages. The signed token in the address is the only authority: no login, no cookie.

That is why they are exempt from CSRF protection: a forger without the token can't name a customer, and
one with it needs no forgery. RFC 8058 requires that the POST works from a mailbox provider's machine.
"""

from datetime import datetime

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from audience.consent import withdraw_consent
from audience.double_opt_in import Answer, confirm_request
from audience.forms import PreferenceForm
from audience.links import preferences_url, read_confirm, read_preferences, read_unsubscribe
from audience.models import PARTS_OF_MARKETING, Preference
from audience.pages import format_day, list_languages, pick_language, render_page
from audience.preferences import is_subscribed, save_choices
from audience.standings import choose_language, read_standings
from shop.merging import find_customer
from shop.models import Customer


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """POST takes the customer out of marketing at once; GET and HEAD only ask.

    The body is not even read, so that none that is broken, huge or never comes can stop a "no": who posts
    is told by the address, to which the form on our page adds `?from=page`.
    """
    link = read_unsubscribe(token)
    customer = find_customer(link[0]) if link else None
    if link is None or customer is None:
        return _render_dead_link(request)
    template = "audience/unsubscribe.html"
    if request.method == "POST":
        source = "preference_page" if request.GET.get("from") == "page" else "one_click"
        withdraw_consent(customer, source=source, proof=f"message {link[1]}", now=timezone.now())
        template = "audience/unsubscribed.html"
    preference = Preference.objects.filter(customer=customer).first()
    return render_page(
        request,
        template,
        {"preferences_url": preferences_url(customer.uuid)},
        language=pick_language(choose_language(customer, preference)),
        customer=customer,
    )


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The double opt-in: POST records the yes, once; GET and HEAD only ask, for scanners follow links too."""
    link = read_confirm(token)
    customer = find_customer(link[0]) if link else None
    if link is None or customer is None:
        return _render_dead_link(request)
    outcome = "asked"
    if request.method == "POST":
        answer = confirm_request(link[0], link[1], proof="link in the email", now=timezone.now())
        if answer is None:
            return _render_dead_link(request)
        outcome = answer.value
    return render_page(
        request,
        "audience/confirm.html",
        {"outcome": outcome, "preferences_url": preferences_url(customer.uuid)},
        language=pick_language(choose_language(customer, None)),
        customer=customer,
        status=410 if outcome == Answer.EXPIRED else 200,
    )


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """The preference page; POST saves its form and shows what is now in force."""
    uuid = read_preferences(token)
    customer = find_customer(uuid) if uuid else None
    if customer is None:
        return _render_dead_link(request)
    now, outcome = timezone.now(), ""
    if request.method == "POST":
        current = read_standings([customer], now)[customer.pk].language
        form = PreferenceForm(_read_form(request), language=pick_language(current))
        outcome = "saved" if form.is_valid() else "refused"
        if form.is_valid():
            save_choices(customer, form.read_choices(), now)
    return _render_preferences(request, customer, outcome=outcome, now=now)


def _render_preferences(
    request: HttpRequest, customer: Customer, *, outcome: str, now: datetime
) -> HttpResponse:
    preference = Preference.objects.filter(customer=customer).first() or Preference(customer=customer)
    language = pick_language(choose_language(customer, preference))
    until = preference.paused_until
    context = {
        "outcome": outcome,
        "is_subscribed": is_subscribed(read_standings([customer], now)[customer.pk]),
        "preference": preference,
        "topics": [(t, t.value not in preference.declined_topics) for t in PARTS_OF_MARKETING],
        "paused_until": format_day(until, language, customer.timezone) if until and until > now else "",
        "languages": list_languages(language),
        "offers_break": "break" in request.GET and not outcome,
    }
    return render_page(
        request,
        "audience/preferences.html",
        context,
        language=language,
        customer=customer,
        status=400 if outcome == "refused" else 200,
    )


def _render_dead_link(request: HttpRequest) -> HttpResponse:
    """The same page for a cut, altered or foreign link and for a customer who is gone: it tells nothing."""
    language = pick_language(translation.get_language_from_request(request))
    return render_page(request, "audience/dead_link.html", {}, language=language, status=404)


def _read_form(request: HttpRequest) -> QueryDict:
    """What was filled in; nothing where the body can't be read, which the form then refuses in words."""
    try:
        return request.POST
    except (BadRequest, MultiPartParserError, SuspiciousOperation, UnreadablePostError, ValueError):
        return QueryDict()
