"""The commands, as an operator and a curious marketer run them."""

from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from recommendations.models import Kind, NeighbourModel
from tests.recommendations.shops import NOW, connect, make_customer, make_model, make_order, make_product

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


def test_triggers_of_real_orders_are_printed_with_their_products_and_reasons() -> None:
    phone, case = make_product("Phone"), make_product("Case")
    connect(make_model(), phone, case)
    make_order([phone])
    assert run("show_triggers").splitlines() == [
        "",
        "1. Phone",
        "     Case (10.00 GBP): Often bought with Phone, 20 of them",
    ]


def test_a_trigger_without_anything_to_suggest_says_so_and_long_orders_are_cut_short() -> None:
    make_order([make_product(title) for title in ("Pen", "Ink", "Nib", "Pad", "Box")])
    assert run("show_triggers").splitlines()[1:] == [
        "1. Pen; Ink; Nib and 2 more",
        "     nothing: the block is left out",
    ]


def test_triggers_are_spread_over_the_orders_and_leave_out_cancelled_ones() -> None:
    for days in range(6, 0, -1):
        make_order([make_product(f"{days} days ago")], days_ago=days)
    make_order([make_product("Cancelled")], days_ago=4.5, cancelled_at=NOW)
    titles = [line[3:] for line in run("show_triggers", "--number", "4").splitlines() if line[:1].isdigit()]
    assert titles == ["6 days ago", "5 days ago", "3 days ago", "2 days ago"]


def test_upgrades_are_printed_with_what_they_add_and_their_full_difference() -> None:
    small = make_product("Nova Phone 128 GB", price=Decimal(100), product_type="phone")
    large = make_product("Nova Phone 256 GB", price=Decimal(150), product_type="phone")
    connect(make_model(), small, large, kind=Kind.UPGRADE, support=4)
    lines = run("show_triggers", "--upgrades").splitlines()
    assert lines[1] == "1. Nova Phone 128 GB"
    assert lines[2].startswith("     Nova Phone 256 GB (150.00 GBP): ")
    assert "50.00" in lines[2]
    assert lines[2].endswith("4 of them [256 GB instead of 128 GB]")


def test_an_upgrade_that_nobody_bought_yet_is_not_said_to_have_been_bought() -> None:
    small = make_product("Nova Phone 128 GB", price=Decimal(100), product_type="phone")
    large = make_product("Nova Phone 256 GB", price=Decimal(150), product_type="phone")
    connect(make_model(), small, large, kind=Kind.UPGRADE, support=0)
    text = run("show_triggers", "--upgrades")
    assert "Nova Phone 256 GB (150.00 GBP)" in text
    assert "of them" not in text


def test_no_order_prints_no_trigger() -> None:
    assert run("show_triggers") == ""
    assert run("show_triggers", "--number", "0") == ""
