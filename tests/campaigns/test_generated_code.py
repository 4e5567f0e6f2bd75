"""Generated code and Jinja come to the same email, whatever the template and whoever the customer."""

import copy
import itertools
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from campaigns.compiler import CompiledParts
from campaigns.email_files import list_directories, read_directory
from campaigns.fragments import Fragments, Recipient, Splitter, fill_in, split
from campaigns.rendering import (
    NoTracking,
    ReadyEmail,
    RenderError,
    make_ready,
    make_row,
    render_ready,
    render_with_jinja,
)
from tests.campaigns.emails import compile_one
from tests.campaigns.recipients import LANGUAGES, make_recipients

Context = Mapping[str, Any]


class Redirects:
    def link(self, url: str) -> str:
        return f"https://click.example/?to={len(url)}&m='1'"

    def pixel(self) -> str:
        return "https://click.example/open.gif?a=1&b=2"


def result_of(render: Any, ready: ReadyEmail, context: Context) -> Any:
    try:
        return render(ready, context, tracking=Redirects())
    except RenderError as error:
        return str(error)


def assert_same(ready: ReadyEmail, context: Context) -> None:
    assert result_of(render_ready, ready, context) == result_of(render_with_jinja, ready, context)


def ready_html(html: str) -> ReadyEmail:
    """An email whose parts are this Jinja, without MJML around it."""
    return make_ready(CompiledParts(language="en", subject=html, preheader=html, html=html, text=html))


def is_generated(ready: ReadyEmail, context: Context) -> bool:
    return ready.program is not None and ready.program.fill([make_row(context, NoTracking())[0]]) != [None]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("directory", list_directories(), ids=lambda path: path.name)
def test_every_shipped_email_is_generated_and_equals_that_of_jinja(directory: Any, language: str) -> None:
    email = read_directory(directory)
    ready = make_ready(compile_one(email.source.text, email.texts, language=language))
    contexts = [email.sample, *make_recipients(email.sample, 25, seed=f"{directory.name} {language}")]
    for context in contexts:
        assert is_generated(ready, context)
        assert_same(ready, context)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 1000) | st.sampled_from([0.5, -0.0, 2.0])
    | st.text(alphabet="a<&'\"\n ب\u202eé{%", max_size=6)
    | st.sampled_from(["https://x.example/a?b=1&c=2", "javascript:alert(1)", "2026-11-22", "12.50"])
    | st.builds(Markup, st.sampled_from(["<b>x</b>", "plain"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "items"]), inner),
    max_leaves=5,
)  # fmt: skip
THINGS = st.fixed_dictionaries({}, optional=dict.fromkeys(("a", "b", "items", "lines"), VALUES))
CONTEXTS = st.fixed_dictionaries(
    {"order": THINGS, "shop": THINGS}, optional={"customer": VALUES, "cart": THINGS}
)

ATOMS = """
    order.a  order.items  shop.b  order['a']  order.lines[0]  order.lines[-1]  order.lines[:2]  customer
    cart.a.b  x  x.a  loop.index  loop.last  1  -2  '<q>'  none  [1,order.a]  range(3)  missing
    (order.a\tis\tdefined)
    (x\tis\tnone)  (order.b\tis\todd)  shop.items|length
"""
FILTERS = """
    money('GBP')  date  number  plural(one='{n}<i>',other='{n}&')  upper  first  last  default('d')  length
    truncate(3)  join(',')  trim  capitalize  image_url  css_color  url_part  urlencode
"""
OPERATORS = st.sampled_from(["and", "or", "==", "<", "~", "+", "-", "in"])
EXPRESSIONS = st.recursive(
    st.sampled_from([atom for atom in re.split(" {2,}|\n", ATOMS) if atom]),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, OPERATORS, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("(not {})".format, inner),
        st.builds("({})|{}".format, inner, st.sampled_from(FILTERS.split())),
    ),
    max_leaves=4,
)
SHOWN = st.builds("{{{{ {} }}}}".format, EXPRESSIONS) | st.builds("{{{{ _link({}) }}}}".format, EXPRESSIONS)
PIECES = st.sampled_from(["\n", " \n\n ", "text ", "<b>", "\n\n\n", "%s {n} ' \\", "‏و"])
BLOCKS = st.recursive(
    SHOWN | PIECES,
    lambda inner: st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("{{% if {} %}}{}{{% elif {} %}}{}{{% else %}}{}{{% endif %}}".format,
                  EXPRESSIONS, inner, EXPRESSIONS, inner, inner),
        st.builds("{{% for x in {} %}}{}{{% else %}}{}{{% endfor %}}".format, EXPRESSIONS, inner, inner),
        st.builds("{{% for x, y in {} %}}{}{{{{ y }}}}{{% endfor %}}".format, EXPRESSIONS, inner),
        st.builds("{{% set x = {} %}}{}".format, EXPRESSIONS, inner),
    ),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=300, deadline=None, derandomize=True)
@given(BLOCKS, CONTEXTS)
def test_any_template_gives_the_same_email_or_the_same_error_both_ways(template: str, context: Any) -> None:
    before = copy.deepcopy(context)
    assert_same(ready_html(template), {"x": "outer", **context})
    assert context == before


WORDS = st.text(alphabet="a<&'\"\n\t ب\u202eé{%-", max_size=8) | st.sampled_from(
    ["https://x.example/?a=1&b=2", "7"]
)
LINES = st.fixed_dictionaries(
    {"title": WORDS, "number": st.integers(0, 30), "tags": st.lists(WORDS, max_size=2)}
)
GOOD_CONTEXTS = st.fixed_dictionaries(
    {
        "order": st.fixed_dictionaries(
            {"name": WORDS, "count": st.integers(-1, 25), "lines": st.lists(LINES, max_size=3)}
        ),
        "shop": st.fixed_dictionaries({"name": WORDS, "url": WORDS}),
        "line": LINES,
    }
)  # fmt: skip
GOOD_VALUES = st.sampled_from(
    ["order.name", "line.title", "shop['name']|upper", "order.count|number",
     "line.number|plural(other='{n} <i>')",
     "shop.name ~ ' & ' ~ order.count", "line.title if line.number > 3 else 'few'", "line.tags|join(', ')",
     "order.lines|length - 1", "line.title|money('GBP')", "_link(shop.url)", "none", "total",
     "line.title|truncate(3)|default('d')", "line.tags[:1]|length", "shop.url|image_url", "'<q>'"]
).map("{{{{ {} }}}}".format)  # fmt: skip
GOOD_CONDITIONS = st.sampled_from(
    ["order.name", "not line.number", "line.number in (1, 2) or order.count is odd",
     "line.missing is defined",
     "shop.name == line.title and order.count < 9", "line.tags"]
)  # fmt: skip
LONG = "<td>" + "fixed text of a long block " * 20 + "\n"
GOOD_TEMPLATES = st.recursive(
    GOOD_VALUES | PIECES | st.just(LONG),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=4).map("".join),
        st.builds("{{% if {} %}}{}{{% elif {} %}}{}{{% endif %}}".format,
                  GOOD_CONDITIONS, inner, GOOD_CONDITIONS, inner),
        st.builds("{{% if {} %}}{}{{% else %}}{}{{% endif %}}".format, GOOD_CONDITIONS, inner, inner),
        st.builds("{{% for line in order.lines %}}{}{{{{ loop.index }}}}{{% else %}}{}{{% endfor %}}".format,
                  inner, inner),
        st.builds("{{% for tag in line.tags %}}{{{{ tag ~ loop.last }}}}{}{{% endfor %}}".format, inner),
    ),
    max_leaves=10,
).map("{{% set total = order.count + 1 %}}{}".format)  # fmt: skip


@settings(max_examples=200, deadline=None, derandomize=True)
@given(GOOD_TEMPLATES, GOOD_CONTEXTS)
def test_any_ordinary_email_is_generated_and_equals_that_of_jinja(template: str, context: Any) -> None:
    ready = ready_html(template)
    assert is_generated(ready, context)
    assert_same(ready, context)
    found = split(ready)
    assert isinstance(found, Splitter)
    [one] = found.render_fragments([Recipient(context, Redirects())])
    if isinstance(one, Fragments):
        email = render_ready(ready, context, tracking=Redirects())
        assert fill_in(one) == (email.subject, email.html, email.text)


LINE = (
    "{% for line in order.lines %}<i>{{ line.a }}</i>{{ line.a|number }} {{ _link(line.url) }}\n{% endfor %}"
)


def with_lines(*values: object) -> dict[str, Any]:
    lines = [{"a": value, "url": "https://shop.example/?a=1&b=2"} for value in values]
    parts = [lines[:number] for number in range(len(lines))]
    return {"order": {"lines": [{**line, "parts": own} for line, own in zip(lines, parts, strict=True)]}}


@pytest.mark.parametrize("values", list(itertools.permutations([1, True, 1.0, "1", Markup("1")], 3)))
def test_what_was_kept_for_a_line_is_never_taken_for_one_that_only_equals_it(values: tuple[object]) -> None:
    ready = ready_html(LINE)
    for value in values:
        assert_same(ready, with_lines(value))
    assert_same(ready, with_lines(*values))


def test_a_kept_line_has_the_links_of_its_own_message() -> None:
    ready = ready_html(LINE)
    assert "https://shop.example/?a=1&amp;b=2" in render_ready(ready, with_lines(7)).html
    assert "https://click.example/" in render_ready(ready, with_lines(7), tracking=Redirects()).html
    assert_same(ready, with_lines(7))


def test_a_line_with_a_nul_is_left_to_jinja() -> None:
    ready = ready_html(LINE)
    assert not is_generated(ready, with_lines("a\0b", "\0000\0"))
    assert_same(ready, with_lines("a\0b", "\0000\0"))


@pytest.mark.parametrize(
    "loop",
    [
        "{% for x in order.lines %}{{ x.a }}{{ ', ' if not loop.last else '.' }}{% endfor %}",
        "{% for row in order.lines|batch(2) %}<p>{% for x in row %}{{ x.a }}{{ order.lines|length }}"
        "{% endfor %}</p>{% endfor %}",
        "{% for x in order.lines %}{{ x.a }}{% else %}none{% endfor %}",
        "{% if order.lines %}{% for x in order.lines %}{{ x.a }}{% endfor %}{% endif %}"
        "{% for x in order.lines %}<b>{{ x.a }}</b>{% endfor %}",
        "{% for x in order.lines %}{% if x.b is defined %}{{ x.b }}{% endif %}{{ x.a }}{% endfor %}",
        "{% for x in order.lines %}{{ loop.index }}{% for y in x.parts %}{{ y.a }}{{ x.a }}{{ loop.last }}"
        "{% else %}{{ loop.last }}{% endfor %}{{ loop.last }}{% endfor %}",
        "{% for x in order.lines %}{% for x in x.parts %}{{ x.a }}{{ _link(x.url) }}{% endfor %}{{ x.a }}"
        "{% endfor %}",
    ],
)
def test_loops_that_are_kept_are_those_of_jinja(loop: str) -> None:
    ready = ready_html(loop)
    for lines in ((), (1,), (1, 2), (1, 2, 1), ("<a>", 2, "b", "b")):
        assert is_generated(ready, with_lines(*lines))
        assert_same(ready, with_lines(*lines))
