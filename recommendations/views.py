"""Two doors: what a shop's own pages ask with a key, and "fewer of these" from an email, by a signed link."""

from hashlib import sha256
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from audience.links import preferences_url
from audience.models import Preference
from audience.pages import pick_language, render_page
from audience.standings import choose_language
from recommendations.answers import SECONDS, answer
from recommendations.catalogue import title_in
from recommendations.feedback import ask_for_fewer, read_fewer
from recommendations.questions import read_question
from shop.http import endpoint, json_response


@endpoint("GET", "HEAD")
def recommendations(request: HttpRequest) -> HttpResponse:
    """Products for a page of the shop. Browsers may keep the answer for a minute, caches between may not."""
    response = json_response(answer(read_question(request.GET), timezone.now()))
    response["ETag"] = f'"{sha256(response.content).hexdigest()[:32]}"'
    response["Cache-Control"] = f"private, max-age={SECONDS}"
    response["Vary"] = "Authorization"
    if response["ETag"] in request.headers.get("If-None-Match", ""):
        response.status_code, response.content = HTTPStatus.NOT_MODIFIED, b""
    return response


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def fewer(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows the products and asks; POST keeps them from this customer's suggestions. No login, no cookie:
    the signed address is the only authority, so a forger has nothing to forge."""
    found = read_fewer(token)
    if found is None:
        language = pick_language(translation.get_language_from_request(request))
        return render_page(request, "audience/dead_link.html", {}, language=language, status=404)
    customer, products = found
    if request.method == "POST":
        ask_for_fewer(customer, products, timezone.now())
    preference = Preference.objects.filter(customer=customer).first()
    language = pick_language(choose_language(customer, preference))
    context = {
        "is_saved": request.method == "POST",
        "titles": [title_in(product, language) for product in products],
        "preferences_url": preferences_url(customer.uuid),
    }
    return render_page(request, "audience/fewer.html", context, language=language, customer=customer)
