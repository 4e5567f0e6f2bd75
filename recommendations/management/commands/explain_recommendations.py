"""Say why a customer would be shown these products, and not the others."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from recommendations.engine import Considered, Request, explain
from recommendations.rules import OBJECTIONS
from shop.models import Customer, OrderLine, Product


class Command(BaseCommand):
    help = "Print every product considered for a customer, and the rule that took it out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("customer", help="the customer's id in the shop")
        parser.add_argument(
            "--product",
            action="append",
            default=[],
            help="a product's id; default: the last order's products",
        )
        parser.add_argument("--complements", type=int, default=3)
        parser.add_argument("--upgrades", type=int, default=1)
        parser.add_argument("--scorer", default="", choices=["", "popular"])
        parser.add_argument("--limit", type=int, default=40, help="candidates to print")

    def handle(self, *_args: Any, **options: Any) -> None:
        customer = Customer.objects.filter(external_id=options["customer"]).first()
        if customer is None:
            raise CommandError(f"No customer has the id {options['customer']!r} in this shop.")
        anchors = _find_products(options["product"]) or _last_order(customer)
        request = Request(
            customer_id=customer.pk,
            anchors=tuple(anchor.pk for anchor in anchors),
            exclude=frozenset(),
            complements=options["complements"],
            upgrades=options["upgrades"],
            currency=customer.currency or settings.PAIRWELL["CURRENCY"],
            scorer=options["scorer"],
        )
        considered = explain(request, timezone.now())
        self.stdout.write("For " + (", ".join(anchor.title for anchor in anchors) or "nothing bought yet"))
        for entry in considered[: options["limit"]]:
            self.stdout.write(describe(entry))
        self.stdout.write(summarise(considered))


def describe(entry: Considered) -> str:
    """One line: shown or not, what, score, support, and the rule that took it out."""
    candidate = entry.candidate
    verdict = OBJECTIONS[entry.objection] if entry.objection else "SHOWN"
    support = (
        f"{candidate.support} customers" if candidate.kind == "upgrade" else f"{candidate.support} orders"
    )
    mark = " " if entry.objection else "*"
    title = candidate.product.title[:44]
    return f"{mark} {candidate.kind:10} {title:44} {candidate.score:6.3f} {support:>14}  {verdict}"


def summarise(considered: list[Considered]) -> str:
    """The last line: how many were considered, and what to do when there were none."""
    shown = sum(not entry.objection for entry in considered)
    if not considered:
        return "Nothing goes with these products yet. After new orders run: manage.py rebuild_neighbours"
    return f"{shown} shown of {len(considered)} considered."


def _find_products(external_ids: list[str]) -> list[Product]:
    found = {product.external_id: product for product in Product.objects.filter(external_id__in=external_ids)}
    missing = [external_id for external_id in external_ids if external_id not in found]
    if missing:
        raise CommandError(f"No product has the id {', '.join(missing)} in this shop.")
    return [found[external_id] for external_id in external_ids]


def _last_order(customer: Customer) -> list[Product]:
    order = customer.orders.filter(cancelled_at=None).order_by("-placed_at").first()
    lines = OrderLine.objects.filter(order=order).order_by("pk").select_related("product")
    return [line.product for line in lines] if order else []
