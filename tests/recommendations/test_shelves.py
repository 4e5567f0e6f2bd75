"""What a shop falls back on: best-sellers of a type and of a country, and types that go together."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from recommendations.catalogue import shelf_of_country, shelf_of_type
from recommendations.models import Bestseller, NeighbourModel, TypeNeighbour
from recommendations.shelves import LEAST_SOLD_IN_COUNTRY, write_shelves
from shop.models import Product
from tests.recommendations.shops import NOW, connect, make_customer, make_model, make_order, make_product

pytestmark = pytest.mark.django_db


def read_shelf(model: NeighbourModel, shelf: str) -> list[tuple[str, int]]:
    rows = Bestseller.objects.filter(model=model, department=shelf).order_by("rank")
    return list(rows.values_list("product__title", "sold"))


def test_a_type_has_its_late_best_sellers_first() -> None:
    cup, mug = (make_product(name, product_type="cup") for name in ("Cup", "Mug"))
    make_order([cup], days_ago=40)
    for days_ago in (1, 2):
        make_order([mug], days_ago=days_ago)
    make_order([cup], days_ago=3)
    make_order([cup], days_ago=3, cancelled_at=NOW)
    model = make_model()
    write_shelves(model.pk, Product.objects.all(), NOW)
    assert read_shelf(model, shelf_of_type("cup")) == [("Mug", 2), ("Cup", 1)]


@pytest.mark.parametrize(
    ("orders", "shelf"), [(LEAST_SOLD_IN_COUNTRY, [("Cup", LEAST_SOLD_IN_COUNTRY)]), (2, [])]
)
def test_a_country_has_a_taste_from_a_few_orders_on(orders: int, shelf: list[tuple[str, int]]) -> None:
    cup = make_product("Cup")
    for _number in range(orders):
        make_order([cup], customer=make_customer(country="DE"))
    model = make_model()
    write_shelves(model.pk, [cup], NOW)
    assert read_shelf(model, shelf_of_country("DE")) == shelf


def test_types_go_together_as_their_products_do() -> None:
    phone = make_product(product_type="phone", price=Decimal(300))
    case, other, film = (make_product(product_type=kind) for kind in ("case", "phone", "film"))
    model = make_model()
    connect(model, phone, case, other, support=15)
    connect(model, phone, film, support=4)
    write_shelves(model.pk, Product.objects.all(), NOW)
    rows = TypeNeighbour.objects.filter(model=model).values_list("product_type", "neighbour_type", "support")
    assert list(rows) == [("phone", "case", 15)]


def test_shelves_of_a_larger_shop_take_no_more_queries() -> None:
    counts = []
    for products in (3, 30):
        model = NeighbourModel.objects.create(built_at=NOW, order_count=1)
        made = [make_product(product_type=f"type {number}") for number in range(products)]
        make_order(made)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            write_shelves(model.pk, made, NOW)
        counts.append(len(queries))
    assert counts[0] == counts[1]
