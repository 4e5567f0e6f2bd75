"""Every email of the library, in every language it has: honest, readable, whole, also with little to show."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from campaigns.languages import direction_of
from campaigns.rendering import RenderedEmail
from tests.campaigns.library import KEYS, read, render_email, render_poorest

PROMISED = ("en", "fa", "ar", "he", "ru", "de", "fr")
CASES = [(key, language) for key in KEYS for language in sorted(read(key).texts)]
RTL_CASES = [(key, language) for key, language in CASES if direction_of(language) == "rtl"]
MARKETING = [key for key in KEYS if read(key).is_marketing]
VOID = frozenset({"area", "br", "col", "hr", "img", "meta", "link", "input"})
LATIN = re.compile(r"[A-Za-z]{3,}")  # longer than the UK of a price in pounds

each_case = pytest.mark.parametrize(("key", "language"), CASES)


class Page(HTMLParser):
    """Words with the elements that they stand in, and all elements with their attributes."""

    def __init__(self, email: RenderedEmail) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[tuple[str, tuple[str, ...]]] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.feed(email.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not {"style", "head"} & set(self.open):
            self.words.append((data.strip(), tuple(self.open)))

    def named(self, tag: str) -> Iterator[dict[str, str]]:
        return (attributes for name, attributes in self.elements if name == tag)


@pytest.mark.parametrize("key", KEYS)
def test_each_email_is_complete_in_every_language_that_is_promised(key: str) -> None:
    assert set(PROMISED) <= set(read(key).texts)
    assert read(key).missing == {}


@pytest.mark.parametrize("key", KEYS)
def test_each_email_says_what_it_needs_and_its_sample_has_it(key: str) -> None:
    assert all(read(key).sample.get(name) for name in read(key).needs)


@each_case
def test_an_email_is_whole_with_its_sample_and_far_from_being_clipped(key: str, language: str) -> None:
    email = render_email(key, language)
    assert email.language == language
    assert len(email.html.encode()) < 60_000
    assert email.subject
    assert email.preheader
    assert email.preheader != email.subject
    assert "None" not in email.html + email.text


@each_case
def test_an_email_is_good_with_as_little_as_there_may_be(key: str, language: str) -> None:
    email = render_poorest(key, language)
    page = Page(email)
    assert "None" not in email.html + email.text
    assert all(link["href"] not in ("", "#") for link in page.named("a") if "href" in link)
    assert not list(page.named("img"))
    assert not re.search(" [,،]", email.text)


@pytest.mark.parametrize("key", [key for key in KEYS if set(read(key).needs) & {"products", "upgrades"}])
def test_an_email_without_any_product_leaves_the_block_out(key: str) -> None:
    email = render_poorest(key, "en", products=[], upgrades=[])
    assert "Cup" not in email.text
    assert "https://shop.example" in email.text


@each_case
def test_the_preheader_is_hidden_and_keeps_the_first_words_of_the_body_out(key: str, language: str) -> None:
    html = render_email(key, language).html
    start = html.index('<div style="display:none', html.index("<body"))
    hidden = html[start : html.index("</div>", start)]
    assert hidden.count("&#847;") >= 40
    assert html.index("<body") < start < html.index("<table")


@each_case
def test_every_picture_has_words_or_says_that_it_needs_none(key: str, language: str) -> None:
    assert all("alt" in picture for picture in Page(render_email(key, language)).named("img"))


@pytest.mark.parametrize("key", MARKETING)
def test_marketing_can_be_left_in_html_and_in_plain_text(key: str) -> None:
    for email in (render_email(key), render_poorest(key, "en")):
        for part in (email.html, email.text):
            assert "https://shop.example/u/sample" in part
            assert "https://shop.example/p/sample" in part
            assert "1 Sample Street" in part


@pytest.mark.parametrize(("key", "language"), RTL_CASES)
def test_an_email_from_right_to_left_has_no_block_the_other_way(key: str, language: str) -> None:
    page = Page(render_email(key, language))
    for tag, attributes in page.elements:
        assert attributes.get("dir", "rtl") == "rtl"
        style = attributes.get("style", "").replace(" ", "")
        assert attributes.get("align") != "left" or "white-space:nowrap" in style  # figures that end a row
        assert "direction:ltr" not in style
        assert tag != "td" or "text-align:left" not in style
    assert all(table.get("dir") == "rtl" for table in page.named("table"))


@pytest.mark.parametrize(("key", "language"), RTL_CASES)
def test_latin_words_in_an_email_from_right_to_left_are_isolated(key: str, language: str) -> None:
    page = Page(render_email(key, language))
    stray = [words for words, inside in page.words if LATIN.search(words) and "bdi" not in inside]
    assert stray == []


def test_an_end_is_named_only_where_there_is_one() -> None:
    coupon = read("win_back").sample["coupon"]
    assert "Valid until December 20, 2026." in render_email("win_back").text
    assert "Valid until" not in render_email("win_back", coupon={**coupon, "ends_at": ""}).text


def test_a_saving_is_named_only_where_it_is_true() -> None:
    bundle = read("bundle_offer").sample["bundle"]
    assert "You save – £1.69" in render_email("bundle_offer").text
    email = render_email("bundle_offer", bundle={**bundle, "saving": "", "price": bundle["sum"]})
    assert "You save" not in email.text
    assert email.subject == "These go together"


@pytest.mark.parametrize("language", PROMISED)
def test_the_preheader_announces_products_only_where_there_are_some(language: str) -> None:
    email = render_email("post_purchase_follow_up", language)
    without = render_email("post_purchase_follow_up", language, complements=[])
    assert without.preheader.removesuffix(".") == email.preheader[: len(without.preheader) - 1]
    assert len(without.preheader) < len(email.preheader)


ONE_THING = {"fa": "این کالا", "ar": "هذا المنتج", "he": "המוצר הזה", "fr": "cet article"}


@pytest.mark.parametrize("key", ["price_drop", "replenishment"])
@pytest.mark.parametrize("language", ONE_THING)
def test_an_email_about_several_things_does_not_speak_of_one(key: str, language: str) -> None:
    email = render_email(key, language)
    assert ONE_THING[language] not in f"{email.preheader} {email.text}"


def test_a_bundle_claims_no_orders_that_nobody_counted() -> None:
    assert "customers" not in render_email("bundle_offer", "en").text


def test_the_comparison_names_what_is_added_and_the_whole_difference() -> None:
    text = render_email("upgrade_offer").text
    assert text.index("Yours now") < text.index("£3.39") < text.index("One step up") < text.index("£4.95")
    assert "What it adds:\n2 l instead of 1.5 l\nwashable cover\n" in text
    assert "£1.56 more. That is the whole difference." in text


def test_figures_of_others_are_shown_only_where_there_are_some() -> None:
    [product] = read("back_in_stock").sample["products"]
    assert "★ 4.4 from 87 reviews" in render_email("back_in_stock").text
    assert "★" not in render_email("back_in_stock", products=[{**product, "rating": None}]).text


def test_goods_may_be_sent_back_only_where_the_shop_promises_it() -> None:
    shop = read("upgrade_offer").sample["shop"]
    assert "within 30 days" in render_email("upgrade_offer").text
    assert "Send it back" not in render_email("upgrade_offer", shop={**shop, "return_days": 0}).text


def test_the_lines_that_the_law_of_a_market_asks_for_end_the_email() -> None:
    shop = read("welcome").sample["shop"]
    email = render_email("welcome", shop={**shop, "legal": ["Lampen GmbH, HRB 12345"]})
    assert email.text.rstrip().endswith("Lampen GmbH, HRB 12345")


def test_the_last_email_about_a_cart_says_that_it_is_the_last() -> None:
    text = render_email("abandoned_cart_last").text
    assert "We will not write about this cart again." in text


def test_a_parcel_can_be_followed() -> None:
    text = render_email("shipping_notice").text
    assert "Tracking number: AB 123 456 789 GB" in text
    assert "Expected on November 25, 2026" in text
    assert "Track your parcel:\nhttps://carrier.example/track/AB123456789GB" in text


def test_an_anniversary_is_not_a_birthday() -> None:
    occasion = {"kind": "anniversary", "years": 3}
    assert render_email("birthday").subject == "Happy birthday, Sara"
    assert render_email("birthday", occasion=occasion).subject == "3 years with us"
    assert "birthday" not in render_email("birthday", occasion=occasion).text.lower().replace("bday", "")


@pytest.mark.parametrize(
    ("language", "subjects"),
    [
        ("ar", {1: "سنة معنا", 2: "سنتان معنا", 3: "3 سنوات معنا", 11: "11 سنة معنا", 100: "100 سنة معنا"}),
        ("he", {1: "שנה ביחד", 2: "שנתיים ביחד", 3: "3 שנים ביחד"}),
        ("ru", {1: "1 год вместе", 2: "2 года вместе", 5: "5 лет вместе", 21: "21 год вместе"}),
    ],
)
def test_years_are_counted_as_the_language_counts(language: str, subjects: dict[int, str]) -> None:
    for years, subject in subjects.items():
        occasion = {"kind": "anniversary", "years": years}
        assert render_email("birthday", language, occasion=occasion).subject == subject


@pytest.mark.parametrize("key", KEYS)
def test_a_russian_date_at_the_end_of_a_sentence_is_not_followed_by_a_second_full_stop(key: str) -> None:
    email = render_email(key, "ru")
    assert ".." not in email.subject + email.preheader + email.text


def test_a_hebrew_percent_sign_is_not_parted_from_its_number() -> None:
    assert "<bdi>15%</bdi> הנחה" in render_email("birthday", "he").html
    assert "<bdi>10%</bdi> הנחה" in render_email("referral", "he").html


@pytest.mark.parametrize("language", ["en", "fa", "ru"])
def test_nobody_is_told_to_take_their_time_while_the_coupon_runs_out(language: str) -> None:
    words = read("upgrade_offer").texts[language]["no_hurry"]
    coupon = {"code": "K", "percent": "10", "amount": "", "currency": "GBP", "minimum": ""}
    ending = render_email("upgrade_offer", language, coupon={**coupon, "ends_at": "2026-12-01"})
    assert words in render_email("upgrade_offer", language, coupon=None).text
    assert words in render_email("upgrade_offer", language, coupon={**coupon, "ends_at": ""}).text
    assert words not in ending.text


def test_the_link_to_pass_on_is_the_friends_and_counts_no_click() -> None:
    html = render_email("referral").html
    assert ">https://shop.example/r/SARA</bdi></strong>" in html
    assert html.count('href="https://shop.example/r/SARA"') == 1  # the button


def test_a_colon_has_its_space_in_french() -> None:
    text = render_email("order_confirmation", "fr").text
    assert "Se désabonner\u00a0:\nhttps://" in text
    assert not re.search(r"\w:\n", text)
