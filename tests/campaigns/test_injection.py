"""Whatever a value is, it stays a value: no element, attribute, style or scheme comes out of it."""

import re
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from campaigns.compiler import compile_email
from campaigns.rendering import ReadyEmail, RenderedEmail, make_ready, render_ready
from tests.campaigns.readers import Skeleton, for_others, for_outlook

# Every place where a value may stand, in every kind of element that takes one.
SOURCE = """<mjml><mj-head><mj-style inline="inline">.x { color: red }</mj-style></mj-head><mj-body>
<mj-section background-url="{{ shop.x }}" background-color="{{ shop.x }}" full-width="full-width">
<mj-column background-color="{{ shop.x }}" inner-background-color="{{ shop.x }}" padding="2px">
<mj-text color="{{ shop.x }}" container-background-color="{{ shop.x }}">
{{ shop.x }} {{ shop.x|upper }} {{ shop.x|truncate(9) }} {{ "«" ~ shop.x }} {{ shop.x if shop.x else 1 }}
<b class="x" title="{{ shop.x }} and {{ shop.x }}" lang="{{ shop.x }}" data-x="{{ shop.x }}"
   style="color:{{ shop.x }};width:{{ shop.x }}">{{ shop.x }}</b>
<a href="{{ shop.x }}" aria-label="{{ shop.x }}">{{ shop.x }}</a>
<a href="https://x.example/{{ shop.x }}/?q={{ shop.x }}#{{ shop.x }}">one</a>
<a href="mailto:{{ shop.x }}">two</a> <a href='{{ shop.x }}{{ shop.x }}'>three</a>
<img src="{{ shop.x }}" alt='{{ shop.x }}'><bdi>{{ shop.x }}</bdi>
</mj-text>
<mj-table><tr><td bgcolor="{{ shop.x }}" background="{{ shop.x }}">{{ shop.x }}</td></tr></mj-table>
<mj-button href="{{ shop.x }}" background-color="{{ shop.x }}" title="{{ shop.x }}">{{ shop.x }}</mj-button>
<mj-image src="{{ shop.x }}" alt="{{ shop.x }}" title="{{ shop.x }}" href="{{ shop.x }}" />
<mj-social><mj-social-element name="facebook" href="{{ shop.x }}" alt="{{ shop.x }}">{{ shop.x }}
</mj-social-element><mj-social-element name="web" href="{{ shop.x }}" src="{{ shop.x }}" /></mj-social>
<mj-navbar><mj-navbar-link href="{{ shop.x }}">{{ shop.x }}</mj-navbar-link></mj-navbar>
<mj-accordion><mj-accordion-element>
<mj-accordion-title color="{{ shop.x }}">{{ shop.x }}</mj-accordion-title>
<mj-accordion-text>{{ shop.x }}</mj-accordion-text></mj-accordion-element></mj-accordion>
<mj-carousel><mj-carousel-image src="{{ shop.x }}" alt="{{ shop.x }}" href="{{ shop.x }}" />
<mj-carousel-image src="{{ shop.x }}" thumbnails-src="{{ shop.x }}" alt="" /></mj-carousel>
<mj-raw><tr><td title="{{ shop.x }}">{{ shop.x }}</td></tr></mj-raw>
</mj-column></mj-section>
<mj-hero background-url="{{ shop.x }}" background-color="{{ shop.x }}"><mj-text>x</mj-text></mj-hero>
{% for line in order.lines %}<mj-section><mj-column><mj-text>{{ line }}</mj-text></mj-column></mj-section>
{% endfor %}</mj-body></mjml>"""
TEXTS = {"en": {"subject": "For {{ shop.x }}!", "preheader": "See {{ shop.x }} now"}}
PLAIN = "plain"

FRAGMENTS = st.sampled_from(
    ['"', "'", "<", ">", "&", ";", ":", "(", ")", "{", "}", "`", "\\", "/", " ", "\n", "\r\n", "\t",
     "\x00", "\u2028", "\u202e", "\u2069", "\x0b", "#", "=", "--", "-->", "<!--", "<![endif]-->",
     "<!--[if mso]>", "]]>", "</", "<script>", "</style>", "</title>", "</td></table>",
     "<img src=x onerror=alert(1)>", "onload=", "style=", "javascript:", "JaVa\tScript:",
     "data:text/html,", "vbscript:", "https://", "http:", "mailto:", "tel:", "//evil.example",
     "evil.example", "url(", "expression(", "red", "#fff", "rgb(1,2,3)", "1px", "/*", "*/", "!important",
     "&#34;", "&quot;", "&lt;", "&#x3c;", "{{", "}}", "{%", "%}", "{{ 7 * 7 }}", "Bcc: a@b.example",
     "سلام", "שלום", "a", "0"]
)  # fmt: skip
HOSTILE = st.lists(FRAGMENTS, min_size=1, max_size=8).map("".join)


@cache
def ready(language: str = "en") -> ReadyEmail:
    return make_ready(compile_email(SOURCE, {language: TEXTS["en"]}, language=language, changes={}))


def render(value: str, language: str = "en") -> RenderedEmail:
    context: dict[str, Any] = {"shop": {"x": value}, "order": {"lines": [value, value]}}
    return render_ready(ready(language), context)


def is_harmless(address: str) -> bool:
    known = re.match(r"(https?://|mailto:|tel:)", address, re.IGNORECASE)
    return address in ("", "#") or (known is not None and not re.search(r"[\s\"<>\\\x00-\x1f]", address))


@pytest.mark.parametrize("language", ["en", "fa"])
@pytest.mark.parametrize("view", [for_others, for_outlook, str])
@settings(max_examples=60, deadline=None, derandomize=True)
@example(value='"><img src=x onerror=alert(1)>')
@example(value="https://x.example/');background:url('javascript:alert(1)")
@example(value="--><script>alert(1)</script><!--[if mso]>")
@example(value="<![endif]--><b>")
@example(value=" javascript:alert(1)//https://x.example")
@given(value=HOSTILE)
def test_no_value_becomes_an_element_an_attribute_or_a_style(language: str, view: Any, value: str) -> None:
    plain = Skeleton(view(render(PLAIN, language).html))
    found = Skeleton(view(render(value, language).html))
    assert found.shape == plain.shape
    assert not found.unbalanced or view is str
    assert all(map(is_harmless, set(found.addresses) - set(plain.addresses)))


@settings(max_examples=80, deadline=None, derandomize=True)
@given(value=HOSTILE)
def test_no_value_becomes_a_line_of_its_own_in_subject_preheader_or_text(value: str) -> None:
    rendered, plain = render(value), render(PLAIN)
    for line in (rendered.subject, rendered.preheader):
        assert not re.search(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e]", line)
    assert rendered.subject.startswith("For ")
    lines = [line for line in rendered.text.splitlines() if line.strip()]
    assert len(lines) <= len(plain.text.splitlines())


@settings(max_examples=80, deadline=None, derandomize=True)
@given(value=st.text(max_size=40))
def test_what_a_reader_sees_is_the_value_itself(value: str) -> None:
    words = Skeleton(render(value).html).words
    assert squeeze(value) in squeeze(words)


def squeeze(text: str) -> str:
    """As HTML is read: white space is one blank, and what is no character is none."""
    return re.sub(r"\s+", " ", re.sub(r"[\x00-\x08\x0e-\x1f]", "", text.replace("\r", "\n"))).strip()
