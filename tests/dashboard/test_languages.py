"""Every word of the dashboard in every language of the house, and numbers as people write them."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from gettext import GNUTranslations
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import translation

from dashboard import formatting

LANGUAGES = ["fa", "ar", "he", "ru"]
_KEYWORDS = DEFAULT_KEYWORDS | {"pgettext_lazy": ((1, "c"), 2)}
_CODE: dict[str, Any] = {
    "dashboard": _KEYWORDS,
    "triggers": _KEYWORDS,
    "config": _KEYWORDS,
    "experiments": {"Problem": None},
}
_TRANSLATE = re.compile(r"""{% translate (["'])(.+?)\1 %}""")
_BLOCK = re.compile(r"{% blocktranslate[^%]*%}(.*?){% (?:plural|endblocktranslate) %}", re.DOTALL)


def catalogue(language: str) -> Path:
    return Path(settings.BASE_DIR) / "locale" / language / "LC_MESSAGES" / "django.po"


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_left_untranslated(language: str) -> None:
    with catalogue(language).open("rb") as file:
        messages = [message for message in read_po(file) if message.id]
    untranslated = [message.id for message in messages if not message.string or message.fuzzy]
    assert untranslated == []
    assert len(messages) > 200


def texts_of_the_dashboard() -> set[str]:
    """Every text that code and templates ask the catalogue for; of one with a plural, the singular."""
    root, texts = Path(settings.BASE_DIR), set[str]()
    for folder, keywords in _CODE.items():
        for file in (root / folder).rglob("*.py"):
            with file.open("rb") as source:
                for _line, found, _comments, _context in extract("python", source, keywords=keywords):
                    texts.add(found[0] if isinstance(found, tuple) else found)
    for folder in ("dashboard", "campaigns"):
        for file in (root / "templates" / folder).glob("*.html"):
            html = file.read_text(encoding="utf8")
            texts |= {text for _quote, text in _TRANSLATE.findall(html)}
            texts |= {re.sub(r"{{ (\w+) }}", r"%(\1)s", text) for text in _BLOCK.findall(html)}
    return texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_holds_every_text_of_the_dashboard_and_no_other(language: str) -> None:
    with catalogue(language).open("rb") as file:
        written = {m.id[0] if isinstance(m.id, tuple) else m.id for m in read_po(file) if m.id}
    asked = texts_of_the_dashboard()
    assert (asked - written, written - asked) == (set(), set())


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    with catalogue(language).open("rb") as file:
        written = {m.id: m.string for m in read_po(file) if isinstance(m.id, str) and m.id and not m.context}
    with catalogue(language).with_suffix(".mo").open("rb") as file:
        compiled = GNUTranslations(file)
    assert {text: compiled.gettext(text) for text in written} == written


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_survive_the_translation(language: str) -> None:
    with catalogue(language).open("rb") as file:
        messages = [m for m in read_po(file) if m.id and isinstance(m.id, str)]
    lost = [m.id for m in messages if any(word not in str(m.string) for word in _placeholders(str(m.id)))]
    assert lost == []


def _placeholders(text: str) -> list[str]:
    return [f"%({part.split(')')[0]})s" for part in text.split("%(")[1:]]


@pytest.mark.parametrize(
    ("language", "money", "count", "day"),
    [
        ("en", "£1,234.50", "12,345", "5 Dec 2011"),
        ("fa", "۱٬۲۳۴٫۵۰", "۱۲٬۳۴۵", "۱۴ آذر ۱۳۹۰"),
        ("ru", "1\xa0234,50\xa0£", "12\xa0345", "5 дек. 2011"),
        ("he", "1,234.50", "12,345", "5 דצמ׳ 2011"),
        ("ar", "1,234.50", "12,345", "5 ديسمبر 2011"),
    ],
)
def test_numbers_and_days_are_written_as_people_write_them(
    language: str, money: str, count: str, day: str
) -> None:
    with translation.override(language):
        assert money in formatting.format_money(Decimal("1234.50"), "GBP")
        assert formatting.format_count(12345) == count
        assert formatting.format_day(date(2011, 12, 5)) == day


def test_money_of_two_currencies_is_never_added_up() -> None:
    with translation.override("en"):
        sums = {"GBP": Decimal(5), "EUR": Decimal(7)}
        assert formatting.format_sums(sums) == "€7.00 + £5.00"


def test_a_moment_is_told_in_the_time_of_the_shop() -> None:
    with translation.override("en"):
        assert formatting.format_moment(datetime(2026, 7, 1, 22, 30, tzinfo=UTC)) == "1 Jul 2026, 23:30"
