"""A better one says what it has more of, or customers have shown that it is one."""

from decimal import Decimal

import pytest

from recommendations.engine import explain
from recommendations.models import Kind, OfferRules
from recommendations.steps_up import says_more
from shop.models import Product
from tests.recommendations.shops import NOW, ask, connect, make_model, make_product


@pytest.mark.parametrize(
    ("title", "better"),
    [
        ("Stoke City Card Team Set", "Swansea City Card Team Set"),
        ("Beyoncé Lifesize Cutout", "Keith Lemon Lifesize Cutout"),
        ("Lord Voldemort Figure", "Rubeus Hagrid Figure"),
        ("Set of 6 Mugs", "Set of 4 Bowls"),
        ("Red Mug", "Red Mug"),
        ("Poster Paper Orange", "Poster Paper Dark Blue"),
        ("Miner Figures (Pack of 3)", "Miner Steve Vinyl Figure"),
    ],
)
def test_another_of_the_series_says_nothing_more(title: str, better: str) -> None:
    assert not says_more(Product(title=title), Product(title=better))


@pytest.mark.parametrize(
    ("title", "better"),
    [
        ("Glitter Tub 100g", "Glitter Tub 400g"),
        ("Set of 4 Bowls", "Set of 6 Bowls"),
        ("Wooden Train Set", "Deluxe Train Set"),
        ("Phone", "Phone Plus"),
        ("Tea Pot", "Tea Pot with Warmer"),
        ("گوشی", "گوشی پرو"),
    ],
)
def test_more_of_it_a_grade_or_an_addition_says_more(title: str, better: str) -> None:
    assert says_more(Product(title=title), Product(title=better))


def test_a_feature_that_only_the_better_one_has_says_more() -> None:
    better = Product(title="Lamp Nora", attributes={"features": ["Dimmable"]})
    assert says_more(Product(title="Lamp Ida"), better)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("owners", "proving", "code"), [(2, None, "nothing_more"), (3, None, ""), (0, 0, "")]
)
def test_owners_of_both_prove_it_as_far_as_the_shop_asks_for_proof(
    owners: int, proving: int | None, code: str
) -> None:
    stoke = make_product("Stoke City Card Set", price=Decimal(10))
    swansea = make_product("Swansea City Card Set", price=Decimal(15))
    connect(make_model(), stoke, swansea, kind=Kind.UPGRADE, support=owners)
    OfferRules.objects.create(proving_owners=proving)
    [considered] = explain(ask(stoke, complements=0, upgrades=1), NOW)
    assert considered.objection == code


@pytest.mark.django_db
def test_a_better_one_in_a_shop_without_orders_is_shown_however_its_weights_add_up() -> None:
    small, large = make_product("Glitter Tub 100g"), make_product("Glitter Tub 400g", price=Decimal(15))
    connect(make_model(), small, large, kind=Kind.UPGRADE, support=0, score=0.04)
    [considered] = explain(ask(small, complements=0, upgrades=1), NOW)
    assert considered.objection == ""
