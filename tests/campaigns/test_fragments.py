"""One skeleton and each recipient's values: together the very email that each would get alone."""

from typing import Any

import pytest
from hypothesis import given, settings

from campaigns.email_files import list_directories, read_directory
from campaigns.fragments import (
    MAX_SUBSTITUTION_BYTES,
    Fragments,
    Recipient,
    Splitter,
    Whole,
    fill_in,
    split,
)
from campaigns.rendering import ReadyEmail, make_ready, render_with_jinja
from tests.campaigns.emails import compile_one, in_text
from tests.campaigns.recipients import LANGUAGES, make_recipients
from tests.campaigns.test_generated_code import BLOCKS, CONTEXTS, Redirects, ready_html, result_of


def splitter_of(ready: ReadyEmail) -> Splitter:
    found = split(ready)
    assert isinstance(found, Splitter)
    return found


def splitter_for(content: str) -> Splitter:
    return splitter_of(make_ready(compile_one(in_text(content))))


def render(splitter: Splitter, *contexts: dict[str, Any]) -> list[Fragments | Whole]:
    return splitter.render_fragments([Recipient(context) for context in contexts])


def code_of(splitter: Splitter, context: dict[str, Any]) -> str:
    [found] = render(splitter, context)
    return found.code if isinstance(found, Whole) else "split"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("directory", list_directories(), ids=lambda path: path.name)
def test_filled_in_fragments_are_the_email_that_jinja_renders(directory: Any, language: str) -> None:
    email = read_directory(directory)
    ready = make_ready(compile_one(email.source.text, email.texts, language=language))
    contexts = [email.sample, *make_recipients(email.sample, 20, seed=language)]
    recipients = [Recipient(context, Redirects()) for context in contexts]
    found = splitter_of(ready).render_fragments(recipients)
    assert isinstance(found[0], Fragments)
    for context, one in zip(contexts, found, strict=True):
        expected = render_with_jinja(ready, context, tracking=Redirects())
        if isinstance(one, Fragments):
            assert fill_in(one) == (expected.subject, expected.html, expected.text)
            assert one.urls == expected.urls
        else:
            assert one.code == "too_long"


@settings(max_examples=150, deadline=None, derandomize=True)
@given(BLOCKS, CONTEXTS)
def test_any_template_that_can_be_split_gives_the_same_email(template: str, context: Any) -> None:
    ready = ready_html(template)
    found = split(ready)
    if isinstance(found, Splitter):
        [one] = found.render_fragments([Recipient(context, Redirects())])
        if isinstance(one, Fragments):
            expected = result_of(render_with_jinja, ready, context)
            assert fill_in(one) == (expected.subject, expected.html, expected.text)


def test_recipients_with_the_same_blocks_share_one_skeleton() -> None:
    card = f"{{% for one in complements %}}<p>{'x' * 500}{{{{ one.title }}}}</p>{{% endfor %}}"
    contexts = [{"complements": [{"title": "A"}] * number} for number in (1, 1, 2)]
    one, other, longer = render(splitter_for(card), *contexts)
    assert isinstance(one, Fragments)
    assert isinstance(other, Fragments)
    assert isinstance(longer, Fragments)
    assert one.skeleton is other.skeleton
    assert longer.skeleton.html.count("x" * 500) == 2
    assert [
        longer.skeleton.html.count(tag) for tag, value in longer.substitutions.items() if value == "A"
    ] == [1, 1]


def test_equal_expressions_share_a_tag() -> None:
    [one] = render(splitter_of(ready_html("{{ x }} and {{ x }}")), {"x": "value"})
    assert isinstance(one, Fragments)
    first, second = one.skeleton.html.split(" and ")
    assert first == second
    assert one.substitutions[first] == "value"


def test_a_value_that_contains_a_tag_is_refused_and_told_why() -> None:
    splitter = splitter_for("Dear {{ customer.name }}")
    [one] = render(splitter, {"customer": {"name": "Ann"}})
    assert isinstance(one, Fragments)
    assert [code_of(splitter, {"customer": {"name": name}}) for name in one.substitutions] == [
        "value_with_tag"
    ] * len(one.substitutions)


def test_a_value_with_nul_is_refused() -> None:
    splitter = splitter_of(ready_html("Dear {{ customer.name }}"))
    assert code_of(splitter, {"customer": {"name": "A\0B"}}) == "value_with_nul"


@pytest.mark.parametrize(("length", "code"), [(1, "split"), (MAX_SUBSTITUTION_BYTES, "too_long")])
def test_values_longer_than_the_provider_takes_go_whole(length: int, code: str) -> None:
    context = {"customer": {"name": "é" * length}}
    assert code_of(splitter_for("Dear {{ customer.name }}"), context) == code


def test_a_context_out_of_the_ordinary_goes_whole() -> None:
    assert code_of(splitter_for("Dear {{ customer.name }}"), {"customer": "Ann"}) == "unusual_context"


def test_an_email_that_is_the_same_for_all_has_no_skeleton() -> None:
    assert code_of(splitter_of(ready_html("Hello")), {}) == "nothing_differs"


def test_a_template_that_no_code_is_written_for_goes_whole() -> None:
    found = split(ready_html("{% for a in shop.list if a %}{{ a }}{% endfor %}"))
    assert isinstance(found, Whole)
    assert found.code == "not_generated"


def test_one_unusual_recipient_does_not_keep_the_others() -> None:
    splitter = splitter_for("Dear {{ customer.name }}")
    found = render(splitter, {"customer": {"name": "A"}}, {}, {"customer": {"name": "B"}})
    assert [type(one) for one in found] == [Fragments, Whole, Fragments]
