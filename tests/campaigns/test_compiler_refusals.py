"""Every wrong template is refused where it is wrong, with a hint that mends it."""

import pytest

from campaigns.compiler import CompileError, compile_email
from tests.campaigns.emails import TEXTS, compile_one, in_body, in_column, in_head, in_text

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
    "an amount without a currency": (in_text("{{ 3|money }}"), 2, 1, "money", "currency"),
    "a number of digits": (in_text("{{ 3|number(2) }}"), 2, 1, "number", "count|number"),
    "an unknown length": (in_text("{{ '2026-11-22'|date('shrt') }}"), 2, 1, "shrt", "short"),
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
    "an if in a carousel": (
        in_column("<mj-carousel>{% if order %}<mj-carousel-image src='https://x.example/a' />{% endif %}"
                  "</mj-carousel>"), 2, 14, "directly in mj-carousel", "around whole elements"),
    "a loop in an accordion": (
        in_column("<mj-accordion>\n{% for l in order.lines %}{% endfor %}</mj-accordion>"),
        3, 1, "directly in mj-accordion", "inside mj-text"),
    "a loop of social links": (
        in_column("<mj-social>{% for l in order.lines %}{% endfor %}</mj-social>"),
        2, 12, "mj-social", "whole"),
    "a value in the head": (
        in_head('<mj-attributes><mj-text color="{{ shop.x }}" /></mj-attributes>'),
        2, 32, "mj-head", "[% if %]"),
    "an if in the head": (in_head("<mj-raw>{% if order %}{% endif %}</mj-raw>"), 2, 9, "mj-raw", "mj-body"),
    "a value in a style sheet": (
        in_head("<mj-style>a{color:{{ shop.x }}}</mj-style>"),
        2, 19, "mj-style", "mj-text"),
    "a value in a style sheet of the text": (
        in_text("<style>a{color:{{ shop.x }}}</style>"), 2, 16, "<style>", "[% if %]"),
    "a way into Python": (in_text("{{ ''.__class__.__mro__ }}"), 2, 1, "__mro__", "start with _"),
    "a filter into Python": (in_text("{{ order|attr('x') }}"), 2, 1, "attr", "there is"),
    "a format that reaches out": (in_text("{{ '{0.x}'.format(order) }}"), 2, 1, "calls", "range"),
    "a huge range": (in_text("{% for i in range(1000000) %}x{% endfor %}"), 2, 1, "range", "100"),
    "rows as long as one likes": (in_text("{{ order.lines|batch(order.n) }}"), 2, 1, "batch", "batch(2)"),
    "loops in loops in loops": (
        in_text("".join(f"{{% for {v} in range(9) %}}\n" for v in "abcd") + "{% endfor %}" * 4),
        5, 1, "inside each other", "prepare"),
    "two else": (
        in_text("{% if cart %}a{% else %}b{% else %}c{% endif %}"),
        2, 26, "after “else”", "the last"),
    "an attribute twice": (
        in_column('<mj-text color="red" color="blue">x</mj-text>'),
        2, 29, "twice", "keep one"),
    "a column beside a condition": (
        in_body("<mj-section><mj-column></mj-column>\n{% if cart %}<mj-column width='50%'></mj-column>"
                "{% endif %}</mj-section>"), 2, 13, "no width", "every column"),
    "a condition before the first section with a gap": (
        in_body('<mj-wrapper gap="9px">{% if cart %}<mj-section></mj-section>{% endif %}</mj-wrapper>'),
        2, 23, "gap", "padding"),
    "half an element under a condition": (
        in_text("{% if cart %}<p>{% endif %}x</p>"), 2, 17, "not in the same element", "whole elements"),
    "a title beside the subject": (in_head("<mj-title>Hi</mj-title>"), 2, 1, "mj-title", "subject"),
    "a script by way of the head": (
        in_head('<mj-html-attributes><mj-selector path="a">\n<mj-html-attribute name="onclick">x'
                "</mj-html-attribute></mj-selector></mj-html-attributes>"),
        3, 1, "onclick", "where the element is"),
    "a whole style as a value": (
        in_text('<b style="{{ shop.x }}">x</b>'), 2, 11, "no style", "value by value"),
    "a style with a statement": (
        in_text('<b style="color:{% if cart %}red{% endif %}">x</b>'), 2, 17, "style", "a if b else c"),
    "words between the rows of a table": (
        in_column("<mj-table><tr><td>a</td></tr>\nand</mj-table>"), 3, 1, "above the table", "<td>"),
    "a value between the cells of a row": (
        in_text("<table><tr>\n{{ order.n }}</tr></table>"), 3, 1, "above the table", "<td>"),
    "words beside a statement between elements": (
        in_column("{% if cart %}\n{% endif %}words"), 3, 12, "lost", "mj-text"),
    "a link to nowhere": (in_column('<mj-button href="#">x</mj-button>'), 2, 18, "“#”", "https://"),
    "a picture as data": (
        in_column('<mj-image src="data:image/png;base64,xx" />'),
        2, 16, "data:", "https://"),
    "a form": (in_text('<form action="https://x.example"></form>'), 2, 1, "form", "leave it out"),
    "a comment without an end": (in_text("one <!-- two"), 2, 5, "opens no complete tag", "&lt;"),
    "an element in the wrong place": (in_body("<mj-text>x</mj-text>"), 2, 1, "mj-body", "reference"),
    "a tag that is not closed": (in_text("{{ order.number"), 2, 1, "", ""),
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


def test_all_mistakes_are_told_at_once() -> None:
    source = in_column(
        '<mj-text colr="red">{{ custmer.name }}</mj-text>\n'
        '<mj-button href="/cart">{{ order.total|mony }}</mj-button>\n'
        "{{ order.number }} words"
    )
    with pytest.raises(CompileError) as caught:
        compile_one(source)
    places = [(error.line, error.column) for error in (caught.value, *caught.value.others)]
    assert places == [(2, 21), (3, 25), (3, 18), (4, 1), (4, 20)]
    assert "did you mean “customer”" in str(caught.value)
    assert "body.mjml:4:20: text directly in mj-column would be lost" in str(caught.value)


def test_every_missing_text_is_told() -> None:
    with pytest.raises(CompileError) as caught:
        compile_one(in_text("[[ t.one ]] and\n[[ t.two ]]"))
    assert [error.line for error in (caught.value, *caught.value.others)] == [2, 3]


def test_a_block_that_a_browser_would_tear_apart_is_refused() -> None:
    """Where a style sheet is inlined, the HTML is read as browsers read it: a <div> ends a <p>."""
    head = '<mj-head><mj-style inline="inline">p { color: red }</mj-style></mj-head>'
    text = in_text("<p>\n{% if cart %}<div>x</div>{% endif %}</p>").replace("<mj-body>", f"{head}<mj-body>")
    with pytest.raises(CompileError, match="half an element") as caught:
        compile_one(text)
    assert caught.value.line == 3


def test_a_file_of_others_may_hold_what_means_nothing_here_and_is_no_less_safe() -> None:
    source = in_text('[[ FIRST_NAME ]] {{ their.own }} <a href="/relative">x</a> <a href="#">y</a>')
    parts = compile_email(source, TEXTS, language="en", changes={}, is_foreign=True)
    assert "[[ FIRST_NAME ]]" in parts["html"]
    assert 'href="/relative"' in parts["html"]
    for wrong in ('<a href="javascript:x()">x</a>', "{{ x.__class__ }}", "<script></script>", "{{ x() }}"):
        with pytest.raises(CompileError):
            compile_email(in_text(wrong), TEXTS, language="en", changes={}, is_foreign=True)


def test_title_and_preview_of_a_file_of_others_are_its_subject_and_preheader() -> None:
    source = in_head("<mj-title>A &amp; {{ b }}</mj-title><mj-preview></mj-preview>")
    parts = compile_email(source, TEXTS, language="en", changes={}, is_foreign=True)
    assert (parts["subject"], parts["preheader"]) == ("A & {{ b }}", "Welcome")
    assert "<title>A &amp; {{ b }}</title>" in parts["html"]
