"""Say why a customer would be shown these products, and not the others: the whole funnel."""

from collections import Counter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from recommendations.engine import Considered, Moment, Outcome, Request, account_for, reason
from recommendations.models import NeighbourModel, SlotChoice
from recommendations.policy import SMALL_SHOP_ORDERS
from recommendations.rules import OBJECTIONS, count_objections
from recommendations.withholding import find_withheld
from shop.models import CartLine, Customer, Event, OrderLine, Product

UNITS = {"complement": "orders", "upgrade": "customers", "repeat": "purchases", "service": ""}


class Command(BaseCommand):
    help = "Print every product considered for a customer, the rule that took it out, and what is shown."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("customer", help="the customer's id in the shop")
        parser.add_argument("--event", help="the id of an event: its order or cart is what it is about")
        parser.add_argument(
            "--product",
            action="append",
            default=[],
            help="a product's id; default: the last order's products",
        )
        parser.add_argument("--complements", type=int, default=3)
        parser.add_argument("--upgrades", type=int, default=1)
        parser.add_argument("--services", type=int, default=1)
        parser.add_argument("--repeats", type=int, default=1)
        parser.add_argument("--place", default="", help="a campaign's key or api: whose rules hold")
        parser.add_argument("--scorer", default="", choices=["", "popular"])
        parser.add_argument("--limit", type=int, default=40, help="candidates to print")

    def handle(self, *_args: Any, **options: Any) -> None:
        customer = Customer.objects.filter(external_id=options["customer"]).first()
        if customer is None:
            raise CommandError(f"No customer has the id {options['customer']!r} in this shop.")
        now = timezone.now()
        anchors, order = _find_anchors(customer, options)
        outcome = account_for(_make_request(customer, anchors, order, options), now)
        self.stdout.write("For " + (", ".join(anchor.title for anchor in anchors) or "nothing bought yet"))
        for entry in outcome.considered[: options["limit"]]:
            self.stdout.write(describe(entry))
        self.stdout.write("")
        picks = describe_picks(outcome, customer.language)
        for line in [*describe_model(), *describe_funnel(outcome), *picks]:
            self.stdout.write(line)
        for code in find_withheld([customer], now).values():
            self.stdout.write(f"Withheld all the same: {code}.")


def describe(entry: Considered) -> str:
    """One line: shown or not, what, score, support, and the rule that took it out."""
    candidate = entry.candidate
    verdict = OBJECTIONS[entry.objection] if entry.objection else "SHOWN"
    support = f"{candidate.support} {UNITS[candidate.kind]}"
    factors = "".join(f" {name}×{value:.2f}" for name, value in candidate.factors)
    mark = " " if entry.objection else "*"
    title, scorer = candidate.product.title[:44], candidate.scorer or "neighbours"
    return (
        f"{mark} {candidate.kind:10} {title:44} {candidate.score:6.3f} {support:>14}  "
        f"{verdict} ({scorer}{factors})"
    )


def describe_funnel(outcome: Outcome) -> list[str]:
    """From the candidates to those shown: how many each source brought and each rule took out."""
    considered = outcome.considered
    if not considered:
        return [_explain_nothing()]
    sources = Counter(entry.candidate.scorer or "neighbours" for entry in considered)
    found = ", ".join(f"{number} {name}" for name, number in sources.items())
    lines = [f"{len(considered)} considered ({found})"]
    left = len(considered)
    for code, number in count_objections([entry.objection for entry in considered]):
        left -= number
        lines.append(f"  -{number:<4} {OBJECTIONS[code]:70} {left:>5} left")
    if outcome.hidden:
        lines.append(f"  {left} are fewer than the minimum, so the block is left out.")
    return [*lines, f"{len(outcome.picks)} shown of {len(considered)} considered."]


def describe_picks(outcome: Outcome, language: str) -> list[str]:
    return [
        f"  {pick.rank + 1}. {pick.product.title} ({pick.price.amount} {pick.price.currency}), "
        f"model {pick.model_id}: {reason(pick, language=language)['text']}"
        for pick in outcome.picks
    ]


def describe_model() -> list[str]:
    """What was learnt from, the scorer of each slot and why; of a small shop, why it sees best-sellers."""
    model = NeighbourModel.objects.filter(is_active=True).first()
    if model is None:
        return ["Nothing was learnt yet: what people named by hand, and nothing else."]
    lines = [f"Model {model.pk} was learnt from {model.order_count} orders."]
    if model.order_count < SMALL_SHOP_ORDERS:
        floor = model.notes.get("support_floor")
        lines.append(
            f"  A small shop: pairs count from {floor} orders on; below that best-sellers of the types that "
            "go with a product and of its department fill the places."
        )
    choices = SlotChoice.objects.filter(model=model).order_by("pk")
    return lines + [f"  {choice.slot}: {choice.scorer}. {choice.reason}" for choice in choices]


def _explain_nothing() -> str:
    model = NeighbourModel.objects.filter(is_active=True).first()
    if model is None:
        return "Nothing goes with these products yet. After new orders run: manage.py rebuild_neighbours"
    return (
        f"Nothing goes with these products yet: {model.order_count} orders were learnt from, and no person "
        "named a complement (manage.py import_complements)."
    )


def _find_anchors(customer: Customer, options: dict[str, Any]) -> tuple[list[Product], Any]:
    if options["product"]:
        return _find_products(options["product"]), None
    if options["event"]:
        return _products_of_event(customer, options["event"])
    order = customer.orders.filter(cancelled_at=None).order_by("-placed_at").first()
    lines = OrderLine.objects.filter(order=order).order_by("pk").select_related("product")
    return ([line.product for line in lines], order) if order else ([], None)


def _products_of_event(customer: Customer, external_id: str) -> tuple[list[Product], Any]:
    event = Event.objects.filter(external_id=external_id, customer=customer).select_related("order").first()
    if event is None:
        raise CommandError(f"This customer has no event {external_id!r}.")
    if event.order is not None:
        lines = OrderLine.objects.filter(order=event.order).order_by("pk").select_related("product")
        return [line.product for line in lines], event.order
    in_cart = CartLine.objects.filter(cart=event.cart_id).order_by("pk").select_related("product")
    return [line.product for line in in_cart], None


def _make_request(customer: Customer, anchors: list[Product], order: Any, options: dict[str, Any]) -> Request:
    return Request(
        customer_id=customer.pk,
        anchors=tuple(anchor.pk for anchor in anchors),
        exclude=frozenset(),
        complements=options["complements"],
        upgrades=options["upgrades"],
        currency=customer.currency or settings.PAIRWELL["CURRENCY"],
        scorer=options["scorer"],
        services=options["services"],
        repeats=options["repeats"],
        place=options["place"],
        moment=Moment.AFTER if order else Moment.BEFORE,
        language=customer.language,
        bought_at=order.placed_at if order else None,
    )


def _find_products(external_ids: list[str]) -> list[Product]:
    found = {product.external_id: product for product in Product.objects.filter(external_id__in=external_ids)}
    missing = [external_id for external_id in external_ids if external_id not in found]
    if missing:
        raise CommandError(f"No product has the id {', '.join(missing)} in this shop.")
    return [found[external_id] for external_id in external_ids]
