"""Two customers turn out to be one person: what the shop knows of the one goes to the other.

The row of the one who goes stays as a shell, because its id may still come in late news.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import OuterRef, Subquery

from shop.models import Cart, Customer, Event, Order
from shop.values import read_id

MERGED = "customer.merged"
_FILLED = ("email", "name", "language", "country", "timezone", "currency")


class Merges:
    """Who was merged into whom, and what a batch adds to that. Rows are told apart by external id."""

    def __init__(self) -> None:
        self._into: dict[str, Customer] = {}
        self._new: list[tuple[Customer, Customer]] = []

    def learn(self, customers: Iterable[Customer]) -> None:
        """Takes note of earlier merges among these rows."""
        by_key = {row.pk: row for row in customers if row.pk}
        for row in list(by_key.values()):
            if row.merged_into_id in by_key:
                self._into[row.external_id] = by_key[row.merged_into_id]

    def follow(self, customer: Customer) -> Customer:
        """The customer that this one is now; itself where it was never merged."""
        while customer.external_id in self._into:
            customer = self._into[customer.external_id]
        return customer

    def merge(self, kept: Customer, merged: Customer) -> None:
        """From now on news of `merged` is news of `kept`, which gets what it lacked."""
        kept.attributes = {**merged.attributes, **kept.attributes}
        for name in _FILLED:
            setattr(kept, name, getattr(kept, name) or getattr(merged, name))
        self._into[merged.external_id] = kept
        self._new.append((kept, merged))

    def write(self) -> None:
        """Orders and carts change hands, once the rows of the batch are saved. Four statements."""
        if not self._new:
            return
        merged = [row for _, row in self._new]
        for row in merged:
            row.merged_into = self.follow(row)
        Customer.objects.bulk_update(merged, ["merged_into"])
        gone = {row.pk for row in merged}
        owner = Customer.objects.filter(pk=OuterRef("customer")).values("merged_into")
        Order.objects.filter(customer__in=gone).update(customer=Subquery(owner))
        Cart.objects.filter(customer__in=gone).update(customer=Subquery(owner))
        further = Customer.objects.filter(pk=OuterRef("merged_into")).values("merged_into")
        Customer.objects.filter(merged_into__in=gone).update(merged_into=Subquery(further))


def read_merges(events: Iterable[Event]) -> dict[int, Customer]:
    """By merge event, the customer who goes; not those who are the kept one under another id. One query, none
    without events.
    """
    ids = {event.pk: read_id(event.payload["merged"]["id"]) for event in events}
    if not ids:
        return {}
    gone = Customer.objects.exclude(merged_into=None).filter(external_id__in=set(ids.values()))
    found = {customer.external_id: customer for customer in gone}
    return {pk: found[external_id] for pk, external_id in ids.items() if external_id in found}


def find_customer(uuid: UUID) -> Customer | None:
    """Who is meant by this id, which an old email may carry: after a merge, the one who was kept."""
    customer = Customer.objects.select_related("merged_into").filter(uuid=uuid).first()
    return customer and (customer.merged_into or customer)
