"""Bad rows and bad files: refused with place and reason, the others are kept."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from shop.models import Customer, Order
from tests.shop.tables import GOOD, HEADER, refusals, write

pytestmark = pytest.mark.django_db

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
