"""Money, dates, numbers, plurals and fallbacks, as people of each language write them."""

import re

import pytest

from campaigns.languages import (
    DateLength,
    choose_plural,
    direction_of,
    fallback_chain,
    format_date,
    format_money,
    format_number,
    market_of,
    normalise_tag,
    quote_text,
)
from tests.campaigns.emails import compile_one, in_text

NEW_YEAR = "2026-03-20T22:00:00+00:00"  # already the 21st, Nowruz, in Tehran


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "£1,234.50"),
        ("de", "1.234,50\u00a0£"),
        ("ru", "1\u00a0234,50\u00a0£"),
        ("fa", "\u200e£\u00a0۱٬۲۳۴٫۵۰"),
        ("ar-EG", "\u200f١٬٢٣٤٫٥٠\u00a0UK£\u200e"),
        ("ar-AE", "\u200f1,234.50\u00a0UK£\u200e"),
        ("he", "\u200f1,234.50\u00a0\u200f£"),
        ("xx-unknown", "£1,234.50"),
    ],
)
def test_money_is_written_as_the_language_writes_it(language: str, expected: str) -> None:
    assert format_money("1234.50", "GBP", language=language) == expected


def test_a_persian_price_in_rials_puts_the_word_behind_the_amount() -> None:
    assert format_money("120000", "IRR", language="fa") == "۱۲۰٬۰۰۰\u00a0ریال"


def test_money_without_a_known_currency_or_amount_shows_only_what_is_known() -> None:
    assert format_money("12.5", "XQX", language="en") == "XQX12.50"
    assert format_money("12.5", "", language="en") == "12.5"
    assert format_money("on request", "GBP", language="en") == "on request GBP"
    assert format_money(None, "GBP", language="en") == ""


@pytest.mark.parametrize("amount", ["1e400", "-1e60", "NaN", "Infinity", 1e300])
def test_a_number_that_is_no_amount_is_shown_as_it_came(amount: object) -> None:
    assert format_money(amount, "GBP", language="fa") == f"{amount} GBP"
    assert format_number(amount, language="fa") == str(amount)


def test_money_has_the_decimals_of_its_currency() -> None:
    assert format_money("1234", "JPY", language="en") == "¥1,234"
    assert format_money("1.234", "KWD", language="en") == "KWD1.234"


def test_a_persian_date_is_in_the_solar_calendar_of_the_shops_time_zone() -> None:
    assert format_date(NEW_YEAR, language="fa", timezone="Asia/Tehran") == "۱ فروردین ۱۴۰۵"
    assert format_date(NEW_YEAR, language="fa", timezone="Europe/London") == "۲۹ اسفند ۱۴۰۴"
    assert format_date(NEW_YEAR, "short", language="fa", timezone="Asia/Tehran") == "۱۴۰۵/۰۱/۰۱"


def test_dates_of_afghanistan_have_their_own_months() -> None:
    assert format_date("2026-11-22", language="fa-AF") == "۱ قوس ۱۴۰۵"


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "November 22, 2026"),
        ("ru", "22 ноября 2026 г."),
        ("he", "22 בנובמבר 2026"),
        ("ar-EG", "٢٢ نوفمبر ٢٠٢٦"),
        ("de", "22. November 2026"),
    ],
)
def test_dates_are_written_in_words_of_the_language(language: str, expected: str) -> None:
    text = format_date("2026-11-22T12:00:00Z", language=language)
    assert re.sub(r"\s", " ", text) == expected


@pytest.mark.parametrize("length", ["medium", "long", "full"])
def test_a_russian_day_is_not_parted_from_its_month(length: DateLength) -> None:
    assert re.search(r"\b3\N{NO-BREAK SPACE}дек", format_date("2026-12-03", length, language="ru"))


def test_what_is_no_date_is_shown_as_it_came() -> None:
    assert format_date("soon", language="fa") == "soon"


def test_russian_counts_in_three_forms() -> None:
    forms = {"one": "{n} заказ", "few": "{n} заказа", "many": "{n} заказов", "other": "{n} заказа"}
    counted = [choose_plural(n, language="ru", **forms) for n in (1, 3, 5, 21, 1200)]
    assert counted == ["1 заказ", "3 заказа", "5 заказов", "21 заказ", "1\u00a0200 заказов"]


def test_a_form_that_is_not_given_falls_back_to_other() -> None:
    assert choose_plural(2, language="ar", other="{n} طلب") == "2 طلب"


def test_numbers_have_the_digits_of_the_language() -> None:
    assert format_number(1234, language="fa") == "۱٬۲۳۴"
    assert format_number("many", language="fa") == "many"


def test_a_text_is_looked_for_from_the_nearest_language_to_the_furthest() -> None:
    assert fallback_chain("fa_AF", "ru") == ("fa-AF", "fa", "ru", "en")
    assert fallback_chain("", "he-IL") == ("he-IL", "he", "en")
    assert normalise_tag("zh_hant_tw") == "zh-Hant-TW"


@pytest.mark.parametrize(
    ("language", "expected"), [("fa-AF", "rtl"), ("he", "rtl"), ("ru", "ltr"), ("", "ltr")]
)
def test_each_language_has_its_direction(language: str, expected: str) -> None:
    assert direction_of(language) == expected


def test_a_country_refines_a_language_only_where_it_is_spoken() -> None:
    assert market_of("ar", "eg") == "ar-EG"
    assert market_of("ru", "EG") == "ru"
    assert market_of("fa-AF", "GB") == "fa-AF"
    assert market_of("he", "") == "he"


def test_each_text_falls_back_on_its_own_and_never_to_nothing() -> None:
    texts = {
        "en": {"subject": "English", "preheader": "p", "a": "en-a", "b": "en-b", "c": "en-c"},
        "fa": {"subject": "فارسی", "preheader": "پ", "a": "fa-a", "b": " "},
        "fa-AF": {"a": "af-a"},
    }
    parts = compile_one(in_text("[[ t.a ]] [[ t.b ]] [[ t.c ]]"), texts, language="fa_AF")
    assert "af-a en-b en-c" in parts["html"]
    assert (parts["language"], parts["subject"]) == ("fa-AF", "فارسی")


def test_a_language_without_any_text_takes_language_and_direction_of_its_fallback() -> None:
    parts = compile_one(in_text("x"), language="he")
    assert parts["language"] == "en"
    assert 'dir="ltr"' in parts["html"]


def test_a_variant_changes_texts_of_one_language_only() -> None:
    texts = {code: {"subject": code, "preheader": "p"} for code in ("en", "ru")}
    changes = {"texts": {"en": {"subject": "changed"}}}
    assert compile_one(in_text("x"), texts, changes=changes)["subject"] == "changed"
    assert compile_one(in_text("x"), texts, language="ru", changes=changes)["subject"] == "ru"


def test_a_variant_chooses_the_alternative_of_a_block() -> None:
    texts = {"en": {"subject": "s", "preheader": "p", "intro": "first", "intro-b": "second"}}
    source = in_text('[[ t.intro ]][% if blocks.intro == "b" %], boldly[% endif %]')
    assert "first<" in compile_one(source, texts)["html"].replace("\n", "")
    assert "second, boldly" in compile_one(source, texts, changes={"blocks": {"intro": "b"}})["html"]


def test_a_hebrew_date_is_there_where_it_is_wanted() -> None:
    assert format_date("2026-11-22", "hebrew", language="he") == "י״ב כסלו תשפ״ז"
    assert format_date("2026-11-22", "hebrew", language="en") == "12 Kislev 5787"


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "“x”"),
        ("de-AT", "„x“"),
        ("fa-AF", "«x»"),
        ("ru", "«x»"),
        ("he", "״x״"),
        ("fr", "«\u202fx\u202f»"),
        ("xx", "“x”"),
    ],
)
def test_quotation_marks_are_those_of_the_language(language: str, expected: str) -> None:
    assert quote_text("x", language=language) == expected


@pytest.mark.parametrize(
    ("country", "expected"),
    [("EG", "١٬٢٣٤٫٥"), ("SA", "١٬٢٣٤٫٥"), ("AE", "1,234.5"), ("MA", "1.234,5"), ("DZ", "1.234,5")],
)
def test_arabic_digits_are_those_of_the_market(country: str, expected: str) -> None:
    assert format_number("1234.5", language=market_of("ar", country)) == expected
