"""The two actions that the law gives every person, in the list of customers."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from privacy.erasure import erase_person
from privacy.export import export_person
from privacy.people import Person, find_person
from shop.admin import CustomerAdmin as ShopCustomerAdmin
from shop.models import Customer

admin.site.unregister(Customer)


@admin.register(Customer)
class CustomerAdmin(ShopCustomerAdmin):
    actions = ["export_everything", "erase"]

    def has_erase_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("shop.erase_customer")

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("shop.export_customer")

    @admin.action(description="Export all that is held on this person", permissions=["export"])
    def export_everything(self, request: HttpRequest, queryset: QuerySet[Customer]) -> HttpResponse | None:
        if len(queryset) != 1:
            self.message_user(request, "Choose one person to export.", messages.ERROR)
            return None
        customer = queryset[0]
        document = export_person(_person_of(customer), timezone.now())
        self.log_change(request, customer, "Exported all that is held on this person")
        headers = {"Content-Disposition": f'attachment; filename="person-{customer.pk}.json"'}
        return HttpResponse(document, "application/json", headers=headers)

    @admin.action(description="Erase this person for good", permissions=["erase"])
    def erase(self, request: HttpRequest, queryset: QuerySet[Customer]) -> HttpResponse | None:
        """Asks first, because it can't be undone."""
        if request.POST.get("confirmed") != "yes":
            context = {
                **self.admin_site.each_context(request),
                "customers": queryset,
                "title": "Erase for good",
            }
            return TemplateResponse(request, "privacy/confirm_erasure.html", context)
        for customer in queryset.filter(erased_at=None):
            erase_person(_person_of(customer), timezone.now())
            customer.refresh_from_db()
            self.log_change(request, customer, "Erased this person")
        self.message_user(request, "Erased. The addresses get no mail any more.")
        return None


def _person_of(customer: Customer) -> Person:
    """All rows of the person, by the address where there is one."""
    return find_person(customer.email or customer.external_id)
