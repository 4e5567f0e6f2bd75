"""For any small document: what goes into the compiler comes out of it, whole and in order."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.compiler import compile_email
from campaigns.compiling.source import Source
from campaigns.compiling.tags import find_tags
from tests.campaigns.emails import TEXTS, in_body

SIMPLE = ["{{ order.number }}", "{{ order.total|money(order.currency) }}", "{{ 1 if cart else 2 }}"]
ATTRIBUTES = st.sampled_from(SIMPLE)
EXPRESSIONS = st.sampled_from([*SIMPLE, "{{ '}}<b' ~ shop.name }}"])
WORDS = st.sampled_from(["plain", "سلام", "a &amp; b", "<b>bold</b>", "<br />", "שלום"])


def wrapped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The inner text on its own, in a condition, or in a loop."""
    forms = ["{}", "{{% if order %}}{}{{% endif %}}", "{{% if cart %}}{}{{% else %}}no{{% endif %}}",
             "{{% for line in order.lines %}}{}{{% endfor %}}"]  # fmt: skip
    return st.builds(str.format, st.sampled_from(forms), inner)


CONTENT = st.recursive(
    EXPRESSIONS | WORDS,
    lambda inner: wrapped(st.lists(inner, min_size=1, max_size=3).map(" ".join)),
    max_leaves=6,
)
ELEMENTS = st.one_of(
    CONTENT.map("<mj-text>{}</mj-text>".format),
    CONTENT.map("<mj-table><tr><td>{}</td></tr></mj-table>".format),
    EXPRESSIONS.map('<mj-button href="{{{{ order.url }}}}">{}</mj-button>'.format),
    ATTRIBUTES.map('<mj-image src="https://x.example/a.png" alt="{}" />'.format),
)
SECTIONS = ELEMENTS.map(lambda one: f"<mj-section><mj-column>{one}</mj-column></mj-section>")
DOCUMENTS = st.lists(wrapped(SECTIONS), min_size=1, max_size=3).map(lambda parts: in_body("\n".join(parts)))


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


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.text(alphabet="ab\n{}%<>[]", max_size=30), st.integers(0, 30))
def test_every_offset_of_a_rewritten_text_leads_back_to_its_place(text: str, cut: int) -> None:
    source = Source(text)
    start = min(cut, len(text))
    rewritten = source.rewrite([(start, start, "new\nlines")])
    assert rewritten.text == f"{text[:start]}new\nlines{text[start:]}"
    assert rewritten.place(start + 4) == source.place(start)
    assert rewritten.place(len(rewritten.text)) == source.place(len(text))
