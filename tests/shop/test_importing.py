"""History from files: what is kept, what is refused and where, and that twice is the same as once."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from django.core.management import call_command

from shop.models import Customer, Event, Order, OrderLine, Product
from tests.factories import make_product
from tests.shop.tables import GOOD, HEADER, write

pytestmark = pytest.mark.django_db


def test_lines_become_orders(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(
        file,
        HEADER,
        GOOD,
        "1001,2026-01-05 10:00,GBP,teapot,2,20.00,sara",
        "1002,2026-01-06 10:00,GBP,teapot,1,24.00,",
    )
    call_command("import_orders", file)
    first, guest = Order.objects.order_by("external_id")
    assert (first.total, first.lines.count()) == (Decimal("64.00"), 2)
    assert (first.customer and first.customer.external_id, guest.customer) == ("sara", None)
    assert capsys.readouterr().out == "3 rows read, 2 written, 0 refused.\n"


def test_an_import_wakes_no_trigger_unless_asked(file: Path) -> None:
    write(file, HEADER, GOOD)
    call_command("import_orders", file)
    assert not Event.objects.exists()
    call_command("import_orders", file, "--as-events")
    call_command("import_orders", file, "--as-events")
    event = Event.objects.get()
    assert (event.source, event.kind, event.order) == ("import", "order.placed", Order.objects.get())
    assert event.occurred_at == datetime(2026, 1, 5, 10, tzinfo=UTC)


def test_the_same_file_twice_is_the_same_as_once(file: Path) -> None:
    write(file, HEADER, GOOD)
    for _ in range(2):
        call_command("import_orders", file)
    assert (Order.objects.count(), OrderLine.objects.count(), Customer.objects.count()) == (1, 1, 1)


def test_a_dry_run_writes_nothing(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(file, HEADER, GOOD, GOOD.replace("1001", "1002").replace("teapot", "lamp"))
    call_command("import_orders", file, "--dry-run")
    assert not Order.objects.exists()
    assert "1 would be written (dry run), 1 refused" in capsys.readouterr().out


def test_titles_in_the_rows_make_the_products(file: Path) -> None:
    write(
        file, HEADER + ",product_title,product_type", "1,2026-01-05 10:00,GBP,lamp,1,9.50,sara,Desk lamp,lamp"
    )
    call_command("import_orders", file)
    lamp = Product.objects.get(external_id="lamp")
    assert (lamp.title, lamp.product_type, lamp.price, lamp.currency) == (
        "Desk lamp",
        "lamp",
        Decimal("9.50"),
        "GBP",
    )


def test_other_column_names_are_mapped_and_constants_set(file: Path) -> None:
    write(file, "InvoiceNo;When;StockCode;Qty;Price", "7;05/01/2026 10:00;teapot;3;1.15")
    names = {
        "InvoiceNo": "order",
        "When": "placed_at",
        "StockCode": "product",
        "Qty": "quantity",
        "Price": "unit_price",
    }
    pairs = [f"--map={column}={field}" for column, field in names.items()]
    options = ["--set=currency=EUR", "--time-format=%d/%m/%Y %H:%M", "--timezone=Asia/Tehran"]
    call_command("import_orders", file, *pairs, *options)
    order = Order.objects.get()
    assert (order.currency, order.total) == ("EUR", Decimal("3.45"))
    assert order.placed_at == datetime(2026, 1, 5, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize("suffix", ["toml", "json"])
def test_a_mapping_can_be_kept_in_a_file(file: Path, suffix: str) -> None:
    write(file, "sku,label", "lamp,Desk lamp")
    mapping = file.with_suffix(f".{suffix}")
    tables = {"map": {"sku": "id", "label": "title"}, "set": {"currency": "GBP"}}
    toml = '[map]\nsku = "id"\nlabel = "title"\n[set]\ncurrency = "GBP"\n'
    mapping.write_text(json.dumps(tables) if suffix == "json" else toml)
    call_command("import_products", file, "--mapping", mapping)
    assert Product.objects.get(external_id="lamp").title == "Desk lamp"


def test_parquet_is_read_with_its_types(tmp_path: Path) -> None:
    make_product(external_id="85123")
    columns = {
        "order": [536365, 536366],
        "placed_at": [datetime(2026, 1, 5, 10), datetime(2026, 1, 5, 11)],  # noqa: DTZ001 - as tables are
        "product": ["85123", "85123"],
        "quantity": [6, 1],
        "unit_price": [2.55, 2.55],
        "customer": [17850.0, float("nan")],
    }
    file = tmp_path / "orders.parquet"
    pyarrow.parquet.write_table(pyarrow.table(columns), file)
    call_command("import_orders", file, "--set", "currency=GBP")
    first, guest = Order.objects.order_by("external_id")
    assert (first.external_id, first.customer and first.customer.external_id) == ("536365", "17850")
    assert (first.total, guest.customer) == (Decimal("15.30"), None)


@pytest.mark.parametrize(
    ("encoding", "delimiter", "options"),
    [
        ("utf-8-sig", ",", []),
        ("utf-16", "\t", []),
        ("utf-8", ";", []),
        ("cp1256", "|", ["--encoding=cp1256"]),
    ],
)
def test_encodings_and_delimiters_are_found(
    file: Path, encoding: str, delimiter: str, options: list[str]
) -> None:
    lines = [delimiter.join(cells) for cells in (("id", "name", "country"), ("sara", "ساره", "IR"))]
    write(file, *lines, encoding=encoding)
    call_command("import_customers", file, *options)
    assert Customer.objects.get().name == "ساره"


def test_products_and_customers_take_fields_by_language_currency_and_name(file: Path) -> None:
    write(file, "id,title,currency,stock,titles.fa,prices.EUR", "lamp,Desk lamp,GBP,4,چراغ مطالعه,11.5")
    call_command("import_products", file)
    lamp = Product.objects.get(external_id="lamp")
    assert (lamp.stock, lamp.titles, lamp.prices) == (4, {"fa": "چراغ مطالعه"}, {"EUR": "11.50"})
    write(file, "id,email,attributes.vip,created_at", "sara,Sara@Buyer.EXAMPLE,yes,2020-02-01")
    call_command("import_customers", file)
    sara = Customer.objects.get()
    assert (sara.email, sara.attributes, sara.created_at.year) == ("Sara@buyer.example", {"vip": "yes"}, 2020)


def test_what_a_newer_event_said_survives_an_import_of_older_orders(file: Path) -> None:
    write(file, "id,name", "sara,Sara")
    call_command("import_customers", file)
    write(file, HEADER + ",customer_name", GOOD + ",Old name")
    call_command("import_orders", file)
    assert Customer.objects.get().name == "Sara"
