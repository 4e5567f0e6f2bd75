"""The suppression list from files of other systems, and into one: read row by row, nobody let go."""

import csv
from itertools import islice
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from audience.models import Suppression
from audience.suppression import hash_address, suppress
from audience.suppression_files import list_rows
from tests.audience.people import NOW, grant, make_customer, standing_of
from tests.queries import count_statements
from tests.shop.tables import refusals, write

pytestmark = pytest.mark.django_db
COMMAND = "import_suppressions"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "suppressions.csv"


def load(file: Path, *options: str) -> list[dict[str, str]]:
    return refusals(file, COMMAND, *options)


def listed() -> set[tuple[str, str]]:
    return set(Suppression.objects.values_list("address_hash", "scope"))


def test_each_row_is_an_address_that_gets_no_more_mail(file: Path) -> None:
    write(file, "email,scope,reason,created_at", "A@buyer.example,all,bounced,2026-01-05T10:00:00+00:00",
          "b@buyer.example,marketing,,")  # fmt: skip
    assert load(file) == []
    assert listed() == {
        (hash_address("a@buyer.example"), "all"),
        (hash_address("b@buyer.example"), "marketing"),
    }
    assert set(Suppression.objects.values_list("reason", flat=True)) == {"bounced", "manual"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_byte_order_marks_and_other_delimiters_are_understood(
    file: Path, encoding: str, delimiter: str
) -> None:
    write(
        file,
        delimiter.join(["E-Mail", "detail"]),
        delimiter.join(["a@buyer.example", "שלום"]),
        encoding=encoding,
    )
    assert load(file, "--scope=all") == []
    assert Suppression.objects.get().detail == "שלום"


def test_hebrew_in_cp1255_is_read_if_it_is_named_and_asked_for_if_not(file: Path) -> None:
    write(file, "email;detail", "a@buyer.example;נרשם בטעות", encoding="cp1255")
    with pytest.raises(CommandError, match=r"is not UTF-8\. Say what it is: --encoding"):
        call_command(COMMAND, file, "--scope=all")
    assert load(file, "--scope=all", "--encoding=cp1255") == []
    assert Suppression.objects.get().detail == "נרשם בטעות"


@pytest.mark.parametrize(
    ("row", "column", "message"),
    [
        ("nobody,all,,", "email", "This is not one address."),
        ('"a@b.example, c@d.example",all,,', "email", "This is not one address."),
        ("Sara <a@b.example>,all,,", "email", "This is not one address."),
        ("a\x00@b.example,all,,", "email", "The address holds a control or invisible character."),
        ("a\u200b@b.example,all,,", "email", "The address holds a control or invisible character."),
        (f"{'a' * 320}@b.example,all,,", "email", "This is not one address."),
        (",all,,", "email", "The row names nobody."),
        ("a@b.example,everything,,", "scope", "'everything' is no scope."),
        ("a@b.example,,,", "scope", "'' is no scope."),
        ("a@b.example,all,bored,", "reason", "'bored' is no reason."),
        ("a@b.example,all,,yesterday", "created_at", "'yesterday' is no time."),
        ("a@b.example,all,,2026-01-05 10:00", "created_at", "'2026-01-05 10:00' has no offset."),
        ("a@b.example,all", "", "The row has 2 cells, the header 4."),
    ],
)  # fmt: skip
def test_a_bad_row_is_refused_with_its_place_and_a_hint_and_the_others_are_kept(
    file: Path, row: str, column: str, message: str
) -> None:
    write(file, "email,scope,reason,created_at", "first@b.example,all,,", row, "last@b.example,all,,")
    [refused] = load(file)
    assert (refused["row"], refused["column"], refused["message"]) == ("3", column, message)
    assert refused["hint"]
    assert len(listed()) == 2


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("email,email,scope", "the header holds email more than once"),
        ("email,E-Mail,scope", "Two columns hold addresses"),
        ("name,scope", "No column is called email"),
        ("email,detail", "Add --scope marketing"),
    ],
)
def test_a_file_whose_header_leaves_a_doubt_is_refused_as_a_whole(
    file: Path, header: str, message: str
) -> None:
    write(file, header, "a@b.example,a@b.example,all")
    with pytest.raises(CommandError, match=message):
        call_command(COMMAND, file)
    assert listed() == set()


def test_who_is_suppressed_stays_so_whatever_the_file_says(file: Path) -> None:
    customer = make_customer()
    suppress(customer.email, scope="all", reason="manual", detail="by phone", now=NOW)
    grant(customer)
    write(
        file, "email,scope,reason,created_at", f"{customer.email},marketing,unsubscribed,2020-01-01T00:00:00Z"
    )
    load(file)
    assert standing_of(customer).is_suppressed
    assert Suppression.objects.get(scope="all").detail == "by phone"


def test_a_dry_run_says_what_it_would_do_and_does_nothing(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(file, "email", "a@b.example", "nobody")
    call_command(COMMAND, file, "--scope=all", "--dry-run")
    said = capsys.readouterr().out
    assert "2 rows read, 1 would be written (dry run), 1 refused." in said
    assert listed() == set()


def test_no_address_stands_in_what_the_import_says(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(file, "email", "canary@b.example", "canary too@b.example")
    refused = load(file, "--scope=all")
    assert "canary" not in str(refused) + capsys.readouterr().out


def test_a_long_file_takes_a_fixed_number_of_queries_for_every_five_hundred_rows(file: Path) -> None:
    counts = []
    for number in (500, 1000):
        write(file, "email", *(f"{number}-{index}@b.example" for index in range(number)))
        with count_statements() as statements:
            call_command(COMMAND, file, "--scope=all")
        counts.append(len(statements))
    assert counts[1] <= 2 * counts[0] <= 20


def test_an_export_imported_elsewhere_suppresses_the_same_people(file: Path) -> None:
    suppress("a@b.example", scope="all", reason="bounced", detail="5.1.1", now=NOW)
    suppress("b@b.example", scope="marketing", reason="complained", now=NOW)
    facts = ("address_hash", "scope", "reason", "created_at")
    before = list(Suppression.objects.order_by("scope").values(*facts))
    call_command("export_suppressions", file)
    Suppression.objects.all().delete()
    assert load(file) == []
    assert list(Suppression.objects.order_by("scope").values(*facts)) == before


@pytest.mark.parametrize("detail", ["=cmd()", "+1", "-1", "@SUM(A1)", "\tx"])
def test_no_cell_of_an_export_is_a_formula(file: Path, detail: str) -> None:
    suppress("a@b.example", scope="all", reason="manual", detail=detail, now=NOW)
    call_command("export_suppressions", file)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        [row] = csv.DictReader(lines)
    assert row["detail"] == f"'{detail}"


def test_an_export_holds_no_address_and_overwrites_no_file(file: Path) -> None:
    suppress("canary@b.example", scope="all", reason="manual", now=NOW)
    call_command("export_suppressions", file)
    assert "canary" not in file.read_text("utf-8-sig")
    with pytest.raises(CommandError, match=r"File exists\. Name a new file"):
        call_command("export_suppressions", file)


def test_an_export_is_read_piece_by_piece() -> None:
    for number in range(3):
        suppress(f"{number}@b.example", scope="all", reason="manual", now=NOW)
    with count_statements() as statements:
        assert len(list(islice(list_rows(), 4))) == 4
    assert len(statements) == 1
