"""History from files: what is kept, what is refused and where, and that twice is the same as once."""

import csv
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from django.core.management import CommandError, call_command

from shop.models import Customer, Event, Order, OrderLine, Product
from tests.factories import make_product

pytestmark = pytest.mark.django_db

HEADER = "order,placed_at,currency,product,quantity,unit_price,customer"
GOOD = "1001,2026-01-05 10:00,GBP,teapot,1,24.00,sara"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    make_product(external_id="teapot")
    return tmp_path / "table.csv"


def write(file: Path, *lines: str, encoding: str = "utf-8") -> None:
    file.write_text("\n".join(lines) + "\n", encoding=encoding)


def refusals(file: Path, command: str, *options: str) -> list[dict[str, str]]:
    report = file.with_suffix(".refused.csv")
    call_command(command, file, "--refused", report, *options)
    return list(csv.DictReader(report.open(encoding="utf-8-sig")))


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


BAD_ORDER_ROWS = [
    (",2026-01-05 10:00,GBP,teapot,1,24.00,sara", "order", "order id is empty"),
    ("9,yesterday,GBP,teapot,1,24.00,sara", "placed_at", "'yesterday' is not a time"),
    ("9,,GBP,teapot,1,24.00,sara", "placed_at", "The time is empty"),
    ("9,2999-01-05 10:00,GBP,teapot,1,24.00,sara", "placed_at", "in the future"),
    ("9,2026-01-05 10:00,Toman,teapot,1,24.00,sara", "currency", "5 characters"),
    ("9,2026-01-05 10:00,GBP,lamp,1,24.00,sara", "product", "'lamp' is unknown"),
    ("9,2026-01-05 10:00,GBP,,1,24.00,sara", "product", "value is missing"),
    ("9,2026-01-05 10:00,GBP,teapot,-1,24.00,sara", "quantity", "'-1' is too small"),
    ("9,2026-01-05 10:00,GBP,teapot,many,24.00,sara", "quantity", "'many' has the wrong type"),
    ("9,2026-01-05 10:00,GBP,teapot,1.5,24.00,sara", "quantity", "'1.5' has the wrong type"),
    ('9,2026-01-05 10:00,GBP,teapot,1,"1,234.50",sara', "unit_price", "'1,234.50' is not an amount"),
    ("9,2026-01-05 10:00,GBP,teapot,1,-3,sara", "unit_price", "-3 is negative"),
    ("9,2026-01-05 10:00,GBP,teapot,1,9999999999999,sara", "unit_price", "too large"),
    ("9,2026-01-05 10:00,GBP,teapot,1,24.00,sa\x00ra", "customer", "control character"),
    ("9,2026-01-05 10:00,GBP,teapot,1,24.00", "", "6 cells, the header 7"),
    ("9,2026-01-05 10:00,GBP,teapot,1,24.00,sara,extra", "", "8 cells, the header 7"),
]


@pytest.mark.parametrize(("row", "column", "telling"), BAD_ORDER_ROWS)
def test_a_bad_row_is_refused_with_its_place_and_the_others_are_kept(
    file: Path, row: str, column: str, telling: str
) -> None:
    write(file, HEADER, GOOD, row, GOOD.replace("1001", "1002"))
    [refused] = refusals(file, "import_orders")
    assert (refused["row"], refused["column"]) == ("3", column)
    assert telling in refused["message"]
    assert refused["hint"]
    assert set(Order.objects.values_list("external_id", flat=True)) == {"1001", "1002"}


BAD_ROWS = [
    ("import_products", "id,title,currency,stock", "lamp,Lamp,GBP,-1", "stock", "'-1' is too small"),
    ("import_products", "id,title,currency,url", "lamp,Lamp,GBP,shop/lamp", "url", "is not a web address"),
    ("import_products", "id,title,currency,status", "lamp,Lamp,GBP,sold", "status", "'sold' is not allowed"),
    ("import_products", "id,title,currency", "lamp,,GBP", "title", "value is missing"),
    (
        "import_products",
        "id,title,currency,prices.EU",
        "lamp,Lamp,GBP,1",
        "prices.EU",
        "'EU' is not a currency",
    ),
    ("import_customers", "id,email", "sara,sara@", "email", "not an email address"),
    ("import_customers", "id,country", "sara,UK", "country", "'UK' is not a country"),
    ("import_customers", "id,language", "sara,Persian", "language", "'Persian' is not a language"),
    ("import_customers", "id,timezone", "sara,Tehran", "timezone", "'Tehran' is not a time zone"),
]


@pytest.mark.parametrize(("command", "header", "row", "column", "telling"), BAD_ROWS)
def test_a_bad_product_or_customer_is_refused(
    file: Path, command: str, header: str, row: str, column: str, telling: str
) -> None:
    write(file, header, row)
    [refused] = refusals(file, command)
    assert (refused["row"], refused["column"]) == ("2", column)
    assert telling in refused["message"]


def test_refusals_are_summed_up_by_reason(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(file, HEADER, *(f"{n},2026-01-05 10:00,GBP,lamp{n},1,2,sara" for n in range(3)))
    call_command("import_orders", file)
    assert "3 × product: The product '…' is unknown." in capsys.readouterr().out


def test_an_order_whose_lines_do_not_stand_together_is_refused(file: Path) -> None:
    write(file, HEADER, GOOD, GOOD.replace("1001", "1002"), GOOD)
    [refused] = refusals(file, "import_orders")
    assert refused["row"] == "4"
    assert "Sort the file" in refused["hint"]


def test_an_order_of_two_customers_is_refused(file: Path) -> None:
    write(file, HEADER, GOOD, GOOD.replace("sara", "omid"))
    [refused] = refusals(file, "import_orders")
    assert (refused["row"], refused["column"]) == ("3", "customer")
    assert not Order.objects.exists()


def test_a_formula_in_the_file_is_no_formula_in_the_report(file: Path) -> None:
    write(file, "id,=cmd()", "sara,x@")
    [refused] = refusals(file, "import_customers", "--map==cmd()=email")
    assert refused["column"] == "'=cmd()"


@pytest.mark.parametrize(
    ("content", "options", "telling"),
    [
        (b"", [], "first row must name the columns"),
        (b"id,name,id\n", [], "holds id more than once"),
        (b"id,name\nsara,\xe7\xd3\n", [], "not UTF-8"),
        (b"id\nsara\n", ["--encoding=klingon"], "Choose another --encoding"),
        (b'id,name\nsara,"open\n', [], "Mend the quotes"),
        (b"id\nsara\n", ["--map=id"], "is not a pair"),
        (b"id\nsara\n", ["--map=id=emial"], "emial is not a field. Did you mean email?"),
        (b"id,mail\nsara,x\n", ["--map=mial=email"], "no column mial. Did you mean mail?"),
        (b"a,b\n1,2\n", ["--map=a=id", "--map=b=id"], "id is mapped from two columns"),
        (b"key\nsara\n", [], "id is required: add --map COLUMN=id"),
        (b"id\nsara\n", ["--timezone=Tehran"], "not a time zone"),
        (b"id\nsara\n", ["--delimiter=;;"], "give one"),
        (b"PAR1 and nothing more", [], "this Parquet file can't be read"),
    ],
)
def test_a_file_that_cannot_be_imported_says_why(
    tmp_path: Path, content: bytes, options: list[str], telling: str
) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(content)
    with pytest.raises(CommandError) as refusal:
        call_command("import_customers", file, *options)
    assert telling in str(refusal.value)
    assert not Customer.objects.exists()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"gone\.csv: No such file"):
        call_command("import_customers", tmp_path / "gone.csv")


def test_what_a_newer_event_said_survives_an_import_of_older_orders(file: Path) -> None:
    write(file, "id,name", "sara,Sara")
    call_command("import_customers", file)
    write(file, HEADER + ",customer_name", GOOD + ",Old name")
    call_command("import_orders", file)
    assert Customer.objects.get().name == "Sara"
