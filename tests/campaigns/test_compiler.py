"""What compiling guarantees: values stay values in every place, layouts and languages come out right."""

from html.parser import HTMLParser
from typing import Any

import pytest

from campaigns.compiler import compiled_key
from campaigns.rendering import RenderError, make_ready, render_ready
from tests.campaigns.emails import TEXTS, compile_one, in_body, in_column, in_text, render_one

ATTACKS = [
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "https://x.example/');background:url('javascript:alert(1)",
    "red;background:url(https://x.example)",
    "&#34;><script>alert(1)</script>",
    "{{ 7 * 7 }}{% if 1 %}",
]
EVERY_PLACE = """
<mj-section background-url="{{ shop.x }}" background-color="{{ shop.x }}"><mj-column>
<mj-text color="{{ shop.x }}"><b title="{{ shop.x }}" style="color:{{ shop.x }}">{{ shop.x }}</b>
<a href="{{ shop.x }}">{{ shop.x }}</a><a href="https://x.example/?q={{ shop.x }}">x</a></mj-text>
<mj-button href="{{ shop.x }}" background-color="{{ shop.x }}">{{ shop.x }}</mj-button>
<mj-image src="{{ shop.x }}" alt="{{ shop.x }}" title="{{ shop.x }}" />
</mj-column></mj-section>"""


class Audit(HTMLParser):
    """What a mail client would make of the HTML: tags, event handlers, addresses."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.addresses: list[str] = []
        self.styles: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src", "background")]
        self.styles += [value or "" for name, value in attrs if name == "style"]


@pytest.fixture(scope="module")
def every_place() -> Any:
    return in_body(EVERY_PLACE)


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_hostile_value_is_harmless_in_every_place(every_place: str, attack: str) -> None:
    plain = Audit(render_one(every_place, {"shop": {"x": "plain"}}).html)
    found = Audit(render_one(every_place, {"shop": {"x": attack}}).html)
    assert found.tags == plain.tags
    assert not found.handlers
    allowed = ("https://", "#", "http://")
    assert all(address == "" or address.startswith(allowed) for address in found.addresses)
    assert not any("javascript" in style.lower() and "url('https" not in style for style in found.styles)


def test_a_value_cannot_end_the_css_address_it_stands_in(every_place: str) -> None:
    html = render_one(every_place, {"shop": {"x": "https://x.example/a');color:red('"}}).html
    assert "https://x.example/a%27%29;color:red%28%27" in html
    assert "a');color" not in html


def test_values_after_the_start_of_an_address_are_percent_encoded() -> None:
    source = in_text('<a href="https://x.example/s?q={{ shop.q }}&amp;p=1">x</a>')
    html = render_one(source, {"shop": {"q": "a&b=c d"}}).html
    assert 'href="https://x.example/s?q=a%26b%3Dc%20d&amp;p=1"' in html


@pytest.mark.parametrize(
    "code",
    ["''.__class__", "shop['__class__']", "shop|attr('x')", "self", "cycler", "shop.x.format(1)", "lipsum()"],
)
def test_there_is_no_way_out_of_the_sandbox(code: str) -> None:
    with pytest.raises((ValueError, RenderError)):
        render_one(in_text(f"{{{{ {code} }}}}"), {"shop": {"x": "{0.__class__}"}})


def test_keys_win_over_methods_so_that_items_is_data() -> None:
    source = in_text("{% for item in order.items %}{{ item.values }};{% endfor %}")
    assert (
        ">a</bdi>;<bdi>b</bdi>"
        in render_one(source, {"order": {"items": [{"values": "a"}, {"values": "b"}]}}).html
    )


def test_a_missing_value_is_named_with_what_there_is_instead() -> None:
    with pytest.raises(RenderError, match="“nmber” is not there; did you mean “number”"):
        render_one(in_text("{{ order.nmber }}"), {"order": {"number": "1", "total": "2"}})


def test_a_huge_range_is_refused() -> None:
    with pytest.raises(RenderError, match="at most 100"):
        render_one(in_text("{% for i in range(shop.x) %}x{% endfor %}"), {"shop": {"x": 9999999}})


def test_an_email_of_many_megabytes_is_refused() -> None:
    source = in_text("{% for i in range(100) %}{% for j in range(100) %}{{ shop.x }}{% endfor %}{% endfor %}")
    with pytest.raises(RenderError, match="more than 500000"):
        render_one(source, {"shop": {"x": "x" * 100}})


def test_comments_of_the_author_never_reach_the_mail() -> None:
    html = compile_one(in_text("<!-- was {{ order.nope }} -->{# nor this #}seen"))["html"]
    assert "seen" in html
    assert "nope" not in html
    assert "nor this" not in html


def test_conditional_comments_for_outlook_survive_the_trimming() -> None:
    html = compile_one(
        in_text("<!--[if mso]><b>Outlook</b><![endif]--><!--[if !mso]><!-->rest<!--<![endif]-->")
    )["html"]
    assert "<!--[if mso]><b>Outlook</b><![endif]-->" in html
    assert html.count("<!--[if") == html.count("<![endif]-->")
    assert "\n\n" not in html


def test_from_right_to_left_every_layer_says_so() -> None:
    html = compile_one(in_text("سلام"), {"fa": {"subject": "س", "preheader": "پ"}}, language="fa")["html"]
    assert '<html lang="fa" dir="rtl"' in html
    assert 'lang="fa" dir="rtl"><div style="display:none' in html  # the body, then the preheader
    assert "direction:ltr" not in html
    assert "text-align:right" in html
    assert html.count("<table") == html.count('<table dir="rtl"')


def test_values_in_text_are_isolated_so_that_english_titles_keep_their_shape() -> None:
    html = render_one(in_text("{{ order.title }}"), {"order": {"title": "Lamp (2)"}}).html
    assert "<bdi>Lamp (2)</bdi>" in html


def test_a_row_of_columns_may_repeat_when_its_width_is_known() -> None:
    source = in_body(
        '<mj-section>{% for p in complements %}<mj-column width="50%"><mj-text>{{ p.title }}</mj-text>'
        "</mj-column>{% endfor %}</mj-section>"
    )
    html = render_one(source, {"complements": [{"title": "One"}, {"title": "Two"}]}).html
    assert html.count('class="mj-column-per-50 ') == 2
    assert html.count("<td") == html.count("</td>")


def test_known_crashes_of_the_engine_are_worked_around() -> None:
    font = '<mj-head><mj-font name="Roboto" href="https://fonts.example/roboto" /></mj-head>'
    hero = "<mj-hero><mj-text>in the hero</mj-text></mj-hero>"
    html = compile_one(f"<mjml>{font}<mj-body>{hero}</mj-body></mjml>")["html"]
    assert "in the hero" in html


def test_the_subject_has_neither_entities_nor_line_breaks() -> None:
    texts = {"en": {"subject": "For {{ shop.x }} & you", "preheader": "p"}}
    ready = make_ready(compile_one(in_text("x"), texts))
    rendered = render_ready(ready, {"shop": {"x": "A&B <c>\r\nBcc: all@x.example"}})
    assert rendered.subject == "For A&B <c> Bcc: all@x.example & you"
    assert "<title>For A&amp;B &lt;c&gt;" in rendered.html


def test_the_preheader_is_hidden_and_padded() -> None:
    html = compile_one(in_text("x"), {"en": {"subject": "s", "preheader": "Look & see"}})["html"]
    assert "Look &amp; see&#847;&zwnj;&nbsp;" in html
    assert html.index("display:none") < html.index("Look &amp; see")


def test_the_plain_text_reads_in_order_with_addresses_and_rows() -> None:
    source = in_column(
        "<mj-text><h1>Thanks</h1><p>Dear {{ customer.name }},<br />welcome.</p></mj-text>"
        "<mj-table>{% for l in order.lines %}"
        "<tr><td>{{ l.title }}</td><td>{{ l.total }}</td></tr>{% endfor %}</mj-table>"
        '<mj-button href="{{ order.url }}">See it</mj-button>'
    )
    lines = [{"title": "Lamp & shade", "total": "3"}, {"title": "Cup", "total": "4"}]
    context = {"customer": {"name": "Ann"}, "order": {"lines": lines, "url": "https://x.example/o?a=1&b=2"}}
    assert render_one(source, context).text == (
        "Thanks\n\nDear Ann,\nwelcome.\n\nLamp & shade – 3\nCup – 4\n\nSee it:\nhttps://x.example/o?a=1&b=2\n"
    )


def test_equal_sources_have_equal_keys_and_a_changed_text_another() -> None:
    one, same = (compiled_key("x", TEXTS, language="en", changes={}) for _ in range(2))
    other = compiled_key("x", TEXTS, language="en", changes={"texts": {"en": {"subject": "Hi"}}})
    unrelated = compiled_key("x", TEXTS, language="en", changes={"recommender": "popular"})
    assert one == same == unrelated != other


def test_jinja_comments_vanish_wherever_they_stand() -> None:
    image = '{# a #}<mj-image alt="{# b #}A cup" src="https://x.example/a.png" {# c #} />'
    source = in_column(f"{image}<mj-text>{{# d #}}x</mj-text>")
    html = compile_one(source)["html"]
    assert 'alt="A cup"' in html
    assert "{#" not in html


def test_what_looks_like_a_comment_inside_a_string_of_jinja_is_none() -> None:
    source = in_text("{{ '<!--' }}kept{{ '-->' }}<!-- gone {{ broken -->")
    assert "<bdi>&lt;!--</bdi>kept<bdi>--&gt;</bdi>" in render_one(source, {}).html


def test_a_mail_link_leads_to_one_recipient_whatever_the_value() -> None:
    source = in_text('<a href="mailto:{{ shop.x }}?subject=Hi">x</a>')
    html = render_one(source, {"shop": {"x": "help+uk@x.example?bcc=all@x.example"}}).html
    assert 'href="mailto:help+uk@x.example%3Fbcc%3Dall@x.example?subject=Hi"' in html


def test_a_table_of_the_author_keeps_its_direction_in_an_email_from_right_to_left() -> None:
    html = compile_one(in_text('<table dir="ltr"><tr><td>x</td></tr></table>'), language="fa")["html"]
    assert '<table dir="ltr">' in html


def test_what_the_head_declares_twice_adds_up() -> None:
    declared = (
        '<mj-attributes><mj-class name="a" color="#111111" /><mj-text font-size="31px" /></mj-attributes>'
        '<mj-attributes><mj-class name="a" padding="7px" /><mj-text font-size="33px" /></mj-attributes>'
    )
    text = in_text("x").replace("<mj-text>", '<mj-text mj-class="a">')
    html = compile_one(text.replace("<mj-body>", f"<mj-head>{declared}</mj-head><mj-body>"))["html"]
    assert "padding:7px" in html
    assert "font-size:33px" in html
    assert "color:#111111" in html
