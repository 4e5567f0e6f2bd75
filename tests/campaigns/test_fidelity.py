"""Compiled once or filled in first: a reader gets the same email, whatever MJML it is made of."""

import re
from typing import Any

import pytest
from mjml import mjml_to_html
from mjml.core.registry import core_components
from mrml import to_html

from campaigns.compiling.engine import compile_mjml
from campaigns.compiling.finishing import trim
from campaigns.compiling.sandbox import html_environment
from campaigns.compiling.source import Source
from tests.campaigns.corpus import (
    CONTEXT,
    NAMES,
    Events,
    language_of,
    read_mjml,
    write_compiled,
    write_plainly,
)
from tests.campaigns.emails import in_column, render_one
from tests.campaigns.readers import Skeleton, for_others

EMPTY = {**CONTEXT, "order": {**CONTEXT["order"], "lines": CONTEXT["order"]["lines"][:2]}, "complements": []}
NEW = {**CONTEXT, "customer": {"name": "نگار & co", "is_new": True}}
# Where the engine itself can't compile what the corpus asks for.
CRASHING = frozenset({"hero_without_size", "fonts_redefined", "inner_border"})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("values", [CONTEXT, EMPTY, NEW], ids=["full", "few", "new"])
def test_the_compiled_email_is_the_one_that_mjml_makes_of_the_values(
    name: str, values: dict[str, Any]
) -> None:
    source, language = read_mjml(name), language_of(name)
    ours = write_compiled(source, values, language=language)
    assert Events(ours).found == Events(write_plainly(source, values, language=language)).found


@pytest.mark.parametrize("name", [name for name in NAMES if name not in CRASHING | {"title_preview"}])
def test_our_way_of_calling_the_engine_changes_nothing_of_what_it_makes(name: str) -> None:
    source = read_mjml(name)
    ours = trim(compile_mjml(Source(source), direction="ltr", is_foreign=True))
    its = trim(str(mjml_to_html(source).html))
    if name not in ("carousel", "navbar"):  # whose ids the engine leaves to chance
        assert ours == its
    assert len(ours) == len(its)


# What mrml refuses, and what it builds of other pictures.
BEYOND_MRML = frozenset({"attributes", "html_attributes", "raw", "accordion"})


@pytest.mark.parametrize("name", [name for name in NAMES if name not in BEYOND_MRML])
def test_another_engine_comes_to_the_same_words_and_addresses(name: str) -> None:
    filled = html_environment("en").from_string(read_mjml(name)).render({"cart": None, **CONTEXT})
    source = re.sub(r"<mj-(title|preview)>.*?</mj-\1>", "", filled)
    its = read_body(to_html(source).content)
    ours = read_body(compile_mjml(Source(source), direction="ltr", is_foreign=True))
    assert "".join(ours.words.split()) == "".join(its.words.split())
    assert set(ours.addresses) == set(its.addresses)


def read_body(html: str) -> Skeleton:
    return Skeleton(re.split(r"<body[^>]*>", for_others(html))[1])


def test_the_corpus_has_every_element_of_mjml() -> None:
    everything = "".join(map(read_mjml, NAMES))
    missing = {name for name in core_components() if f"<{name}" not in everything}
    assert missing <= {"mj-include"}


def test_a_template_without_jinja_comes_out_as_the_engine_makes_it() -> None:
    source = read_mjml("static_letter")
    assert Events(write_compiled(source, {})).found == Events(write_plainly(source, {})).found
    assert "kept   as\n   it is" in write_compiled(source, {})


@pytest.mark.parametrize("name", ["carousel", "navbar"])
def test_compiling_twice_gives_the_same_email(name: str) -> None:
    assert write_compiled(read_mjml(name), CONTEXT) == write_compiled(read_mjml(name), CONTEXT)


def test_a_redefined_font_takes_the_place_of_the_known_one_alone() -> None:
    html = write_compiled(read_mjml("fonts_redefined"), CONTEXT)
    assert "https://fonts.example/roboto" in html
    assert "family=Roboto" not in html
    assert "family=Lato" in html


def test_a_hero_without_a_size_has_the_width_of_the_email() -> None:
    html = write_compiled(read_mjml("hero_without_size"), CONTEXT)
    assert "width:500px" in html
    assert "NaN" not in html


def test_the_links_of_a_menu_start_with_its_address() -> None:
    html = write_compiled(read_mjml("navbar"), CONTEXT)
    assert 'href="https://shop.example/lamps"' in html


def test_a_shared_address_is_whole_and_never_a_tracked_one() -> None:
    element = '<mj-social-element name="facebook" href="{{ order.url }}">x</mj-social-element>'
    source = in_column(f"<mj-social>{element}</mj-social>")
    html = render_one(source, {"order": {"url": "https://x.example/a?b=1&c=2"}}, tracking=_Redirect()).html
    assert 'sharer.php?u=https%3A%2F%2Fx.example%2Fa%3Fb%3D1%26c%3D2"' in html


class _Redirect:
    def link(self, url: str) -> str:
        return f"https://track.example/{len(url)}"

    def pixel(self) -> str:
        return ""
