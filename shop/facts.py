"""What an event says about the shop's facts, applied to the rows of its batch.

One rule everywhere: a statement older than the newest one about the same row changes nothing. Equal times:
the later to arrive wins.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from shop.carts import close_cart, close_carts_of_order, state_cart
from shop.checking import Candidate
from shop.models import Cart, Customer, Order, Product
from shop.orders import cancel, deliver, refund, state_order
from shop.receipts import FieldError
from shop.rows import BatchRows
from shop.statements import customer_of, product_mentions, state_product
from shop.values import read_id, show


class Touched(NamedTuple):
    """What the event is about, for its row in the log."""

    customer: Customer | None = None
    order: Order | None = None
    cart: Cart | None = None
    product: Product | None = None


def load_rows(candidates: list[Candidate]) -> BatchRows:
    """Everything the candidates refer to, in a fixed number of queries."""
    rows = BatchRows()
    mentions = [m for candidate in candidates for _, m in product_mentions(candidate.element)]
    rows.load_customers([*_ids(candidates, "customer"), *_ids(candidates, "merged")])
    rows.products.load((read_id(m["id"]) for m in mentions if isinstance(m, dict)), lock=True)
    rows.products.load((read_id(m) for m in mentions if not isinstance(m, dict)), lock=False)
    rows.orders.load(_ids(candidates, "order"), lock=True)
    rows.refunds.load(_ids(candidates, "refund"), lock=True)
    named_carts = (
        read_id(c.element["order"]["cart"]) for c in candidates if "cart" in c.element.get("order", {})
    )
    rows.carts.load([*_ids(candidates, "cart"), *named_carts], lock=True)
    rows.load_open_carts(_ids([c for c in candidates if c.kind == "order.placed"], "customer"))
    return rows


def find_unknown(candidate: Candidate, rows: BatchRows) -> Iterator[FieldError]:
    """What the element refers to but nobody has told us of."""
    element = candidate.element
    inline = {read_id(m["id"]) for _, m in product_mentions(element) if isinstance(m, dict)}
    for path, mention in product_mentions(element):
        if (
            not isinstance(mention, dict)
            and read_id(mention) not in inline
            and not rows.products.get(read_id(mention))
        ):
            hint = "Send product.updated first, or the whole product here instead of its id."
            yield FieldError(path, f"The product {show(mention)} is unknown.", hint)
    order = element.get("order", {})
    if order and "lines" not in order and not rows.orders.get(read_id(order["id"])):
        hint = "Send order.placed first, or the order with lines, currency and placed_at here."
        yield FieldError("order.id", f"The order {show(order['id'])} is unknown.", hint)
    if candidate.kind == "cart.closed" and not rows.carts.get(read_id(element["cart"]["id"])):
        yield FieldError(
            "cart.id", f"The cart {show(element['cart']['id'])} is unknown.", "Send cart.updated first."
        )
    yield from _wrong_refund(element, rows)
    if "merged" in element and read_id(element["merged"]["id"]) == read_id(element["customer"]["id"]):
        hint = "Name the one who stays in customer, the one who goes in merged."
        yield FieldError("merged.id", "A customer can't be merged into itself.", hint)


def apply(candidate: Candidate, rows: BatchRows) -> Touched:
    """Change the rows as the event says. Only for candidates that refer to nothing unknown."""
    element, at = candidate.element, candidate.occurred_at
    for _, mention in product_mentions(element):
        if isinstance(mention, dict):
            state_product(mention, at, rows)
    customer = customer_of(element, at, rows)
    go_on = _APPLY.get(candidate.kind)
    if go_on:
        return go_on(element, at, customer, rows)
    return Touched(customer, product=_find_product(element, rows))


def _apply_order(
    element: dict[str, Any], at: datetime, customer: Customer | None, rows: BatchRows
) -> Touched:
    order = state_order(element["order"], at, customer, rows)
    change = _ORDER_CHANGES.get(element["kind"])
    if change:
        change(order, at, rows)
    if element["kind"] == "order.placed":
        close_carts_of_order(element["order"], order, at, rows)
    if element["kind"] == "order.refunded":
        refund(element["refund"], order, at, rows)
    return Touched(customer or order.customer, order)


def _apply_cart(element: dict[str, Any], at: datetime, customer: Customer | None, rows: BatchRows) -> Touched:
    cart = state_cart(element["cart"], at, customer, rows)
    return Touched(customer, cart=cart)


def _apply_close(
    element: dict[str, Any], at: datetime, customer: Customer | None, rows: BatchRows
) -> Touched:
    cart = rows.carts.get(read_id(element["cart"]["id"]))
    if cart is not None:
        close_cart(cart, at, rows)
    return Touched(cart.customer if cart else customer, cart=cart)


def _apply_merge(
    element: dict[str, Any], at: datetime, customer: Customer | None, rows: BatchRows
) -> Touched:
    """Who was never heard of is made now: its id may still come in late news."""
    merged = customer_of({"customer": element["merged"]}, at, rows)
    if customer is not None and merged is not None and merged is not customer:
        rows.merges.merge(customer, merged)
        rows.customers.touch(customer)
    return Touched(customer)


_ORDER_CHANGES = {"order.delivered": deliver, "order.cancelled": cancel}
_APPLY: dict[str, Callable[[dict[str, Any], datetime, Customer | None, BatchRows], Touched]] = {
    "order.placed": _apply_order,
    "order.shipped": _apply_order,
    "order.delivered": _apply_order,
    "order.cancelled": _apply_order,
    "order.refunded": _apply_order,
    "cart.updated": _apply_cart,
    "cart.closed": _apply_close,
    "customer.merged": _apply_merge,
}


def _wrong_refund(element: dict[str, Any], rows: BatchRows) -> Iterator[FieldError]:
    known = rows.refunds.get(read_id(element["refund"]["id"])) if "refund" in element else None
    if known and known.order.external_id != read_id(element["order"]["id"]):
        message = (
            f"The refund {show(known.external_id)} belongs to the order {show(known.order.external_id)}."
        )
        yield FieldError("refund.id", message, "Give each refund an id of its own.")


def _find_product(element: dict[str, Any], rows: BatchRows) -> Product | None:
    mention = element.get("product")
    named = mention["id"] if isinstance(mention, dict) else mention
    return rows.products.get(read_id(named)) if named is not None else None


def _ids(candidates: list[Candidate], part: str) -> list[str]:
    return [read_id(c.element[part]["id"]) for c in candidates if part in c.element]
