from django.conf import settings
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from dashboard.pages import PageRequest
from recommendations.engine import Considered, Request, explain
from recommendations.models import NeighbourModel
from shop.models import Product

FOUND = 8


def show_recommendations(request: PageRequest) -> HttpResponse:
    """Products that fit what is typed, and for the chosen one everything that was considered beside it."""
    query = request.GET.get("q", "").strip()
    chosen = _find_chosen(request.GET.get("product", ""))
    considered = _consider(chosen) if chosen else []
    context = {
        "query": query,
        "products": _search(query) if query else [],
        "chosen": chosen,
        "shown": [one for one in considered if not one.objection],
        "left_out": [one for one in considered if one.objection],
        "model": NeighbourModel.objects.filter(is_active=True).first(),
    }
    template = "_product_rows.html" if request.htmx else "recommendations.html"
    return render(request, f"dashboard/{template}", context)


def _find_chosen(external_id: str) -> Product | None:
    return Product.objects.filter(external_id=external_id).first() if external_id else None


def _search(query: str) -> list[Product]:
    matches = Q(title__icontains=query) | Q(external_id=query)
    return list(Product.objects.filter(matches).order_by("title", "pk")[:FOUND])


def _consider(product: Product) -> list[Considered]:
    """As for a customer of whom nothing is known, so that the rules about the product itself show."""
    request = Request(
        customer_id=None,
        anchors=(product.pk,),
        exclude=frozenset(),
        complements=3,
        upgrades=1,
        currency=settings.PAIRWELL["CURRENCY"],
    )
    return explain(request, timezone.now())
