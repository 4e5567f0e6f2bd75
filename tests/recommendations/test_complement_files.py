"""Complements from a file: the good rows are kept, and each bad one says what to mend."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from recommendations.complement_files import import_complements
from recommendations.engine import recommend
from recommendations.models import ComplementRule
from tests.recommendations.shops import NOW, ask, make_product, titles

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rules.csv"


def test_rules_work_from_day_one_in_the_order_of_their_positions(file: Path) -> None:
    phone = make_product("Phone", product_type="phone")
    case, film = make_product("Case"), make_product("Film")
    file.write_text(
        "product,product_type,complement,position,note\n"
        f"{phone.external_id},,{case.external_id},2,sells well\n"
        f"{phone.external_id},,{film.external_id},1,\n",
        encoding="utf8",
    )
    imported = import_complements(file)
    assert (imported.created, imported.updated, imported.refusals) == (2, 0, [])
    assert titles(recommend([ask(phone)], NOW)[0]) == ["Film", "Case"]


def test_importing_a_file_twice_changes_rules_and_doubles_none(file: Path) -> None:
    case = make_product("Case")
    for position in (1, 5):
        file.write_text(
            f"product_type,complement,position\nphone,{case.external_id},{position}\n", encoding="utf8"
        )
        imported = import_complements(file)
    assert (imported.created, imported.updated) == (0, 1)
    assert ComplementRule.objects.get().position == 5


def test_a_bad_row_names_its_column_and_the_way_out(file: Path) -> None:
    case = make_product("Case").external_id
    file.write_text(
        "product,product_type,complement,position,starts_on,ends_on\n"
        f"nope,,{case},,,\n"
        f",,{case},,,\n"
        f"{case},,{case},,,\n"
        f",phone,{case},zero,,\n"
        f",phone,{case},,soon,\n"
        f",phone,{case},,2026-05-02,2026-05-01\n"
        ",phone,,,,\n"
        f",phone,{case},,,\n",
        encoding="utf8",
    )
    imported = import_complements(file)
    assert [(refusal.row, refusal.column) for refusal in imported.refusals] == [
        (2, "product"), (3, "product"), (4, "complement"), (5, "position"), (6, "starts_on"), (7, "ends_on"),
        (8, "complement"),
    ]  # fmt: skip
    assert all(refusal.message and refusal.hint for refusal in imported.refusals)
    assert imported.created == 1


def test_the_command_says_what_it_did_and_fails_when_nothing_was_good(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = make_product("Case").external_id
    file.write_text(f"product_type,complement\nphone,{case}\nphone,nope\n", encoding="utf8")
    call_command("import_complements", str(file), "--dry-run")
    printed = capsys.readouterr()
    assert "1 rules would be new" in printed.out
    assert "Row 3, complement: No product has the id 'nope'." in printed.err
    assert not ComplementRule.objects.exists()
    file.write_text("product_type,complement\nphone,nope\n", encoding="utf8")
    with pytest.raises(CommandError, match="No row could be taken"):
        call_command("import_complements", str(file))
    file.write_text("a,b\n1,2\n", encoding="utf8")
    with pytest.raises(CommandError, match="No row could be taken"):
        call_command("import_complements", str(file))
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_complements", str(file.parent / "none.csv"))
