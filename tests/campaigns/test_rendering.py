"""From a published version and a context to one email, without a query per message."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from campaigns.models import CompiledEmail, EmailTemplate, TemplateVersion
from campaigns.rendering import (
    NoTracking,
    Recipient,
    Renderer,
    RenderError,
    link_key,
    make_ready,
    render_batch,
    render_ready,
)
from tests.campaigns.emails import compile_one, in_column, in_text, render_one

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


class Redirects:
    def link(self, url: str) -> str:
        return f"https://click.example/{len(url)}"

    def pixel(self) -> str:
        return "https://click.example/open.gif?a=1&b=2"


def publish(source: str, texts: dict[str, dict[str, str]] | None = None) -> TemplateVersion:
    template = EmailTemplate.objects.create(key="one", name="One")
    return TemplateVersion.objects.create(
        template=template, number=1, source=source, digest="d", published_at=NOW,
        texts=texts or {"en": {"subject": "Hi {{ customer.name }}", "preheader": "p"}},
    )  # fmt: skip


def render(renderer: Renderer, version: TemplateVersion, name: str, **options: Any) -> Any:
    arguments = {"language": "en", "changes": {}, "message_id": "m-1", "tracking": NoTracking(), **options}
    return renderer.render(version, context={"customer": {"name": name}}, **arguments)


def test_a_batch_costs_queries_per_version_and_not_per_message(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    version = publish(in_text("{{ customer.name }}"))
    render(Renderer(now=NOW), version, "first, which compiles")
    renderer = Renderer(now=NOW)
    with django_assert_num_queries(1):
        subjects = [render(renderer, version, f"No {number}").subject for number in range(50)]
    assert subjects[49] == "Hi No 49"


def test_the_compiled_form_is_stored_once_per_language_and_arm() -> None:
    version = publish(in_text("x"))
    for _ in range(2):
        render(Renderer(now=NOW), version, "A")
        render(Renderer(now=NOW), version, "A", changes={"texts": {"en": {"subject": "B"}}})
    assert CompiledEmail.objects.count() == 2
    assert set(CompiledEmail.objects.values_list("created_at", flat=True)) == {NOW}


def test_a_variant_of_only_products_shares_the_compiled_form() -> None:
    version = publish(in_text("x"))
    for changes in ({}, {"recommender": "popular"}):
        render(Renderer(now=NOW), version, "A", changes=changes)
    assert CompiledEmail.objects.count() == 1


def test_what_does_not_fit_is_told_with_the_message_and_the_name() -> None:
    version = publish(in_text("{{ shop.name }}"))
    with pytest.raises(RenderError, match="message m-1: “shop” is not in the context"):
        render(Renderer(now=NOW), version, "A")


@pytest.mark.parametrize("filter_", ['money("EUR")', "date", "number", 'plural(other="{n}")', "quoted"])
def test_a_list_is_no_amount_no_date_and_no_number(filter_: str) -> None:
    ready = make_ready(compile_one(in_text("{{ order.lines|" + filter_ + " }}")))
    with pytest.raises(RenderError, match=rf"\|{filter_.split('(')[0]} got a list; name the value"):
        render_ready(ready, {"order": {"lines": [1, 2]}})


def test_a_missing_name_shows_nothing_rather_than_none() -> None:
    html = render_one(in_text("[{{ customer.name }}]"), {"customer": {"name": None}}).html
    assert "[<bdi></bdi>]" in html


def test_digits_and_dates_follow_the_market_and_texts_the_language() -> None:
    texts = {"ar": {"subject": "{{ shop.day|date }}", "preheader": "p"}}
    version = publish(in_text("x"), texts)
    renderer = Renderer(now=NOW)
    subjects = [
        renderer.render(
            version, language="ar", changes={}, message_id="m", tracking=NoTracking(),
            context={"customer": {"country": country}, "shop": {"day": "2026-11-22"}},
        ).subject
        for country in ("EG", "AE")
    ]  # fmt: skip
    assert subjects == ["٢٢ نوفمبر ٢٠٢٦", "22 نوفمبر 2026"]
    assert CompiledEmail.objects.count() == 1


LINKS = in_column(
    '<mj-button href="{{ shop.url }}">shop</mj-button>'
    '<mj-text><a href="{{ links.unsubscribe }}">no</a> <a href="{{ links.preferences }}">some</a>'
    '<a href="mailto:{{ shop.mail }}">m</a><a href="tel:+441">t</a><a href="https://fix.example/a?b=1&amp;c=2">f</a>'
    "</mj-text>"
)
CONTEXT = {
    "shop": {"url": "https://shop.example/", "mail": "a@shop.example"},
    "links": {"unsubscribe": "https://pairwell.example/u", "preferences": "https://pairwell.example/p"},
}


def test_every_link_is_tracked_but_those_that_must_always_work() -> None:
    rendered = render_one(LINKS, CONTEXT, tracking=Redirects())
    targets = ["https://shop.example/", "https://fix.example/a?b=1&c=2"]
    assert rendered.urls == {link_key(url): url for url in targets}
    assert "https://click.example/21" in rendered.html
    assert 'shop.example/"' not in rendered.html
    for untouched in (
        "https://pairwell.example/u",
        "https://pairwell.example/p",
        "mailto:a@shop.example",
        "tel:+441",
    ):
        assert f'href="{untouched}"' in rendered.html


def test_the_text_part_leads_to_the_same_addresses_as_the_html() -> None:
    text = render_one(LINKS, CONTEXT, tracking=Redirects()).text
    assert "shop:\nhttps://click.example/21\n" in text
    assert "no:\nhttps://pairwell.example/u\n" in text


def test_the_pixel_stands_at_the_end_and_only_where_opens_are_tracked() -> None:
    tracked = render_one(in_text("x"), {}, tracking=Redirects()).html
    assert 'src="https://click.example/open.gif?a=1&amp;b=2" width="1"' in tracked
    assert tracked.index("open.gif") > tracked.index("</table>")
    assert "<img" not in render_one(in_text("x"), {}).html


def test_a_very_long_subject_is_cut_so_that_it_can_be_stored() -> None:
    version = publish(in_text("x"))
    assert len(render(Renderer(now=NOW), version, "x" * 900).subject) == 250


def test_rendering_the_same_context_again_gives_the_same_email() -> None:
    version = publish(in_text("{{ customer.name }}"))
    assert render(Renderer(now=NOW), version, "Ann") == render(Renderer(now=NOW), version, "Ann")


def test_a_batch_is_what_each_would_be_alone_and_one_wrong_context_keeps_nobody() -> None:
    ready = make_ready(compile_one(in_text("Dear {{ customer.name }}")))
    contexts: list[dict[str, Any]] = [
        {"customer": {"name": "Ann"}},
        {"customer": {}},
        {"customer": {"name": "<Bob>"}},
    ]
    ann, wrong, bob = render_batch(ready, [Recipient(one) for one in contexts], labels=["m-1", "m-2", "m-3"])
    assert ann == render_ready(ready, contexts[0])
    assert bob == render_ready(ready, contexts[2])
    assert isinstance(wrong, RenderError)
    assert "m-2: “name” is not there" in str(wrong)


def test_links_are_not_told_where_clicks_are_not_tracked() -> None:
    class OpensOnly(NoTracking):
        def link(self, url: str) -> str:
            raise AssertionError(url)

        def pixel(self) -> str:
            return "https://click.example/open.gif"

    ready = make_ready(compile_one(in_text('<a href="{{ shop.url }}">Shop</a>')))
    email = render_ready(ready, {"shop": {"url": "https://shop.example/"}}, tracking=OpensOnly())
    assert "https://shop.example/" in email.html
    assert "open.gif" in email.html
    assert email.urls == {}
