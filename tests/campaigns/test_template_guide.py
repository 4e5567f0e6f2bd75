"""The guide for authors says what is so: its files compile, its commands run, its tables are right."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from campaigns.compiler import compile_email
from campaigns.compiling.linting import VARIABLES
from campaigns.compiling.sandbox import BUILT_IN_FILTERS, TESTS, plain_environment
from tests.campaigns.emails import TEXTS

GUIDE = (Path(settings.BASE_DIR) / "docs" / "templates.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^`(thanks/[\w./]+)`\n\n```\w+\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE))
BODIES = re.findall(r"^```mjml\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
ROWS = re.findall(r"^\| `(\".*?)` \| (.*) \|$", GUIDE, re.MULTILINE)
LANGUAGES = ["en", "ru", "fa", "ar-EG", "he"]


@pytest.fixture
def thanks(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return tmp_path / "thanks"


def test_the_first_template_renders_and_may_be_sent(
    thanks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("render_email", str(thanks), out=tmp_path / "thanks.html")
    call_command("render_email", str(thanks), "--text")
    call_command("check_email", str(thanks))
    assert "Thank you, <bdi>Sara</bdi>" in (tmp_path / "thanks.html").read_text(encoding="utf-8")
    printed = capsys.readouterr().out
    assert printed.startswith("Thank you for order 1001\n1 thing on the way\n")
    assert "Desk lamp – €89.00" in printed
    assert "may be sent" in printed


@pytest.mark.django_db
def test_the_first_template_can_be_published(thanks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("publish_templates", str(thanks))
    assert "published as version 1" in capsys.readouterr().out


@pytest.mark.parametrize("body", BODIES[1:], ids=["columns", "blocks"])
def test_every_body_of_the_guide_compiles(body: str) -> None:
    for changes in ({}, {"blocks": {"intro": "b"}} if "blocks" in body else {}):
        compile_email(body, TEXTS, language="fa", changes=changes)


@pytest.mark.parametrize(("code", "cells"), ROWS)
def test_the_table_of_filters_is_right(code: str, cells: str) -> None:
    code = code.replace("\\|", "|")
    written = [
        plain_environment(language).from_string(f"{{{{ {code} }}}}").render() for language in LANGUAGES
    ]
    assert [clean(text) for text in written] == [clean(cell) for cell in cells.split(" | ")]


def clean(text: str) -> str:
    """Without invisible marks, and with plain blanks, as one types into a guide."""
    return re.sub(r"[\u00a0\u202f]", " ", re.sub(r"[\u200e\u200f\u2068\u2069]", "", text)).strip()


def test_the_guide_names_all_there_is() -> None:
    named = set(re.findall(r"`(\w+)`", GUIDE))
    assert named >= BUILT_IN_FILTERS | TESTS | VARIABLES


def test_the_guide_shows_four_filters_in_five_languages() -> None:
    assert len(ROWS) == 4


def test_a_file_of_others_renders_with_its_own_context(tmp_path: Path) -> None:
    (tmp_path / "news.mjml").write_text(
        "<mjml><mj-head><mj-title>News for {{ who }}</mj-title></mj-head><mj-body><mj-section><mj-column>"
        '<mj-button href="#">[[BUTTON]] {{ who }}</mj-button></mj-column></mj-section></mj-body></mjml>',
        encoding="utf-8",
    )
    (tmp_path / "who.json").write_text('{"who": "Ann & Bo"}', encoding="utf-8")
    out = tmp_path / "news.html"
    call_command("render_email", str(tmp_path / "news.mjml"), context=tmp_path / "who.json", out=out)
    html = out.read_text(encoding="utf-8")
    assert "<title>News for Ann &amp; Bo</title>" in html
    assert "[[BUTTON]] <bdi>Ann &amp; Bo</bdi>" in html
