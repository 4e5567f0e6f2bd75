"""Every wrong template is refused where it is wrong, with a hint that mends it."""

import pytest

from campaigns.compiler import CompileError
from tests.campaigns.emails import TEXTS, compile_one, in_body, in_column, in_text

TWO_COLUMNS = "<mj-section>{% for line in order.lines %}\n<mj-column></mj-column>{% endfor %}</mj-section>"

WRONG = {
    "an unknown variable": (in_text("Hi {{ custmer.name }}"), 2, 4, "custmer", "customer"),
    "an unknown filter": (in_text("{{ order.total|mony }}"), 2, 1, "mony", "money"),
    "an unknown test": (in_text("{% if order is mapping %}x{% endif %}"), 2, 1, "mapping", "defined"),
    "a brace that is missing": (in_text("\n\n{{ order.total }"), 4, 16, "Jinja", "brace"),
    "a broken expression": (in_text("{{ order. }}"), 2, 1, "order.", "bracket"),
    "a call": (in_text("{{ order.lines.append(1) }}"), 2, 1, "calls", "range"),
    "a power": (in_text("{{ 9 ** 9 }}"), 2, 1, "Pow", "compute"),
    "a private name": (in_text("{{ order._meta }}"), 2, 1, "_meta", "start with _"),
    "a statement that is not there": (in_text("{% macro x() %}{% endmacro %}"), 2, 1, "macro", "include"),
    "raw": (in_text("{% raw %}{{ x }}{% endraw %}"), 2, 1, "raw", "braces"),
    "marks for white space": (in_text("a\n {%- if order %}{% endif %}"), 3, 2, "white space", "without"),
    "a plural without other": (in_text("{{ 2|plural(one='{n}') }}"), 2, 1, "other", "plural("),
    "a block without an end": (in_text("{% if order %}x"), 2, 1, "does not end", "endif"),
    "an end without a block": (in_text("x{% endfor %}"), 2, 2, "closes nothing", "remove"),
    "a block that ends in another element": (
        in_text("<b>{% if order %}x</b>{% endif %}"), 2, 4, "does not end inside <b>", "before </b>"),
    "an expression between elements": (in_column("{{ order.number }}"), 2, 1, "lost", "mj-text"),
    "words between elements": (in_column("  stray words"), 2, 3, "lost", "mj-text"),
    "an element that is not closed": (in_text("<p>one<p>two</p>"), 3, 1, "</mj-text>", "opened last"),
    "an unknown element": (in_column("<mj-txt>x</mj-txt>"), 2, 1, "mj-txt", ""),
    "an unknown attribute": (in_column('<mj-text colour="red">x</mj-text>'), 2, 1, "colour", "“color”"),
    "a bad width": (in_column('<mj-image width="wide" src="https://x.example/a.png" />'), 2, 1, "width", ""),
    "an include": (in_column('<mj-include path="/etc/hostname" />'), 2, 1, "mj-include", "[% include"),
    "a script": (in_text("<script>x</script>"), 2, 1, "script", "remove"),
    "an event handler": (in_text('<b onclick="x()">x</b>'), 2, 13, "onclick", "remove"),
    "a script as a link": (in_text('<a href="javascript:x()">x</a>'), 2, 10, "javascript", "https://"),
    "a relative link": (in_column('<mj-button href="/cart">x</mj-button>'), 2, 18, "/cart", "https://"),
    "a layout that depends on data": (
        in_column('<mj-text padding="{{ order.n }}px">x</mj-text>'), 2, 19, "padding", "[% if %]"),
    "a statement in an attribute": (
        in_column('<mj-image alt="{% if cart %}a{% endif %}" src="https://x.example/a.png" />'), 2, 16, "alt",
        "a if b else c"),
    "a statement in a tag": (in_text("<b {% if cart %}{% endif %}>x</b>"), 2, 4, "inside <b>", "attribute"),
    "an attribute without quotes": (in_text("<img alt={{ order.n }}>"), 2, 10, "quotes", 'alt="'),
    "columns in a loop without a width": (in_body(TWO_COLUMNS), 3, 1, "no width", "50%"),
    "a bare angle": (in_text("a < b"), 2, 3, "opens no complete tag", "&lt;"),
    "Jinja for Outlook only": (
        in_text("<!--[if mso]>{{ order.n }}<![endif]-->"), 2, 14, "conditional", "outside"),
    "a statement outside the body": ("{% set a = 1 %}\n" + in_text("x"), 1, 1, "set", "mj-body"),
    "an unknown mark": (in_text("[[ nonsense ]]"), 2, 1, "nonsense", "[[ t.name ]]"),
    "an unknown condition": (in_text("[% if weather %]x[% endif %]"), 2, 1, "weather", "blocks.intro"),
    "a condition without an end": (in_text('[% if direction == "rtl" %]x'), 2, 1, "endif", "endif"),
    "a text that no language has": (in_text("[[ t.nothing ]]"), 2, 1, "nothing", "texts/en.toml"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_template_is_refused_where_it_is_wrong(name: str) -> None:
    source, line, column, message, hint = WRONG[name]
    with pytest.raises(CompileError) as caught:
        compile_one(source)
    error = caught.value
    assert (error.file, error.line, error.column) == ("body.mjml", line, column), str(error)
    assert message in error.message
    assert hint in error.hint


def test_a_mistake_in_a_text_is_located_in_that_text() -> None:
    texts = {"en": {**TEXTS["en"], "hello": "Dear {{ customer.name|uper }}"}}
    with pytest.raises(CompileError, match=r"texts/en.toml \[hello\]:1:6") as caught:
        compile_one(in_text("[[ t.hello ]]"), texts)
    assert caught.value.hint == "did you mean “upper”?"


def test_a_variant_may_not_ask_for_a_block_that_is_not_there() -> None:
    with pytest.raises(CompileError, match="“b” of block “intro”"):
        compile_one(in_text("x"), changes={"blocks": {"intro": "b"}})


def test_too_many_assignments_are_refused_because_each_may_double_a_string() -> None:
    doubling = "".join("{% set a = a ~ a %}" for _ in range(13))
    with pytest.raises(CompileError, match="more than 12"):
        compile_one(in_text("{% set a = 'x' %}" + doubling))
