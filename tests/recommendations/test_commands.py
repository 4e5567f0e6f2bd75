"""The two commands, as an operator and a curious marketer run them."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from recommendations.models import NeighbourModel
from tests.recommendations.shops import connect, make_customer, make_model, make_order, make_product

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_rebuilding_tells_its_progress_and_its_figures() -> None:
    make_order([make_product(), make_product()])
    text = run("rebuild_neighbours", "--as-of", "2026-05-04")
    assert "Read 1 orders with 2 lines." in text
    assert f"Model {NeighbourModel.objects.get().pk} is in use." in text
    assert "complements" in text


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(CommandError, match="write for example"):
        call_command("rebuild_neighbours", "--as-of", "yesterday")


def test_explaining_shows_what_is_shown_and_why_the_rest_is_not() -> None:
    phone, case, gone = make_product("Phone"), make_product("Case"), make_product("Gone", stock=0)
    customer = make_customer(currency="GBP")
    make_order([phone], customer=customer)
    connect(make_model(), phone, case, gone)
    lines = run("explain_recommendations", customer.external_id).splitlines()
    assert lines[0] == "For Phone"
    assert lines[1].startswith("* complement Case")
    assert "is out of stock" in lines[2]
    assert "2 considered (2 neighbours)" in lines
    assert "1 shown of 2 considered." in lines
    assert lines[-1].endswith("Often bought with Phone")


def test_explaining_takes_products_by_their_shop_id() -> None:
    phone, lamp = make_product("Phone"), make_product("Lamp")
    connect(make_model(), lamp, phone)
    text = run("explain_recommendations", make_customer().external_id, "--product", lamp.external_id)
    assert text.startswith("For Lamp\n* complement Phone")


def test_explaining_says_what_to_do_when_nothing_is_known() -> None:
    assert "manage.py rebuild_neighbours" in run("explain_recommendations", make_customer().external_id)


def test_unknown_customers_and_products_are_refused_by_id() -> None:
    with pytest.raises(CommandError, match="'nobody'"):
        call_command("explain_recommendations", "nobody")
    with pytest.raises(CommandError, match="p-none"):
        call_command("explain_recommendations", make_customer().external_id, "--product", "p-none")
