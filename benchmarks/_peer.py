"""A shop's own loop for one email: the same job, in the fewest queries, rendered by the same Jinja."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from audience.models import ConsentEntry, Suppression
from audience.suppression import hash_address
from benchmarks._mailing import Shop
from campaigns.context import describe_shop
from campaigns.models import Message, TemplateVersion
from campaigns.rendering import Renderer, render_with_jinja
from recommendations.models import Neighbour
from shop.models import Order, OrderLine, Product

_numbers = count()


@dataclass(frozen=True)
class Letter:
    to: str
    subject: str
    text: str
    html: str
    note_sent: Callable[[], object]


class Job:
    """What the loop keeps between two emails: the compiled template, and where it is in the orders."""

    def __init__(self, shop: Shop) -> None:
        version = TemplateVersion.objects.get(template__steps=shop.step)
        self.ready = Renderer(now=shop.now).prepare(version, language="en", changes={}, country="GB")
        self.shop = shop
        self.orders = iter(list(Order.objects.exclude(customer=None).values_list("pk", flat=True)) * 10)
        self.sample = _describe(next(self.orders))


def write_next(job: Job) -> Letter:
    """Six queries, of which the last, once it was sent, is a committed row."""
    pk = next(job.orders)
    context, customer = _describe(pk)
    newest = ConsentEntry.objects.filter(customer=customer).order_by("-occurred_at").first()
    is_suppressed = Suppression.objects.filter(address_hash=hash_address(customer.email)).exists()
    assert newest and newest.state == "granted" and not is_suppressed  # noqa: PT018
    email = render_with_jinja(job.ready, context)

    def note_sent() -> object:
        return Message.objects.create(
            step=job.shop.step, customer=customer, order_id=pk, occurrence=f"peer:{next(_numbers)}",
            queued_at=job.shop.now, due_at=job.shop.now, is_closed=True,
        )  # fmt: skip

    return Letter(customer.email, email.subject, email.text, email.html, note_sent)


def write_bare(job: Job) -> Letter:
    """No database at all: a context that is there already, rendered."""
    context, customer = job.sample
    email = render_with_jinja(job.ready, context)
    return Letter(customer.email, email.subject, email.text, email.html, lambda: None)


def _describe(pk: int) -> tuple[dict[str, Any], Any]:
    order = Order.objects.select_related("customer").get(pk=pk)
    customer, lines = order.customer, list(order.lines.select_related("product"))
    assert customer is not None
    similar = Neighbour.objects.filter(product=lines[0].product_id, model__is_active=True)
    return {
        "shop": describe_shop(),
        "customer": {
            "name": customer.name, "first_name": customer.name.split(" ")[0], "language": "en",
            "country": customer.country,
        },
        "order": {
            "number": order.external_id, "placed_at": order.placed_at.isoformat(), "url": order.url,
            "currency": order.currency, "total": str(order.total), "lines": [_show_line(x) for x in lines],
        },
        "cart": None,
        "upgrades": [],
        "complements": [_show(x.neighbour) for x in similar.select_related("neighbour").order_by("rank")[:3]],
        "links": {
            "unsubscribe": f"https://mail.shop.example/u/{customer.uuid}",
            "preferences": f"https://mail.shop.example/p/{customer.uuid}",
        },
    }, customer  # fmt: skip


def _show_line(line: OrderLine) -> dict[str, Any]:
    price = str(line.unit_price)
    return {**_show(line.product), "quantity": line.quantity, "unit_price": price, "total": price}


def _show(product: Product) -> dict[str, Any]:
    reason = {"code": "bought_together", "because_of": "Thing 1", "support": 30, "price_difference": None}
    return {
        "title": product.title, "price": str(product.price), "currency": product.currency,
        "image": product.image_url, "url": product.url, "reason": reason,
    }  # fmt: skip
