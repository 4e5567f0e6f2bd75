"""For any small document: what goes into the compiler comes out of it, whole and in order."""

import re
from itertools import accumulate
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.compiler import compile_email
from campaigns.compiling.linting import MAX_LOOPS
from campaigns.compiling.source import Source
from campaigns.compiling.tags import find_tags
from campaigns.rendering import make_ready, render_ready
from tests.campaigns.corpus import Events, write_compiled, write_plainly
from tests.campaigns.emails import TEXTS, in_body
from tests.campaigns.readers import Skeleton, for_others, for_outlook

SIMPLE = ["{{ order.number }}", "{{ order.total|money(order.currency) }}", "{{ 1 if cart else 2 }}"]
ATTRIBUTES = st.sampled_from(SIMPLE)
EXPRESSIONS = st.sampled_from([*SIMPLE, "{{ '}}<b' ~ shop.name }}"])
WORDS = st.sampled_from(["plain", "سلام", "a &amp; b", "<b>bold</b>", "<br />", "שלום"])


def loops_in_each_other(document: str) -> int:
    steps = {"for": 1, "endfor": -1}
    keywords = re.findall(r"\{% (for|endfor)", document)
    return max(accumulate((steps[keyword] for keyword in keywords), initial=0))


def wrapped(inner: st.SearchStrategy[str], *, other: str = "") -> st.SearchStrategy[str]:
    """The inner text on its own, in a condition, or in a loop."""
    forms = [
        "{}",
        "{{% if order %}}{}{{% endif %}}",
        "{{% if cart %}}{}{{% else %}}" + other + "{{% endif %}}",
        "{{% for line in order.lines %}}{}{{% endfor %}}",
    ]
    return st.builds(str.format, st.sampled_from(forms), inner)


CONTENT = st.recursive(
    EXPRESSIONS | WORDS,
    lambda inner: wrapped(st.lists(inner, min_size=1, max_size=3).map(" ".join), other="no"),
    max_leaves=6,
)
ELEMENTS = st.one_of(
    CONTENT.map("<mj-text>{}</mj-text>".format),
    CONTENT.map("<mj-table><tr><td>{}</td></tr></mj-table>".format),
    wrapped(CONTENT.map("<tr><td>{}</td></tr>".format), other="<tr><td>no</td></tr>").map(
        "<mj-table>{}</mj-table>".format),
    EXPRESSIONS.map('<mj-button href="{{{{ order.url }}}}">{}</mj-button>'.format),
    ATTRIBUTES.map('<mj-image src="https://x.example/a.png" alt="{}" />'.format),
    CONTENT.map("<mj-raw><tr><td>{}</td></tr></mj-raw>".format),
    EXPRESSIONS.map('<mj-social><mj-social-element href="https://x.example/">{}</mj-social-element>'
                    "</mj-social>".format),
    CONTENT.map("<mj-accordion><mj-accordion-element><mj-accordion-text>{}</mj-accordion-text>"
                "</mj-accordion-element></mj-accordion>".format),
    st.just("<mj-divider />") | st.just('<mj-spacer height="9px" />'),
)  # fmt: skip
STACKS = st.lists(ELEMENTS | wrapped(ELEMENTS), min_size=1, max_size=2).map("".join)
ROWS = st.one_of(
    STACKS.map("<mj-section><mj-column>{}</mj-column></mj-section>".format),
    wrapped(STACKS.map('<mj-column width="40%">{}</mj-column>'.format)).map(
        "<mj-section>{}</mj-section>".format),
    wrapped(STACKS.map('<mj-column width="50%">{}</mj-column>'.format)).map(
        "<mj-section><mj-group>{}</mj-group></mj-section>".format),
    STACKS.map('<mj-section full-width="full-width"><mj-column>{}</mj-column><mj-column /></mj-section>'
               .format),
    CONTENT.map('<mj-hero background-color="{{{{ order.tint }}}}"><mj-text>{}</mj-text></mj-hero>'.format),
)  # fmt: skip
SECTIONS = ROWS | st.lists(ROWS | wrapped(ROWS), max_size=2).map("".join).map(
    '<mj-wrapper padding="4px">{}</mj-wrapper>'.format
)
HEADS = st.sampled_from(
    ["", '<mj-head><mj-style inline="inline">td { color: red } .x > b { margin: 0 }</mj-style></mj-head>']
)
DOCUMENTS = st.builds(
    lambda head, parts: in_body("\n".join(parts)).replace("<mj-body>", f"{head}<mj-body>"),
    HEADS,
    st.lists(SECTIONS | wrapped(SECTIONS), min_size=1, max_size=3),
).filter(lambda document: len(document) < 6_000 and loops_in_each_other(document) <= MAX_LOOPS)
LINE: dict[str, Any] = {"title": "Cup"}
ORDER = {"number": "7", "total": "3", "currency": "EUR", "url": "https://x.example/o", "tint": "#123456"}
CONTEXTS: list[dict[str, Any]] = [
    {"order": ORDER | {"lines": []}, "cart": None, "shop": {"name": "A & B"}},
    {"order": ORDER | {"lines": [LINE, LINE]}, "cart": {"n": 1}, "shop": {"name": "<b>"}},
]


def statements(text: str) -> list[str]:
    return [tag.code for tag in find_tags(Source(text)) if tag.kind == "statement"]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(DOCUMENTS)
def test_statements_come_out_once_and_in_order_and_no_expression_is_lost(document: str) -> None:
    parts = compile_email(document, TEXTS, language="en", changes={})
    assert statements(parts["html"]) == statements(parts["text"]) == statements(document)
    for tag in find_tags(Source(document)):
        if tag.kind == "expression":
            assert tag.code in parts["html"]
    assert not re.search(r"q[0-9a-f]{6}z\d{4}e", parts["html"] + parts["text"])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(DOCUMENTS)
def test_tags_are_balanced_for_everyone_and_for_outlook_whatever_the_data(document: str) -> None:
    ready = make_ready(compile_email(document, TEXTS, language="fa", changes={}))
    for context in CONTEXTS:
        html = render_ready(ready, context).html
        assert Skeleton(for_others(html)).unbalanced == []
        assert Skeleton(for_outlook(html)).unbalanced == []


@settings(max_examples=40, deadline=None, derandomize=True)
@given(DOCUMENTS)
def test_a_random_document_comes_out_as_if_its_values_had_been_put_in_first(document: str) -> None:
    for context in CONTEXTS:
        ours = without_styles(write_compiled(document, context))
        assert Events(ours).found == Events(without_styles(write_plainly(document, context))).found


def without_styles(html: str) -> str:
    """A compiled email keeps the rules of elements that this reader does not see."""
    return re.sub(r"<head>.*?</head>", "", html, flags=re.DOTALL)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.text(alphabet="ab\n{}%<>[]", max_size=30), st.integers(0, 30))
def test_every_offset_of_a_rewritten_text_leads_back_to_its_place(text: str, cut: int) -> None:
    source = Source(text)
    start = min(cut, len(text))
    rewritten = source.rewrite([(start, start, "new\nlines")])
    assert rewritten.text == f"{text[:start]}new\nlines{text[start:]}"
    assert rewritten.place(start + 4) == source.place(start)
    assert rewritten.place(len(rewritten.text)) == source.place(len(text))
