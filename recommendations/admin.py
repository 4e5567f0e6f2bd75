"""The tables to look at. Nothing here is edited by hand: the next build would undo it."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from recommendations.models import Bestseller, Neighbour, NeighbourModel


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
