"""No marketing string reaches who objected: real templates, their real rendering, a mark in all that sells.

The marks are shown to whoever agreed, so that a mark that can't be seen would fail these tests as well.
"""

import email
import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email import policy as mail_policy

import pytest

from audience.consent import suppress
from audience.models import Preference
from campaigns.compiler import compile_email
from campaigns.email_files import EmailDirectory, read_directory, templates_root
from campaigns.models import MessageProduct, PreviewMail
from campaigns.outbox import Draft, queue_messages
from campaigns.rendering import make_ready, render_ready
from campaigns.sending import send_due
from campaigns.templates_store import publish_directory
from campaigns.transports import DatabasePreviewStore
from delivery.preview import PreviewTransport
from recommendations.building import rebuild_neighbours
from shop.models import Customer, Product
from tests.audience.people import NOW, grant, make_customer, withdraw
from tests.campaigns.library import KEYS, poorest_context, read
from tests.factories import make_order, make_product
from tests.flows import make_campaign

LANGUAGES = ("en", "fa", "ar", "he", "ru", "de", "fr")
WORDS, PRODUCT = "zzsellingwords", "zzsellingproduct"
PARTIALS = templates_root() / "_partials"
SELLING = (
    *("complements", "upgrades", "offers", "tile", "product", "comparison", "feedback"),
    *("bundle", "coupon"),
)
_TEXT = re.compile(r"\bt\.(\w+)")
_REASONS = ("reason_together", "reason_goes_with", "reason_upgrade", "reason_popular")
TRANSACTIONAL = [key for key in KEYS if not read(key).is_marketing]


def find_selling_texts() -> set[str]:
    """The names of the texts that only the blocks with products use, and those of the reasons."""
    selling = {name for part in SELLING for name in _read_names(part)}
    others = [path.stem for path in PARTIALS.glob("*.mjml") if path.stem not in SELLING]
    bodies = [(templates_root() / key / "body.mjml").read_text("utf8") for key in TRANSACTIONAL]
    shared = {name for part in others for name in _read_names(part)}
    shared |= {name for body in bodies for name in _TEXT.findall(body)}
    return (selling - shared) | set(_REASONS)


def _read_names(partial: str) -> set[str]:
    return set(_TEXT.findall((PARTIALS / f"{partial}.mjml").read_text("utf8")))


def mark(directory: EmailDirectory) -> EmailDirectory:
    """The template with the mark behind each selling text, in every language."""
    selling = find_selling_texts()
    marked = {
        language: {name: f"{text} {WORDS}" if name in selling else text for name, text in texts.items()}
        for language, texts in directory.texts.items()
    }
    return replace(directory, texts=marked)


def refuse_suggestions(customer: Customer) -> None:
    grant(customer)
    Preference.objects.create(customer=customer, no_suggestions=True, updated_at=NOW)


def list_at_provider(customer: Customer) -> None:
    grant(customer, at=NOW - timedelta(days=2))
    suppress(customer.email, scope="marketing", reason="complained", now=NOW - timedelta(days=1))


NOES: dict[str, Callable[[Customer], object]] = {
    "silent": lambda customer: None,
    "objected": withdraw,
    "objected after a yes": lambda customer: (
        grant(customer, at=NOW - timedelta(days=9)),
        withdraw(customer),
    ),
    "complained": lambda customer: withdraw(customer, "complaint"),
    "objected before a purchase": lambda customer: (
        withdraw(customer, at=NOW - timedelta(days=9)),
        grant(customer, "soft_opt_in"),
    ),
    "listed at the provider": list_at_provider,
    "wants no suggestions": refuse_suggestions,
    "paused": lambda customer: (
        grant(customer),
        Preference.objects.create(customer=customer, paused_until=NOW + timedelta(days=9), updated_at=NOW),
    ),
}


@pytest.fixture
def marked(db: None) -> None:
    """A shop whose order confirmation and whose goods carry the marks."""
    publish_directory(mark(read_directory(templates_root() / "order_confirmation")), NOW)
    bought = make_product(title="Kettle", external_id="kettle", product_type="kettle")
    sold = make_product(title=PRODUCT, product_type="cup")
    for _ in range(12):
        make_order(None, lines=[bought, sold], placed_at=NOW - timedelta(days=20))
    rebuild_neighbours(NOW)


def confirm_orders(say: Callable[[Customer], object]) -> dict[str, str]:
    """The order confirmation of a customer in each language, headers and all, by language."""
    step, kettle, drafts = make_campaign().steps.get(), Product.objects.get(external_id="kettle"), []
    for language in LANGUAGES:
        customer = make_customer(language=language, email=f"{language}@buyer.example")
        say(customer)
        order = make_order(customer, lines=[kettle], placed_at=NOW)
        drafts.append(Draft(step, customer.pk, f"order:{order.pk}", order_id=order.pk))
    queue_messages(drafts, NOW)
    send_due(NOW, PreviewTransport(DatabasePreviewStore()))
    return {mail.recipient[:2]: _read_whole(mail) for mail in PreviewMail.objects.all()}


def _read_whole(mail: PreviewMail) -> str:
    parsed = email.message_from_bytes(zlib.decompress(mail.mime), policy=mail_policy.default)
    bodies = [part.get_content() for part in parsed.walk() if not part.is_multipart()]
    return "\n".join([*(f"{name}: {value}" for name, value in parsed.items()), *bodies])


def test_the_marks_are_seen_by_who_agreed_in_every_language(marked: None) -> None:
    mails = confirm_orders(grant)
    assert sorted(mails) == sorted(LANGUAGES)
    assert all(WORDS in text and PRODUCT in text for text in mails.values())
    assert all("List-Unsubscribe" in text for text in mails.values())


@pytest.mark.parametrize("state", sorted(NOES))
def test_nothing_that_sells_reaches_who_did_not_agree_in_any_language(marked: None, state: str) -> None:
    mails = confirm_orders(NOES[state])
    assert sorted(mails) == sorted(LANGUAGES), "what was ordered is confirmed all the same"
    found = {language: {m for m in (WORDS, PRODUCT) if m in text} for language, text in mails.items()}
    assert found == {language: set() for language in LANGUAGES}
    assert not [language for language, text in mails.items() if "List-Unsubscribe" in text or "/f/" in text]
    assert MessageProduct.objects.count() == 0


@pytest.mark.parametrize("key", TRANSACTIONAL)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_transactional_template_sells_where_it_is_given_no_products(key: str, language: str) -> None:
    directory = mark(read(key))
    if language not in directory.texts:
        language = "en"
    context = {**poorest_context(key), "complements": [], "upgrades": [], "bundle": None, "coupon": None}
    parts = compile_email(directory.source, directory.texts, language=language, changes={})
    made = render_ready(make_ready(parts), context)
    assert WORDS not in made.subject + made.preheader + made.html + made.text
