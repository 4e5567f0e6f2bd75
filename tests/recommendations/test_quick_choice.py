"""An email's products are chosen with the shortest account; the longest gives the same."""

from decimal import Decimal
from random import Random

import pytest

from recommendations.engine import account_for, recommend
from recommendations.models import Kind, OfferRules
from recommendations.offers import Moment, Request
from shop.models import Customer, Product
from tests.recommendations.shops import NOW, ask, connect, make_customer, make_model, make_order, make_product

pytestmark = pytest.mark.django_db
PRICES = [Decimal(price) for price in (5, 10, 12, 45, 200)]
ATTRIBUTES: list[dict[str, object]] = [
    {}, {}, {"seasons": ["autumn"]}, {"min_age": 18}, {"recommendable": False}, {"consumable": True},
    {"margin": 0.4}, {"slow_mover": True}, {"countries": ["DE"]},
]  # fmt: skip


def make_shop(random: Random) -> list[Product]:
    products = [
        make_product(
            price=random.choice(PRICES),
            product_type=random.choice(["", "cup", "lamp", "rug"]),
            attributes=random.choice(ATTRIBUTES),
            stock=random.choice([None, None, 0, 9]),
        )
        for _ in range(30)
    ]
    model = make_model()
    for product in products[:5]:
        for kind in (Kind.COMPLEMENT, Kind.UPGRADE):
            others = random.sample([other for other in products if other != product], 12)
            connect(
                model,
                product,
                *others,
                kind=kind,
                score=random.choice([0.5, 0.15]),
                support=random.randint(3, 20),
            )
    return products


def make_wish(random: Random, products: list[Product], customers: list[Customer]) -> Request:
    return ask(
        *random.sample(products[:5], random.randint(1, 3)),
        customer=random.choice([None, *customers]),
        upgrades=random.randint(0, 1),
        moment=random.choice([Moment.BEFORE, Moment.AFTER]),
    )


@pytest.mark.parametrize("seed", range(2))
def test_the_shortest_account_and_the_longest_choose_the_same(seed: int) -> None:
    random = Random(seed)
    products = make_shop(random)
    OfferRules.objects.create(place="", margin_boost=1.2, slow_boost=1.1, fallback="shop")
    customers = [make_customer(country=country) for country in ("DE", "AU", "")]
    for customer in customers:
        make_order(random.sample(products, 3), customer=customer)
    requests = [make_wish(random, products, customers) for _ in range(8)]
    chosen = recommend(requests, NOW)
    assert chosen == [account_for(request, NOW).picks for request in requests]
    assert any(chosen)
