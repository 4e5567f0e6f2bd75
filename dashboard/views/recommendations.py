from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from dashboard.pages import PageRequest
from recommendations.engine import Moment, Outcome, Request, account_for
from recommendations.feedback import read_acceptance
from recommendations.models import NeighbourModel
from recommendations.rules import count_objections
from shop.models import Customer, OrderLine, Product

FOUND = 8
ACCEPTANCE_DAYS = 30
MOST_ACCEPTED = 12


@dataclass(frozen=True)
class Stage:
    """A rule that took candidates out: how many, and how many were left then."""

    objection: str
    taken: int
    left: int


def show_recommendations(request: PageRequest) -> HttpResponse:
    """For a product or a customer everything that was considered, from the candidates to those shown."""
    query = request.GET.get("q", "").strip()
    chosen, customer = _find_chosen(request), _find_customer(request)
    outcome = _account(chosen, customer) if chosen or customer else None
    considered = outcome.considered if outcome else []
    context: dict[str, Any] = {
        "query": query,
        "products": _search(query) if query else [],
        "chosen": chosen,
        "customer": customer,
        "customer_query": request.GET.get("customer", ""),
        "outcome": outcome,
        "funnel": _make_funnel(outcome) if outcome else [],
        "shown": [one for one in considered if not one.objection],
        "left_out": [one for one in considered if one.objection],
        "model": NeighbourModel.objects.filter(is_active=True).first(),
    }
    if request.htmx:
        return render(request, "dashboard/_product_rows.html", context)
    since = (timezone.now() - timedelta(days=ACCEPTANCE_DAYS)).date()
    context["acceptance"] = read_acceptance(since, most=MOST_ACCEPTED)
    return render(request, "dashboard/recommendations.html", context)


def _find_chosen(request: PageRequest) -> Product | None:
    external_id = request.GET.get("product", "")
    return Product.objects.filter(external_id=external_id).first() if external_id else None


def _find_customer(request: PageRequest) -> Customer | None:
    query = request.GET.get("customer", "").strip()
    found = Customer.objects.filter(Q(external_id=query) | Q(email__iexact=query)).order_by("pk")
    return found.first() if query else None


def _search(query: str) -> list[Product]:
    matches = Q(title__icontains=query) | Q(external_id=query)
    return list(Product.objects.filter(matches).order_by("title", "pk")[:FOUND])


def _make_funnel(outcome: Outcome) -> list[Stage]:
    stages, left = [], len(outcome.considered)
    for code, taken in count_objections([one.objection for one in outcome.considered]):
        left -= taken
        stages.append(Stage(code, taken, left))
    return stages


def _account(product: Product | None, customer: Customer | None) -> Outcome:
    """About a product, for a customer of whom nothing is known unless one is named; about a customer's last
    order where no product is."""
    order = customer.orders.filter(cancelled_at=None).order_by("-placed_at").first() if customer else None
    anchors: tuple[int, ...] = (product.pk,) if product else ()
    if not product and order:
        lines = OrderLine.objects.filter(order=order).order_by("pk")
        anchors = tuple(dict.fromkeys(lines.values_list("product", flat=True)))
    request = Request(
        customer_id=customer.pk if customer else None,
        anchors=anchors,
        exclude=frozenset(),
        complements=3,
        upgrades=1,
        currency=(customer.currency if customer else "") or settings.PAIRWELL["CURRENCY"],
        services=1,
        repeats=1 if customer else 0,
        moment=Moment.AFTER if order and not product else Moment.BEFORE,
        bought_at=order.placed_at if order and not product else None,
    )
    return account_for(request, timezone.now())
