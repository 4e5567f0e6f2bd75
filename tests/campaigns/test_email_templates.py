"""The templates that come with Pairwell: complete, honest, readable in every language, published once."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from campaigns.compiler import CompiledParts, CompileError, compile_email, expand_texts
from campaigns.compiling.addresses import safe_url
from campaigns.compiling.engine import compile_mjml
from campaigns.compiling.finishing import trim
from campaigns.compiling.sandbox import html_environment
from campaigns.compiling.source import Source
from campaigns.email_checks import check_directory
from campaigns.email_files import EmailDirectory, list_directories, read_directory, templates_root
from campaigns.models import CompiledEmail, TemplateVersion
from campaigns.rendering import RenderedEmail, make_ready, render_ready
from campaigns.templates_store import publish_all
from tests.campaigns.emails import in_column, in_text

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEYS = [path.name for path in list_directories()]
COMPLETE = ["order_confirmation", "abandoned_cart", "post_purchase_follow_up"]
LANGUAGES = ["en", "fa", "ar", "he", "ru", "de", "fr"]


@lru_cache
def read(key: str) -> EmailDirectory:
    return read_directory(templates_root() / key)


@lru_cache
def compiled(key: str, language: str) -> CompiledParts:
    email = read(key)
    return compile_email(email.source, email.texts, language=language, changes={})


def rendered(key: str, language: str = "en", **changed: Any) -> RenderedEmail:
    return render_ready(make_ready(compiled(key, language)), {**read(key).sample, **changed})


@pytest.mark.parametrize("key", COMPLETE)
def test_each_template_has_every_text_in_seven_languages(key: str) -> None:
    assert set(read(key).texts) == set(LANGUAGES)
    assert read(key).missing == {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", COMPLETE)
def test_each_email_says_who_writes_why_and_how_to_stop(key: str, language: str) -> None:
    email = rendered(key, language)
    for part in (email.html, email.text):
        assert "1 Sample Street, London" in part
        assert "https://shop.example/u/sample" in part
        assert "https://shop.example/p/sample" in part
        assert "536365" in part or key == "abandoned_cart"
    assert len(email.html.encode()) < 102_000
    assert email.subject.strip()


def test_a_plain_order_confirmation_is_free_of_offers_and_of_unsubscribing() -> None:
    email = rendered("order_confirmation", complements=[], upgrades=[])
    assert "https://shop.example/u/sample" not in email.html
    assert "Goes well" not in email.text
    assert "£36.59" in email.text


def test_the_order_comes_before_the_suggestions() -> None:
    email = rendered("order_confirmation")
    for part in (email.html.split("<body")[1], email.text):
        assert part.index("£36.59") < part.index("Goes well with your order")


def test_each_suggestion_shows_its_price_and_its_reason() -> None:
    text = rendered("abandoned_cart").text
    assert "Red hanging heart T-light holder\n£2.95" in text
    assert "Often bought with White hanging heart T-light holder – 214 orders" in text
    assert "Hot water bottle “Keep calm”\n£4.95" in text
    assert "£1.56 more. That is the whole difference." in text


def test_a_reason_without_figures_claims_none() -> None:
    product = {
        "title": "Cup",
        "price": "3",
        "currency": "GBP",
        "image": "",
        "url": "https://shop.example/cup",
    }
    reason = {"code": "popular", "because_of": "", "support": 0, "price_difference": None}
    text = rendered("order_confirmation", complements=[{**product, "reason": reason}]).text
    assert "Popular with our customers" in text
    assert " orders" not in text


def test_a_customer_without_a_name_is_greeted_all_the_same() -> None:
    assert "\nHello,\n" in rendered("order_confirmation", customer={"name": "", "first_name": ""}).text


def test_a_wholesale_order_stays_below_the_size_that_gmail_clips() -> None:
    order = read("order_confirmation").sample["order"]
    email = rendered("order_confirmation", order={**order, "lines": order["lines"] * 200})
    assert len(email.html.encode()) < 102_000
    assert "… and 580 more items" in email.text


def test_a_picture_of_a_product_leads_to_it_and_has_a_description() -> None:
    product = {**read("order_confirmation").sample["complements"][0], "image": "https://shop.example/a.png"}
    html = rendered("order_confirmation", complements=[product]).html
    assert re.search(r'<img alt="Red hanging heart[^>]* src="https://shop.example/a.png"', html)


def test_the_persian_email_has_solar_dates_persian_digits_and_isolated_titles() -> None:
    email = rendered("order_confirmation", "fa")
    assert "۱ آذر ۱۴۰۵" in email.html
    assert "۳۶٫۵۹" in email.html
    assert "<bdi>White hanging heart T-light holder</bdi>" in email.html
    assert "direction:ltr" not in email.html
    assert "\u200f\u2068White hanging heart T-light holder\u2069" in email.text


def test_the_russian_email_counts_like_russian() -> None:
    text = rendered("post_purchase_follow_up", "ru").text
    assert "214 заказов" in text
    assert "533 заказа" in text


def test_a_variant_may_choose_another_opening() -> None:
    email = read("abandoned_cart")
    changes = {"blocks": {"intro": "b"}}
    parts = compile_email(email.source, email.texts, language="en", changes=changes)
    assert "Here is the cart that you put together" in parts["html"]
    assert "Here is the cart that you put together" not in compiled("abandoned_cart", "en")["html"]


def words(html: str) -> str:
    """What both ways must agree on: the body without isolates, without what finishing adds, and with
    the comments for Outlook joined (MJML joins them only where no Jinja stands between)."""
    body = re.sub(r"</?bdi>", "", html[html.index('role="article"') :]).replace("</body>", "")
    body = re.sub(r"\s+", " ", re.sub(r">\s+|\s+<", lambda match: match.group().strip(), body))
    return body.replace("<![endif]--><!--[if mso | IE]>", "").strip()


@pytest.mark.parametrize("key", KEYS)
def test_compiling_once_gives_what_mjml_per_recipient_would_give(key: str) -> None:
    email = read(key)
    values = {**email.sample, "_link": safe_url, "_pixel": ""}
    expanded = expand_texts(email.source, email.texts, language="en", changes={})
    per_recipient = html_environment("en").from_string(expanded.text).render(values)
    naive = trim(compile_mjml(Source(per_recipient), direction="ltr"))
    once = html_environment("en").from_string(compiled(key, "en")["html"]).render(values)
    assert words(once).replace('lang="en" dir="ltr"', "") == words(naive).replace('lang="und" dir="auto"', "")


@pytest.mark.django_db
def test_publishing_again_without_a_change_publishes_nothing() -> None:
    first = publish_all(NOW)
    assert sorted(version.template.key for version in first) == sorted(KEYS)
    offered = {code for code, _ in settings.LANGUAGES}
    assert CompiledEmail.objects.count() == sum(len(offered.union(read(key).texts)) for key in KEYS)
    assert publish_all(NOW) == []
    assert TemplateVersion.objects.count() == len(KEYS)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A template of one's own, with a partial."""
    root = tmp_path / "hello"
    (root / "texts").mkdir(parents=True)
    (tmp_path / "_partials").mkdir()
    (root / "texts" / "en.toml").write_text('subject = "S"\npreheader = "P"\n', encoding="utf-8")
    (tmp_path / "_partials" / "part.mjml").write_text(
        "<mj-text>\n{{ shop.name }}\n</mj-text>\n", encoding="utf-8"
    )
    write_body(root, '<mj-text><a href="{{ links.unsubscribe }}">no</a></mj-text>')
    sample = '{"shop": {"name": "Shop"}, "links": {"unsubscribe": "https://x.example/u"}}'
    (root / "sample.json").write_text(sample, encoding="utf-8")
    return root


def write_body(root: Path, content: str) -> None:
    include = '[% include "_partials/part.mjml" %]'
    (root / "body.mjml").write_text(in_column(f"{include}\n{content}"), encoding="utf-8")


def test_a_mistake_is_located_in_the_partial_it_stands_in(directory: Path) -> None:
    partial = directory.parent / "_partials" / "part.mjml"
    partial.write_text("<mj-text>\n{{ shopp.name }}\n</mj-text>\n", encoding="utf-8")
    findings = check_directory(read_directory(directory), default_language="en")
    assert findings[0].message.startswith("_partials/part.mjml:2:1: error: unknown variable “shopp”")


def test_a_line_after_a_partial_keeps_its_own_number(directory: Path) -> None:
    write_body(directory, "<mj-text>{{ nope }}</mj-text>")
    findings = check_directory(read_directory(directory), default_language="en")
    assert findings[0].message.startswith("hello/body.mjml:3:10: error: unknown variable “nope”")


@pytest.mark.parametrize("target", ["../secret.mjml", "_partials/none.mjml", "hello/body.mjml"])
def test_a_partial_must_exist_inside_the_templates_and_not_include_itself(
    directory: Path, target: str
) -> None:
    body = (directory / "body.mjml").read_text(encoding="utf-8").replace("_partials/part.mjml", target)
    (directory / "body.mjml").write_text(body, encoding="utf-8")
    with pytest.raises(CompileError, match=r"hello/body.mjml:2:1"):
        read_directory(directory)


def test_a_broken_text_file_is_located(directory: Path) -> None:
    (directory / "texts" / "en.toml").write_text('subject = "S"\npreheader = P\n', encoding="utf-8")
    with pytest.raises(CompileError, match=r"texts/en.toml:2:13: not TOML"):
        read_directory(directory)


def list_errors(directory: Path) -> list[str]:
    return [
        one.message
        for one in check_directory(read_directory(directory), default_language="en")
        if one.is_error
    ]


def test_marketing_without_unsubscribing_and_pictures_without_words_are_found(directory: Path) -> None:
    write_body(directory, '<mj-image src="https://x.example/a.png" />')
    picture, leaving = list_errors(directory)
    assert "hello/body.mjml:3:1: error: <mj-image> has no alt" in picture
    assert "no way to unsubscribe" in leaving


def test_a_sample_without_what_the_email_needs_is_found(directory: Path) -> None:
    (directory / "template.toml").write_text('needs = ["cart"]\n', encoding="utf-8")
    write_body(directory, '<mj-text><a href="{{ links.unsubscribe }}">no</a></mj-text>')
    [message] = list_errors(directory)
    assert message.startswith("hello/sample.json: error: sample.json has no “cart”")


def test_a_variable_that_the_sample_lacks_is_found(directory: Path) -> None:
    write_body(directory, '<mj-text>{{ shop.phone }}<a href="{{ links.unsubscribe }}">no</a></mj-text>')
    [message] = list_errors(directory)
    assert message.startswith("hello/body.mjml:3:10: error: hello (en): “phone” is not there; there is: name")


def test_texts_that_only_one_language_has_are_reported_but_may_be_sent(directory: Path) -> None:
    (directory / "texts" / "fa.toml").write_text('subject = "س"\n', encoding="utf-8")
    [finding] = [
        f
        for f in check_directory(read_directory(directory), default_language="en")
        if f.check == "translations"
    ]
    assert (finding.what, finding.is_error) == ("fa lacks preheader", False)


@pytest.mark.django_db
def test_the_command_publishes_a_changed_directory_and_refuses_a_broken_one(directory: Path) -> None:
    out, err = StringIO(), StringIO()
    call_command("publish_templates", str(directory), stdout=out)
    assert "hello: published as version 1" in out.getvalue()
    write_body(directory, "<mj-text>{{ nope }}</mj-text>")
    with pytest.raises(CommandError, match="not published: hello"):
        call_command("publish_templates", str(directory), stderr=err)
    assert "hello/body.mjml:3:10" in err.getvalue()
    assert TemplateVersion.objects.count() == 1


def test_the_commands_check_and_render_a_file(directory: Path) -> None:
    out = StringIO()
    call_command("check_email", str(directory / "body.mjml"), stdout=out)
    call_command("render_email", str(directory / "body.mjml"), "--text", stdout=out)
    assert "may be sent" in out.getvalue()
    assert "S\nP\n\nShop\n\nno:\nhttps://x.example/u" in out.getvalue()


def test_a_name_that_is_no_template_is_refused() -> None:
    with pytest.raises(CommandError, match="“nothing” is no template"):
        call_command("check_email", "nothing")


def test_a_lone_file_can_be_tried_with_a_context_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "hello.mjml").write_text(in_text("Dear {{ customer.name }}"), encoding="utf-8")
    (tmp_path / "context.json").write_text('{"customer": {"name": "Ann"}}', encoding="utf-8")
    out = StringIO()
    context = tmp_path / "context.json"
    call_command("render_email", str(tmp_path / "hello.mjml"), "--text", context=context, stdout=out)
    assert "Dear Ann" in out.getvalue()
