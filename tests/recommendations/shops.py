"""Small shops to recommend in: products, orders, and tables written by hand."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from recommendations.engine import Pick, Request
from recommendations.models import Kind, Neighbour, NeighbourModel
from shop.models import Customer, Order, OrderLine, Product

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
_numbers = count(1)


def make_product(title: str = "", **fields: Any) -> Product:
    """Ten pounds, in stock, and of no type unless the test says one."""
    number = next(_numbers)
    fields = {"price": Decimal("10.00"), "currency": "GBP", "created_at": NOW} | fields
    return Product.objects.create(external_id=f"p{number}", title=title or f"thing{number}", **fields)


def make_customer(**fields: Any) -> Customer:
    return Customer.objects.create(external_id=f"c{next(_numbers)}", created_at=NOW, **fields)


def make_order(
    products: Sequence[Product], *, customer: Customer | None = None, days_ago: float = 10, **fields: Any
) -> Order:
    order = Order.objects.create(
        external_id=f"o{next(_numbers)}",
        customer=customer,
        placed_at=NOW - timedelta(days=days_ago),
        currency="GBP",
        total=0,
        **fields,
    )
    OrderLine.objects.bulk_create(
        [OrderLine(order=order, product=product, quantity=1, unit_price=10) for product in products]
    )
    return order


def make_model(**notes: Any) -> NeighbourModel:
    """An active model without rows, with a support floor of 5."""
    return NeighbourModel.objects.create(
        built_at=NOW, is_active=True, is_complete=True, order_count=1000, notes={"support_floor": 5} | notes
    )


def connect(
    model: NeighbourModel,
    product: Product,
    *neighbours: Product,
    kind: Kind = Kind.COMPLEMENT,
    score: float = 0.5,
    support: int = 20,
) -> None:
    """Neighbours in falling order of score."""
    Neighbour.objects.bulk_create(
        Neighbour(
            model=model,
            kind=kind,
            product=product,
            neighbour=neighbour,
            rank=rank,
            score=score - rank / 100,
            support=support,
        )
        for rank, neighbour in enumerate(neighbours)
    )


def ask(*anchors: Product, customer: Customer | None = None, **fields: Any) -> Request:
    defaults: dict[str, Any] = {"exclude": frozenset(), "complements": 3, "upgrades": 0, "currency": "GBP"}
    return Request(
        customer_id=customer.pk if customer else None,
        anchors=tuple(p.pk for p in anchors),
        **(defaults | fields),
    )


def titles(picks: Sequence[Pick]) -> list[str]:
    return [pick.product.title for pick in picks]
