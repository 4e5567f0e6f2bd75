"""Every text of the pages exists in every language, and the compiled catalogues are up to date."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.conf import settings

from audience.pages import PAGE_LANGUAGES

ROOT = Path(settings.BASE_DIR)
TRANSLATED = [language for language in PAGE_LANGUAGES if language != "en"]
_TRANSLATE = re.compile(r'{% translate "([^"]+)" %}')
_BLOCK = re.compile(r"{% blocktranslate(?: trimmed)? %}(.*?){% endblocktranslate %}", re.DOTALL)


def texts_of_templates() -> set[str]:
    texts = set()
    for file in (ROOT / "templates" / "audience").glob("*.html"):
        source = file.read_text(encoding="utf8")
        texts |= set(_TRANSLATE.findall(source))
        blocks = (" ".join(block.split()) for block in _BLOCK.findall(source))
        texts |= {re.sub(r"{{ (\w+) }}", r"%(\1)s", block) for block in blocks}
    return texts


def catalogue(language: str) -> Path:
    return ROOT / "audience" / "locale" / language / "LC_MESSAGES" / "django.po"


def messages_of(catalog: Catalog) -> dict[str, str]:
    return {str(message.id): str(message.string) for message in catalog if message.id}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_and_none_is_left_over(language: str) -> None:
    with catalogue(language).open("rb") as file:
        messages = messages_of(read_po(file))
    assert set(messages) == texts_of_templates()
    assert all(messages.values())


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_keeps_the_places_for_values(language: str) -> None:
    with catalogue(language).open("rb") as file:
        for source, text in messages_of(read_po(file)).items():
            assert re.findall(r"%\(\w+\)s", text) == re.findall(r"%\(\w+\)s", source)


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_compiled_catalogue_is_up_to_date(language: str) -> None:
    with catalogue(language).open("rb") as po, catalogue(language).with_suffix(".mo").open("rb") as mo:
        assert messages_of(read_mo(mo)) == messages_of(read_po(po))
