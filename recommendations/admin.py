"""Tables to look at, which the next build would undo, and decisions to make, which it never touches."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from recommendations.models import (
    Bestseller,
    Bundle,
    ComplementRule,
    CustomerResponse,
    Listing,
    Neighbour,
    NeighbourModel,
    OfferRules,
    Pin,
    ProductResponse,
    ServiceOffer,
    SlotChoice,
    TypeNeighbour,
)


class _ReadOnlyAdmin(admin.ModelAdmin[Any]):
    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False


@admin.register(NeighbourModel)
class NeighbourModelAdmin(_ReadOnlyAdmin):
    list_display = ["id", "built_at", "is_active", "is_complete", "order_count"]
    list_filter = ["is_active"]


@admin.register(Neighbour)
class NeighbourAdmin(_ReadOnlyAdmin):
    list_display = ["product", "kind", "rank", "neighbour", "score", "support"]
    list_filter = ["kind", "model"]
    list_select_related = ["product", "neighbour"]
    search_fields = ["product__external_id", "product__title"]
    show_full_result_count = False


@admin.register(Bestseller)
class BestsellerAdmin(_ReadOnlyAdmin):
    list_display = ["department", "rank", "product", "sold"]
    list_select_related = ["product"]
    search_fields = ["department", "product__title"]


@admin.register(TypeNeighbour)
class TypeNeighbourAdmin(_ReadOnlyAdmin):
    list_display = ["product_type", "neighbour_type", "score", "support"]
    search_fields = ["product_type", "neighbour_type"]


@admin.register(CustomerResponse)
class CustomerResponseAdmin(_ReadOnlyAdmin):
    list_display = ["customer", "product", "shown", "ignored", "clicked", "fewer_at"]
    list_select_related = ["customer", "product"]
    search_fields = ["customer__external_id", "product__external_id"]
    show_full_result_count = False


@admin.register(ProductResponse)
class ProductResponseAdmin(_ReadOnlyAdmin):
    list_display = ["day", "product", "kind", "shown", "clicked", "bought"]
    list_select_related = ["product"]
    date_hierarchy = "day"
    show_full_result_count = False


class _DecisionAdmin(admin.ModelAdmin[Any]):
    """Products are named by their key in a field of their own: a list of a million would be none."""

    list_per_page = 50


@admin.register(OfferRules)
class OfferRulesAdmin(_DecisionAdmin):
    list_display = ["__str__", "most_picks", "fewest_picks", "is_all_or_nothing", "fallback"]


@admin.register(Listing)
class ListingAdmin(_DecisionAdmin):
    list_display = ["side", "place", "product", "category", "starts_on", "ends_on"]
    list_filter = ["side", "place"]
    raw_id_fields = ["product"]
    list_select_related = ["product"]


@admin.register(Pin)
class PinAdmin(_DecisionAdmin):
    list_display = ["place", "position", "product", "starts_on", "ends_on"]
    raw_id_fields = ["product"]
    list_select_related = ["product"]


@admin.register(ComplementRule)
class ComplementRuleAdmin(_DecisionAdmin):
    list_display = ["product", "product_type", "position", "complement", "note"]
    raw_id_fields = ["product", "complement"]
    list_select_related = ["product", "complement"]
    search_fields = ["product__external_id", "product_type", "complement__external_id"]


@admin.register(Bundle)
class BundleAdmin(_DecisionAdmin):
    list_display = ["external_id", "title", "price", "currency", "starts_on", "ends_on"]
    raw_id_fields = ["products"]
    search_fields = ["external_id", "title"]


@admin.register(ServiceOffer)
class ServiceOfferAdmin(_DecisionAdmin):
    list_display = ["kind", "service", "product", "product_type", "opens_after_days", "closes_after_days"]
    raw_id_fields = ["service", "product"]
    list_select_related = ["service", "product"]


@admin.register(SlotChoice)
class SlotChoiceAdmin(_ReadOnlyAdmin):
    list_display = ["model", "slot", "scorer", "reason"]
    list_filter = ["slot", "scorer"]
    list_select_related = ["model"]
