"""Print what real orders would be followed by, to be read by eye: three products each, with the reasons."""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from recommendations.engine import Request, reason, recommend
from recommendations.models import Kind
from shop.models import Order, OrderLine, Product

MOST_NAMED = 3
PRODUCTS_A_BLOCK = 500
T = TypeVar("T")


class Command(BaseCommand):
    help = "Print triggers from real orders with their three products and reasons."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--number", type=int, default=40, help="orders to print (40), evenly over the year"
        )
        parser.add_argument(
            "--upgrades", action="store_true", help="print products and their upgrades instead"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        requests = (
            _from_products(options["number"]) if options["upgrades"] else _from_orders(options["number"])
        )
        titles = Product.objects.in_bulk({key for request in requests for key in request.anchors})
        for number, (request, picks) in enumerate(
            zip(requests, recommend(requests, timezone.now()), strict=True), start=1
        ):
            named = "; ".join(titles[key].title for key in request.anchors[:MOST_NAMED])
            more = len(request.anchors) - MOST_NAMED
            self.stdout.write(f"\n{number}. {named}" + (f" and {more} more" if more > 0 else ""))
            for pick in picks:
                told = reason(pick)
                orders = f", {pick.support} of them" if pick.support else ""
                adds = f" [{', '.join(told['adds'])}]" if told["adds"] else ""
                self.stdout.write(
                    f"     {pick.product.title} ({pick.price.amount} {pick.price.currency}): "
                    f"{told['text']}{orders}{adds}"
                )
            if not picks:
                self.stdout.write("     nothing: the block is left out")


def _from_orders(number: int) -> list[Request]:
    keys = list(Order.objects.filter(cancelled_at=None).order_by("placed_at").values_list("pk", flat=True))
    return [
        _ask(
            tuple(OrderLine.objects.filter(order=key).order_by("pk").values_list("product", flat=True)), 3, 0
        )
        for key in _spread(keys, number)
    ]


def _from_products(number: int) -> list[Request]:
    """Products that show an upgrade; of most dearer ones nobody knows what they have more of."""
    having = Product.objects.filter(neighbours__kind=Kind.UPGRADE, neighbours__model__is_active=True)
    keys = list(having.distinct().order_by("pk").values_list("pk", flat=True))
    asked = [_ask((key,), 0, 3) for key in keys]
    blocks = [asked[start : start + PRODUCTS_A_BLOCK] for start in range(0, len(asked), PRODUCTS_A_BLOCK)]
    showing = [
        request
        for block in blocks
        for request, picks in zip(block, recommend(block, timezone.now()), strict=True)
        if picks
    ]
    return _spread(showing, number)


def _spread(found: Sequence[T], number: int) -> list[T]:
    """So many of them, the first to the last at even steps."""
    taken = min(number, len(found))
    return [found[place * len(found) // taken] for place in range(taken)]


def _ask(anchors: tuple[int, ...], complements: int, upgrades: int) -> Request:
    unique = tuple(dict.fromkeys(anchors))
    currency = settings.PAIRWELL["CURRENCY"]
    return Request(None, unique, frozenset(), complements, upgrades, currency)
