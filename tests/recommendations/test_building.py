"""A build: what it writes, that the swap is whole or not at all, and what it does in odd shops."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from recommendations import building
from recommendations.building import is_stale, rebuild_neighbours
from recommendations.engine import recommend
from recommendations.models import (
    Bestseller,
    Kind,
    Neighbour,
    NeighbourModel,
    PairPartition,
    Slot,
    SlotChoice,
)
from recommendations.tasks import rebuild_neighbours_task
from shop.models import Product
from tests.recommendations.shops import NOW, ask, make_customer, make_order, make_product, titles

pytestmark = pytest.mark.django_db


def neighbours(product: Product, kind: Kind = Kind.COMPLEMENT) -> list[tuple[str, int]]:
    rows = Neighbour.objects.filter(model__is_active=True, product=product, kind=kind).order_by("rank")
    return [(row.neighbour.title, row.support) for row in rows.select_related("neighbour")]


def sell_phones_with_cases(orders: int = 6) -> tuple[Product, Product]:
    """Phones go with cases; lamps are sold by themselves."""
    phone, case, lamp = make_product("Phone"), make_product("Case"), make_product("Lamp")
    for _ in range(orders):
        make_order([phone, case])
        make_order([lamp])
    return phone, case


def test_what_is_bought_together_becomes_neighbours() -> None:
    phone, case = sell_phones_with_cases()
    rebuild_neighbours(NOW)
    assert neighbours(phone) == [("Case", 6)]
    assert neighbours(case) == [("Phone", 6)]


def test_what_passes_the_floor_ranks_before_what_does_not() -> None:
    phone, _ = sell_phones_with_cases(orders=10)
    cable = make_product("Cable")
    make_order([phone, cable])
    make_order([phone, cable])
    for _ in range(60):  # enough other orders that two with both are no accident
        make_order([make_product()])
    rebuild_neighbours(NOW)
    assert neighbours(phone) == [("Case", 10), ("Cable", 2)]


def test_a_better_one_is_found_and_counts_its_owners() -> None:
    phone = make_product("Nova Phone 128 GB", product_type="phone", price=Decimal(600))
    better = make_product("Nova Phone 256 GB", product_type="phone", price=Decimal(700))
    customer = make_customer()
    make_order([phone], customer=customer, days_ago=300)
    make_order([better], customer=customer, days_ago=3)
    rebuild_neighbours(NOW)
    assert neighbours(phone, Kind.UPGRADE) == [("Nova Phone 256 GB", 1)]
    assert neighbours(better, Kind.UPGRADE) == []


def test_best_sellers_are_ranked_by_department_and_in_the_whole_shop() -> None:
    pan, cup, lamp = (
        make_product("Pan", category="Kitchen > Pans"),
        make_product("Cup", category="Kitchen > Cups"),
        make_product("Lamp", category="Home > Lamps"),
    )
    for products in ([pan], [pan, lamp], [pan, cup, lamp]):
        make_order(products, days_ago=2)
    make_order([cup], days_ago=40)
    rebuild_neighbours(NOW)
    rows = Bestseller.objects.order_by("department", "rank").values_list(
        "department", "product__title", "sold"
    )
    assert list(rows) == [
        ("", "Pan", 3), ("", "Lamp", 2), ("", "Cup", 1),
        ("= Cups", "Cup", 1), ("= Lamps", "Lamp", 2), ("= Pans", "Pan", 3),
        ("Home", "Lamp", 2),
        ("Kitchen", "Pan", 3), ("Kitchen", "Cup", 1),
    ]  # fmt: skip


def test_the_model_says_what_it_was_built_from() -> None:
    sell_phones_with_cases()
    model = rebuild_neighbours(NOW)
    model.refresh_from_db()
    assert (model.is_active, model.is_complete, model.order_count) == (True, True, 12)
    assert model.notes["counts"] == {
        "orders": 12, "lines": 18, "products": 3, "complements": 2, "upgrades": 0, "bestsellers": 3,
        "recent_sales": 3, "shelves": 0,
    }  # fmt: skip
    assert model.notes["support_floor"] == 3
    assert model.notes["settings"]["max_basket"] == 100


@pytest.mark.parametrize("make", [lambda: None, make_product, lambda: make_order([make_product()])])
def test_a_shop_of_nothing_or_of_one_product_builds_and_recommends_nothing(
    make: Callable[[], object],
) -> None:
    make()
    model = rebuild_neighbours(NOW)
    assert model.notes["counts"]["complements"] == 0
    products = list(Product.objects.all())
    assert recommend([ask(*products, upgrades=1)], NOW) == [[]]


def test_the_newest_model_is_the_one_in_use() -> None:
    phone, _ = sell_phones_with_cases()
    old = rebuild_neighbours(NOW)
    new = rebuild_neighbours(NOW)
    assert list(NeighbourModel.objects.filter(is_active=True)) == [new]
    assert recommend([ask(phone)], NOW)[0][0].model_id == new.pk != old.pk


def test_a_build_that_dies_leaves_the_old_tables_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    phone, _ = sell_phones_with_cases()
    old = rebuild_neighbours(NOW)

    def die(*_: object, **__: object) -> int:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(building, "write_upgrades", die)
    with pytest.raises(RuntimeError):
        rebuild_neighbours(NOW)
    assert list(NeighbourModel.objects.filter(is_active=True)) == [old]
    assert titles(recommend([ask(phone)], NOW)[0]) == ["Case"]


def test_two_workers_that_build_at_once_leave_one_whole_version() -> None:
    phone, _ = sell_phones_with_cases()
    others: list[NeighbourModel] = []

    def build_in_between(_: str) -> None:
        if not others:
            others.append(NeighbourModel())  # the other worker starts once, in the middle of this build
            others[0] = rebuild_neighbours(NOW)

    mine = rebuild_neighbours(NOW, report=build_in_between)
    assert [model.pk for model in NeighbourModel.objects.filter(is_active=True)] == [mine.pk]
    assert NeighbourModel.objects.filter(is_complete=True).count() == 2
    assert neighbours(phone) == [("Case", 6)]
    assert SlotChoice.objects.filter(model=mine).count() == 5
    assert PairPartition.objects.count() == 1


def test_a_shop_with_few_orders_gets_a_cautious_scorer_and_says_why() -> None:
    sell_phones_with_cases()
    model = rebuild_neighbours(NOW)
    choice = SlotChoice.objects.get(model=model, slot=Slot.BASKET)
    assert choice.scorer == "cautious"
    assert "are needed to compare" in choice.reason


def test_the_remains_of_a_dead_build_are_cleared_after_a_day() -> None:
    phone, case = sell_phones_with_cases()
    dead = NeighbourModel.objects.create(built_at=NOW - timedelta(days=2))
    Neighbour.objects.create(model=dead, kind=Kind.COMPLEMENT, product=phone, neighbour=case, rank=0, score=1)
    running = NeighbourModel.objects.create(built_at=NOW - timedelta(hours=1))
    rebuild_neighbours(NOW)
    assert set(NeighbourModel.objects.filter(is_complete=False)) == {running}


def test_three_models_keep_their_tables_and_all_keep_their_row() -> None:
    sell_phones_with_cases()
    models = [rebuild_neighbours(NOW) for _ in range(5)]
    assert set(NeighbourModel.objects.all()) == set(models)
    with_tables = Neighbour.objects.values_list("model", flat=True).distinct()
    assert set(with_tables) == {model.pk for model in models[2:]}


def test_types_that_customers_take_several_of_are_noted() -> None:
    cups = [make_product(title, product_type="cup") for title in ("Rose cup", "Fern cup")]
    phones = [make_product(title, product_type="phone") for title in ("Nova", "Kestrel")]
    for number in range(20):
        make_order(cups if number % 2 else cups[:1])
        make_order([phones[number % 2]])
    assert rebuild_neighbours(NOW).notes["collected_types"] == ["cup"]


def test_a_build_takes_the_same_number_of_queries_for_more_orders(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    sell_phones_with_cases(orders=30)
    with django_assert_max_num_queries(40):
        rebuild_neighbours(NOW)


def test_the_task_builds_too() -> None:
    rebuild_neighbours_task()
    assert NeighbourModel.objects.filter(is_active=True).count() == 1


def test_the_tables_are_stale_after_a_day_and_missing_once_there_are_orders() -> None:
    assert not is_stale(NOW)
    make_order([make_product("Kettle"), make_product("Cups")])
    assert is_stale(NOW)
    rebuild_neighbours(NOW)
    assert not is_stale(NOW + timedelta(hours=23))
    assert is_stale(NOW + timedelta(hours=24))
