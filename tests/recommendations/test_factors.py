"""Boosts are bounded, and what is known of a customer moves the order."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommendations.engine import Candidate, explain
from recommendations.factors import LEAST, MOST, season_in, weigh
from recommendations.models import Bestseller, Kind, OfferRules
from recommendations.policy import MOST_BOOST, Policy
from recommendations.situation import Situation
from shop.models import Event, Product
from tests.recommendations.shops import NOW, ask, connect, make_customer, make_model, make_order, make_product


def order_of(request: Any) -> list[str]:
    return [entry.candidate.product.title for entry in explain(request, NOW)]


@given(
    margin=st.one_of(st.none(), st.floats(allow_nan=False), st.text()),
    margin_boost=st.floats(1.0, MOST_BOOST),
    new_boost=st.floats(1.0, MOST_BOOST),
    slow_boost=st.floats(1.0, MOST_BOOST),
)
def test_all_boosts_together_never_raise_a_score_by_more_than_the_bound(
    margin: Any, margin_boost: float, new_boost: float, slow_boost: float
) -> None:
    anchor = Product(pk=1, title="Best-seller")
    product = Product(
        pk=2, title="New", created_at=NOW, currency="GBP", attributes={"margin": margin, "slow_mover": True}
    )
    policy = replace(Policy(), margin_boost=margin_boost, new_boost=new_boost, slow_boost=slow_boost)
    situation = Situation(policy, (anchor,), frozenset(), 5, frozenset(), {}, NOW, popular=frozenset([1]))
    factor = 1.0
    for _name, value in weigh(Candidate(product, anchor, Kind.COMPLEMENT, 0.5, 9, ""), situation):
        factor *= value
    assert LEAST <= factor <= MOST_BOOST * MOST
    assert factor <= MOST_BOOST + 1e-9


@pytest.mark.django_db
def test_a_new_product_with_the_shops_boost_passes_one_that_is_a_little_stronger() -> None:
    phone, model = make_product("Phone"), make_model()
    old = make_product("Old case", created_at=NOW - timedelta(days=400))
    connect(model, phone, old, score=0.5)
    connect(model, phone, make_product("New strap"), score=0.45)
    assert order_of(ask(phone)) == ["Old case", "New strap"]
    OfferRules.objects.create(new_boost=1.2)
    assert order_of(ask(phone)) == ["New strap", "Old case"]


@pytest.mark.django_db
def test_what_a_customer_looked_at_goes_up() -> None:
    phone, customer = make_product("Phone"), make_customer()
    case, cable = make_product("Case"), make_product("Cable")
    connect(make_model(), phone, case, cable)
    Event.objects.create(
        source="api", external_id="v1", kind="product.viewed", customer=customer, payload_digest="",
        occurred_at=NOW - timedelta(days=3), received_at=NOW, payload={"product": cable.external_id},
    )  # fmt: skip
    assert order_of(ask(phone, customer=customer)) == ["Cable", "Case"]
    assert order_of(ask(phone)) == ["Case", "Cable"]


@pytest.mark.django_db
def test_far_above_what_a_customer_usually_pays_goes_down() -> None:
    phone, customer = make_product("Phone", price=Decimal(100)), make_customer()
    make_order([make_product(), make_product()], customer=customer)  # ten pounds each
    connect(make_model(), phone, make_product("Dear", price=Decimal(60)), make_product("Fair"))
    assert order_of(ask(phone, customer=customer)) == ["Fair", "Dear"]
    assert order_of(ask(phone)) == ["Dear", "Fair"]


@pytest.mark.django_db
def test_what_sells_in_the_customers_country_goes_up() -> None:
    phone, model = make_product("Phone"), make_model()
    case, cable = make_product("Case"), make_product("Cable")
    connect(model, phone, case, cable)
    Bestseller.objects.create(model=model, department="@ FR", product=cable, rank=0, sold=9)
    assert order_of(ask(phone, customer=make_customer(country="FR"))) == ["Cable", "Case"]
    assert order_of(ask(phone, customer=make_customer(country="DE"))) == ["Case", "Cable"]


@pytest.mark.django_db
def test_out_of_season_goes_down_by_the_customers_hemisphere() -> None:
    phone, model = make_product("Phone"), make_model()
    connect(model, phone, make_product("Goggles", attributes={"seasons": ["autumn"]}), make_product("Case"))
    assert order_of(ask(phone, customer=make_customer(country="AU"))) == ["Goggles", "Case"]  # in May
    assert order_of(ask(phone, customer=make_customer(country="SE"))) == ["Case", "Goggles"]


@pytest.mark.parametrize(
    ("country", "month", "season"),
    [("SE", 1, "winter"), ("SE", 12, "winter"), ("SE", 3, "spring"), ("SE", 11, "autumn"),
     ("AU", 1, "summer"), ("AU", 7, "winter"), ("AU", 10, "spring"), ("", 6, "summer")],
)  # fmt: skip
def test_seasons_turn_with_the_hemisphere(country: str, month: int, season: str) -> None:
    assert season_in(country, month) == season
