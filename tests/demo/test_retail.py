"""What becomes of the odd things in the original data."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from demo.prepare_data import prepare
from demo.retail.prepared import Retail, read_retail, write_retail
from tests.demo.conftest import LAST_DAY, make_line, prepare_lines

HOUR = timedelta(hours=1)


def test_a_cancellation_refunds_the_newest_order_that_holds_as_many() -> None:
    retail = prepare_lines(
        make_line("500001"),
        make_line("500002", time=LAST_DAY - 5 * HOUR),
        make_line("C500003", time=LAST_DAY, quantity=-2),
    )
    [refund] = retail.refunds
    assert (retail.orders[refund.order].invoice, refund.pence) == ("500002", 510)


def test_a_product_is_never_refunded_twice() -> None:
    cancellations = [make_line(f"C50000{n}", time=LAST_DAY, quantity=-4) for n in (2, 3)]
    retail = prepare_lines(make_line("500001"), *cancellations)
    assert len(retail.refunds) == 1
    assert retail.counts["cancelled lines without their order"] == 1


def test_a_cancellation_without_its_order_is_dropped_and_counted() -> None:
    early = make_line("C500000", time=LAST_DAY - timedelta(days=300), quantity=-6)
    guest = make_line("C500001", time=LAST_DAY, quantity=-6, customer=None)
    retail = prepare_lines(make_line(), early, guest)
    assert retail.refunds == []
    assert retail.counts["cancelled lines without their order"] == 2


def test_an_order_without_a_customer_stays_as_a_guest_order() -> None:
    retail = prepare_lines(make_line(customer=None))
    assert retail.orders[0].customer is None
    assert retail.customers == []
    assert len(retail.lines) == 1


@pytest.mark.parametrize(
    "code",
    ["POST", "DOT", "M", "m", "D", "C2", "S", "BANK CHARGES", "AMAZONFEE", "CRUK", "PADS", "gift_0001_20"],
)
def test_what_is_no_product_is_dropped(code: str) -> None:
    retail = prepare_lines(make_line(), make_line("500002", code=code))
    assert [product.code for product in retail.products] == ["85123A"]
    assert retail.counts["not a product (postage, fees, vouchers, samples)"] == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"quantity": -5, "description": "damages?"}, "stock written off or lost"),
        ({"unit_price": 0.0, "description": "found"}, "no price (stock found, given away, corrected)"),
        ({"invoice": "A563185", "description": "Adjust bad debt"}, "bad debt adjustment"),
    ],
)
def test_a_bookkeeper_s_line_is_dropped_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    retail = prepare_lines(make_line(), make_line(**{"invoice": "500002", **changes}))
    assert retail.counts[reason] == 1
    assert len(retail.orders) == 1


def test_the_most_frequent_clean_description_names_the_product() -> None:
    notes = [make_line(f"50000{n}", description="wrongly marked 23343") for n in range(5)]
    retail = prepare_lines(*notes, make_line("500009"))
    assert retail.products[0].title == "White Hanging Heart T-Light Holder"


def test_the_price_is_the_median_of_the_last_ninety_days() -> None:
    old = [make_line(f"50000{n}", time=LAST_DAY - timedelta(days=200), unit_price=9.0) for n in range(5)]
    new = [make_line(f"51000{n}", unit_price=price) for n, price in enumerate((2.0, 3.0, 8.0))]
    assert prepare_lines(*old, *new).products[0].pence == 300


def test_a_line_written_twice_becomes_one() -> None:
    retail = prepare_lines(make_line(), make_line(quantity=4))
    assert [line.quantity for line in retail.lines] == [10]
    assert retail.counts["repeated lines merged"] == 1


def test_who_usually_orders_hundreds_of_pieces_is_a_wholesaler() -> None:
    bulk = [make_line(f"50000{n}", customer=1, quantity=400) for n in range(3)]
    once = [
        make_line("510001", customer=2, quantity=400),
        *(make_line(f"52000{n}", customer=2) for n in range(3)),
    ]
    segments = {customer.number: customer.segment for customer in prepare_lines(*bulk, *once).customers}
    assert segments == {1: "wholesale", 2: "retail"}


def test_the_shipped_sample_accounts_for_every_line_of_the_source(shipped: Retail) -> None:
    counts = dict(shipped.counts)
    assert counts.pop("source lines") == 541_909
    assert sum(counts.values()) + len(shipped.lines) == 541_909


def test_at_most_fifteen_percent_of_the_shipped_products_have_no_category(shipped: Retail) -> None:
    unknown = sum(product.category == "Gifts" for product in shipped.products)
    assert unknown / len(shipped.products) < 0.15
    assert all(product.product_type and product.pence > 0 for product in shipped.products)


def test_the_shipped_sample_has_guests_refunds_and_wholesalers(shipped: Retail) -> None:
    guests = sum(order.customer is None for order in shipped.orders)
    wholesalers = sum(customer.segment == "wholesale" for customer in shipped.customers)
    assert 1_000 < guests < 2_000
    assert len(shipped.refunds) > 3_000
    assert 0.1 < wholesalers / len(shipped.customers) < 0.35


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    retail = prepare(iter([make_line(), make_line("C500009", time=LAST_DAY, quantity=-1)]))
    write_retail(retail, tmp_path)
    assert read_retail(tmp_path) == retail
