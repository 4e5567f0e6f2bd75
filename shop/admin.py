"""The plain admin of the shop's facts; the event log can be read, never written."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from shop.models import ApiKey, Cart, CartLine, Customer, Event, Order, OrderLine, Product, Refund


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    def has_add_permission(self, *_: object, **__: object) -> bool:
        return False

    def has_change_permission(self, *_: object, **__: object) -> bool:
        return False

    def has_delete_permission(self, *_: object, **__: object) -> bool:
        return False


class OrderLineInline(admin.TabularInline[OrderLine, Order]):
    model = OrderLine
    raw_id_fields = ["product"]
    extra = 0


# The back office puts what is searched for into the URL, and so into the logs of servers.
SEARCH_HELP = "By id. The dashboard finds customers by name and address, too."


class CartLineInline(admin.TabularInline[CartLine, Cart]):
    model = CartLine
    raw_id_fields = ["product"]
    extra = 0


@admin.register(Customer)
class CustomerAdmin(admin.ModelAdmin[Customer]):
    list_display = ["external_id", "name", "email", "language", "country", "created_at"]
    list_filter = ["language", "country"]
    search_fields = ["external_id"]
    search_help_text = SEARCH_HELP
    readonly_fields = ["uuid", "stated_at"]


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin[Product]):
    list_display = ["external_id", "title", "category", "price", "currency", "stock", "status"]
    list_filter = ["status", "currency"]
    search_fields = ["external_id", "title", "category"]
    readonly_fields = ["stated_at"]


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin[Order]):
    list_display = [
        "external_id",
        "customer",
        "placed_at",
        "total",
        "currency",
        "delivered_at",
        "cancelled_at",
    ]
    list_select_related = ["customer"]
    list_filter = ["currency"]
    date_hierarchy = "placed_at"
    search_fields = ["external_id", "customer__external_id"]
    raw_id_fields = ["customer"]
    readonly_fields = ["stated_at"]
    inlines = [OrderLineInline]


@admin.register(Refund)
class RefundAdmin(admin.ModelAdmin[Refund]):
    list_display = ["external_id", "order", "amount", "currency", "refunded_at"]
    list_select_related = ["order"]
    search_fields = ["external_id", "order__external_id"]
    raw_id_fields = ["order"]


@admin.register(Cart)
class CartAdmin(admin.ModelAdmin[Cart]):
    list_display = ["external_id", "customer", "updated_at", "closed_at", "is_derived"]
    list_select_related = ["customer"]
    list_filter = ["is_derived", ("closed_at", admin.EmptyFieldListFilter)]
    search_fields = ["external_id", "customer__external_id"]
    raw_id_fields = ["customer"]
    inlines = [CartLineInline]


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ["external_id", "kind", "source", "customer", "occurred_at", "received_at", "processed_at"]
    list_select_related = ["customer"]
    list_filter = ["kind", "source", ("processed_at", admin.EmptyFieldListFilter), "problem"]
    date_hierarchy = "occurred_at"
    search_fields = ["external_id", "customer__external_id", "order__external_id"]
    show_full_result_count = False
    actions = ["process_again"]

    def has_process_again_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("shop.change_event")

    @admin.action(permissions=["process_again"], description="Process again what was put aside")
    def process_again(self, request: HttpRequest, events: QuerySet[Event]) -> None:
        """For when the fault was ours and is mended; whoever was enrolled before stays enrolled once."""
        again = events.exclude(problem="").update(processed_at=None, consent_applied_at=None, problem="")
        self.message_user(request, f"{again} events will be processed again.")


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """Keys are made by `manage.py create_api_key`, which shows them once; here they end."""

    list_display = ["name", "prefix", "created_at", "revoked_at"]
    actions = ["revoke"]

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("shop.change_apikey")

    @admin.action(permissions=["revoke"], description="Revoke: requests with these keys get 401")
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        count = keys.filter(revoked_at=None).update(revoked_at=timezone.now())
        self.message_user(request, f"{count} revoked.")
