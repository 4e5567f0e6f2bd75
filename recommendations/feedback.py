"""What flows back from customers: shown, clicked, bought, "fewer of these".

The apps above know of emails and clicks; they count them up and hand them to `count_responses`, in the
transaction in which they move their own cursor, so that nothing is counted twice.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, Sum

from audience.links import read, signed_url
from recommendations.models import CustomerResponse, FeedbackCursor, ProductResponse
from shop.merging import find_customer
from shop.models import Customer, Product

FEWER = "fewer"
MOST_PRODUCTS = 6
_UUID_BYTES, _KEY_BYTES = 16, 8
ROWS_A_BLOCK = 500


@dataclass(frozen=True, slots=True)
class Response:
    """One thing that a customer did with one product: `what` is shown, clicked or bought."""

    customer_id: int
    product_id: int
    kind: str
    what: str
    at: datetime


def lock_cursor(name: str) -> FeedbackCursor:
    """The cursor of a stream, locked until the caller's transaction ends: two never count the same."""
    FeedbackCursor.objects.bulk_create([FeedbackCursor(name=name)], ignore_conflicts=True)
    return FeedbackCursor.objects.select_for_update().get(name=name)


def count_responses(responses: Sequence[Response]) -> int:
    """Add to both tables; the number of responses. Call it inside a transaction. Four statements a block."""
    _count_by_day(responses)
    _count_by_customer(responses)
    return len(responses)


def _count_by_day(responses: Iterable[Response]) -> None:
    counts: dict[tuple[date, int, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for response in responses:
        counts[response.at.date(), response.product_id, response.kind][response.what] += 1
    days, products = {day for day, _p, _k in counts}, {product for _d, product, _k in counts}
    found = ProductResponse.objects.filter(day__in=days, product__in=products).select_for_update()
    known = {(row.day, row.product_id, row.kind): row for row in found}
    changed: list[ProductResponse] = []
    created: list[ProductResponse] = []
    for key, found_counts in counts.items():
        row = known.get(key) or ProductResponse(day=key[0], product_id=key[1], kind=key[2])
        for what, number in found_counts.items():
            setattr(row, what, getattr(row, what) + number)
        (changed if key in known else created).append(row)
    ProductResponse.objects.bulk_create(created, batch_size=ROWS_A_BLOCK)
    ProductResponse.objects.bulk_update(changed, ["shown", "clicked", "bought"], batch_size=ROWS_A_BLOCK)


def _count_by_customer(responses: Iterable[Response]) -> None:
    """In the order of time: a click or a purchase ends the row of times that the product was ignored."""
    ordered = sorted(responses, key=lambda response: response.at)
    customers, products = {r.customer_id for r in ordered}, {r.product_id for r in ordered}
    found = CustomerResponse.objects.filter(customer__in=customers, product__in=products).select_for_update()
    known = {(row.customer_id, row.product_id): row for row in found}
    rows = dict(known)
    for response in ordered:
        key = response.customer_id, response.product_id
        row = rows.setdefault(key, CustomerResponse(customer_id=key[0], product_id=key[1]))
        _add(row, response)
    created = [row for key, row in rows.items() if key not in known]
    changed = list(known.values())
    columns = ["shown", "ignored", "clicked", "last_shown_at"]
    CustomerResponse.objects.bulk_create(created, batch_size=ROWS_A_BLOCK)
    CustomerResponse.objects.bulk_update(changed, columns, batch_size=ROWS_A_BLOCK)


def _add(row: CustomerResponse, response: Response) -> None:
    if response.what == "shown":
        row.shown, row.ignored, row.last_shown_at = row.shown + 1, row.ignored + 1, response.at
        return
    row.ignored = 0
    row.clicked += response.what == "clicked"


def fewer_url(customer_uuid: UUID, products: Sequence[int]) -> str:
    """The address in an email where its reader says "fewer of these"; "" where nothing is shown."""
    if not products:
        return ""
    keys = b"".join(key.to_bytes(_KEY_BYTES, "big") for key in products[:MOST_PRODUCTS])
    return signed_url("recommendations:fewer", FEWER, customer_uuid.bytes + keys)


def read_fewer(token: str) -> tuple[Customer, list[Product]] | None:
    """Who asks, and about which products; None when the link is forged, cut off, or the customer is gone."""
    payload = read(FEWER, token)
    if payload is None or len(payload) <= _UUID_BYTES or len(payload) % _KEY_BYTES:
        return None
    customer = find_customer(UUID(bytes=payload[:_UUID_BYTES]))
    keys = [
        int.from_bytes(payload[start : start + _KEY_BYTES], "big")
        for start in range(_UUID_BYTES, len(payload), _KEY_BYTES)
    ]
    products = Product.objects.in_bulk(keys)
    return (customer, [products[key] for key in keys if key in products]) if customer else None


@transaction.atomic
def ask_for_fewer(customer: Customer, products: Iterable[Product], now: datetime) -> int:
    """Keep these from the customer's suggestions for a year; the number of products. Saving twice is once."""
    keys = {product.pk for product in products}
    CustomerResponse.objects.bulk_create(
        [CustomerResponse(customer=customer, product_id=key) for key in keys], ignore_conflicts=True
    )
    return CustomerResponse.objects.filter(customer=customer, product__in=keys).update(fewer_at=now)


@dataclass(frozen=True)
class Acceptance:
    """What became of a product in its slot. Rates are of the times shown; None where it never was."""

    product: Product
    kind: str
    shown: int
    clicked: int
    bought: int
    fewer: int

    @property
    def click_rate(self) -> float | None:
        return self.clicked / self.shown if self.shown else None

    @property
    def purchase_rate(self) -> float | None:
        return self.bought / self.shown if self.shown else None


def read_acceptance(since: date, *, most: int = 50) -> list[Acceptance]:
    """The most shown products since a day, with what customers made of them. Three queries."""
    rows = list(
        ProductResponse.objects.filter(day__gte=since)
        .values("product", "kind")
        .annotate(seen=Sum("shown"), opened=Sum("clicked"), taken=Sum("bought"))
        .order_by(F("seen").desc(), "product", "kind")[:most]
    )
    products = Product.objects.in_bulk([row["product"] for row in rows])
    fewer: dict[int, int] = defaultdict(int)
    asked = CustomerResponse.objects.filter(product__in=products, fewer_at__date__gte=since)
    for product in asked.values_list("product", flat=True):
        fewer[product] += 1
    return [
        Acceptance(
            products[row["product"]], row["kind"], row["seen"], row["opened"], row["taken"],
            fewer[row["product"]],
        )
        for row in rows
    ]  # fmt: skip


def merge_responses(merges: Mapping[int, int]) -> None:
    """Two customers are one person: adds up what both made of each product. `merges`: kept by gone."""
    people = {*merges, *merges.values()}
    rows = list(CustomerResponse.objects.filter(customer__in=people).select_for_update().order_by("pk"))
    ours = {(row.customer_id, row.product_id): row for row in rows if row.customer_id not in merges}
    for row in [row for row in rows if row.customer_id in merges]:
        place = merges[row.customer_id], row.product_id
        ours[place] = _add_up(ours[place], row) if place in ours else _hand_over(row, place[0])
    kept = {row.pk for row in ours.values()}
    CustomerResponse.objects.filter(pk__in=[row.pk for row in rows if row.pk not in kept]).delete()
    fields = ["customer", "shown", "ignored", "clicked", "last_shown_at", "fewer_at"]
    CustomerResponse.objects.bulk_update(ours.values(), fields, batch_size=ROWS_A_BLOCK)


def _add_up(ours: CustomerResponse, theirs: CustomerResponse) -> CustomerResponse:
    for name in ("shown", "ignored", "clicked"):
        setattr(ours, name, getattr(ours, name) + getattr(theirs, name))
    for name in ("last_shown_at", "fewer_at"):
        moments = [at for at in (getattr(ours, name), getattr(theirs, name)) if at]
        setattr(ours, name, max(moments, default=None))
    return ours


def _hand_over(row: CustomerResponse, customer: int) -> CustomerResponse:
    row.customer_id = customer
    return row
