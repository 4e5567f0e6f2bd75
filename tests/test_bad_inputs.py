"""Bad inputs in words, each through the door by which it would come in, and what becomes of it.

What stands here had no test of its own. The others, by what comes in:

| input | test |
|---|---|
| line breaks in headers, past our validation | `tests/delivery/test_mime.py`, `test_sendgrid_rules.py` |
| any text as an address | `tests/delivery/test_addresses.py` |
| display names with `, ; "` | `tests/delivery/test_mime.py`, `tests/delivery/test_sendgrid_body.py` |
| the same person in other letters, zero-width signs, A-labels | `tests/audience/test_standings.py` |
| missing, null, NaN and endless values | `tests/campaigns/test_rendering.py`, `tests/shop/test_refusals.py` |
| 102 kB, 10 MB, 31 MB | `test_email_checks.py` (warns), `test_transport_contract.py` |
| click links: `?u=`, `//evil`, line breaks | `tests/campaigns/test_tracking.py` |
| addresses of our own network, uploads, attachments | `tests/config/test_doors.py`: there is no such door |
| staff without a permission | `tests/dashboard/test_rights.py`, `tests/shop/test_admin.py` |
| gaps and leaps of clocks, quiet hours | `tests/campaigns/test_eligibility.py` |
| rules of audiences that mean everyone | none can be typed in: a query names the audience |
| values as code, markup, styles | `tests/campaigns/test_injection.py`, `test_compiler_refusals.py` |
| tokens altered, cut, of another purpose or key | `tests/audience/test_links.py`, `test_one_click.py` |
| one-click posts: no cookie, twice, broken, endless; scanners | `tests/audience/test_one_click.py` |
| forwarded links to the preferences | `tests/audience/test_pages.py`: masked address; here: nothing else |
| addresses, keys and links in logs | `tests/config/test_logs.py`, `tests/delivery/test_sendgrid.py` |
| custom arguments, reserved headers and fields of SendGrid | `tests/delivery/test_sendgrid_rules.py` |
| CSV: BOM, cp1255, NUL, formulas | `test_suppression_files.py`, `tests/shop/test_import_refusals.py` |
| webhook posts: unsigned, broken, repeated | `tests/delivery/test_sendgrid_events.py`, `…_signature.py` |
| marketing without label | `tests/audience/test_policies.py` |
"""

import email
import logging
import zlib
from dataclasses import replace
from datetime import datetime, timedelta
from email import policy as mail_policy

import pytest
from django.test import Client
from pytest_django import Settings

from audience.links import preferences_url
from campaigns.compiling.source import Source
from campaigns.email_files import EmailDirectory, read_directory, templates_root
from campaigns.models import Message, MessageOutcome, PreviewMail
from campaigns.outbox import Draft, queue_messages
from campaigns.sending import send_due
from campaigns.templates_store import publish_directory
from campaigns.transports import DatabasePreviewStore
from delivery.addresses import AddressError, to_ascii_address
from delivery.preview import PreviewTransport
from delivery.sendgrid_body import build_body
from delivery.sendgrid_rules import find_violations
from delivery.validation import RESERVED_HEADERS, find_problems
from shop.ingest import record_events
from shop.models import Customer
from tests.campaigns.conftest import agree
from tests.campaigns.emails import in_text
from tests.delivery.envelopes import UNSUBSCRIBE, make_envelope
from tests.factories import make_customer, make_order, make_product
from tests.flows import make_campaign

BREAKS = {
    "carriage return and line feed": "a\r\nBcc: x@evil.example",
    "line feed": "a\nBcc: x@evil.example",
    "carriage return": "a\rBcc: x@evil.example",
    "NUL": "a\x00b",
    "next line, U+0085": "a\x85b",
    "line separator, U+2028": "a\u2028b",
    "paragraph separator, U+2029": "a\u2029b",
    "a percent-encoded line break": "a%0d%0aBcc:x@evil.example",
    "the same in capitals": "a%0D%0ABcc:x@evil.example",
}


@pytest.mark.parametrize("field", ["subject", "from_name", "to_name", "category"])
@pytest.mark.parametrize("name", sorted(BREAKS))
def test_whatever_could_start_a_new_header_is_refused_and_never_repaired(name: str, field: str) -> None:
    problems = find_problems(make_envelope(**{field: BREAKS[name]}))
    assert field in {problem.field for problem in problems}


@pytest.mark.parametrize("name", sorted(BREAKS))
def test_nor_does_it_stand_in_a_header_of_ours(name: str) -> None:
    problems = find_problems(make_envelope(headers={**UNSUBSCRIBE, "X-Campaign": BREAKS[name]}))
    assert [problem.field for problem in problems] == ["headers.X-Campaign"]


ADDRESSES = {
    "two in one, by a comma": "a@b.example, c@d.example",
    "two in one, by a semicolon": "a@b.example; c@d.example",
    "two in one, by a line break": "a@b.example\nc@d.example",
    "with a header behind it": "a@b.example\r\nBcc: c@d.example",
    "with a name": "Sara <a@b.example>",
    "a local part beyond ASCII, which needs SMTPUTF8": "سارا@buyer.example",
    "a quoted local part": '"sara k"@buyer.example',
    "an IP address for a domain": "sara@[127.0.0.1]",
    "an IPv6 address for a domain": "sara@[IPv6:::1]",
    "a local part of 65 octets": f"{'a' * 65}@buyer.example",
    "more than 254 octets": f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.example",
    "two dots": "a..b@buyer.example",
    "a dot at the end of the local part": "a.@buyer.example",
    "nothing before the sign": "@buyer.example",
    "nothing but the sign": "@",
    "a blank": "sara @buyer.example",
    "an invisible character": "sa\u200bra@buyer.example",
    "half a character": "sa\ud83d@buyer.example",
}


@pytest.mark.parametrize("name", sorted(ADDRESSES))
def test_an_address_that_is_none_is_refused_with_a_reason_that_does_not_repeat_it(name: str) -> None:
    with pytest.raises(AddressError) as refusal:
        to_ascii_address(ADDRESSES[name])
    assert len(str(refusal.value)) > len("too short")
    assert "buyer" not in str(refusal.value)
    assert [p.field for p in find_problems(make_envelope(to_email=ADDRESSES[name]))] == ["to_email"]


def test_a_local_part_of_64_octets_is_none_of_these() -> None:
    assert to_ascii_address(f"{'a' * 64}@buyer.example")


def test_a_sender_in_lookalike_letters_leaves_in_letters_that_do_not_look_alike() -> None:
    """The first letter of the domain is Cyrillic."""
    body = build_body(make_envelope(from_email="hello@\u0430mazon.example"))
    assert body["from"]["email"] == "hello@xn--mazon-3ve.example"


SUBJECTS = {
    "empty": ("", False),
    "blanks": (" \u3000", False),
    "one character": ("a", True),
    "998 characters": ("a" * 998, True),
    "999 characters": ("a" * 999, False),
    "an emoji of several parts": ("👩‍👩‍👧‍👦 🏳️‍🌈 for you", True),
    "half an emoji": ("\ud83d for you", False),
    "a right-to-left override": ("\u202eevil", False),
    "isolates, as our own templates write them": ("\u2068Kettle\u2069 برای شما", True),
    "sixty marks on one letter": ("a" + "\u0301" * 60, False),
}


@pytest.mark.parametrize("name", sorted(SUBJECTS))
def test_a_subject_is_taken_or_refused(name: str) -> None:
    subject, is_good = SUBJECTS[name]
    problems = find_problems(make_envelope(subject=subject))
    assert {problem.field for problem in problems} == (set() if is_good else {"subject"})


@pytest.mark.parametrize("header", sorted(RESERVED_HEADERS))
def test_no_template_and_no_extension_sets_the_headers_that_say_who_wrote(header: str) -> None:
    problems = find_problems(make_envelope(headers={**UNSUBSCRIBE, header.title(): "x@other.example"}))
    assert f"headers.{header.title()}" in {problem.field for problem in problems}


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"n": "x" * 10_001}, "personalizations[0].custom_args"),
        ({"n": 1}, "personalizations[0].custom_args.n"),
        ({"email": "x"}, "personalizations[0].custom_args.email"),
    ],
)
def test_arguments_that_sendgrid_would_refuse_or_overwrite_do_not_leave(
    arguments: dict[str, object], field: str
) -> None:
    body = build_body(make_envelope())
    body["personalizations"][0]["custom_args"] = arguments
    assert field in {problem.field for problem in find_violations(body)}


# From here on through the whole engine.


@pytest.fixture
def follow_up(db: None) -> EmailDirectory:
    return read_directory(templates_root() / "post_purchase_follow_up")


def send_offer(now: datetime, **facts: str) -> Message:
    """A marketing email to somebody who agreed."""
    customer = make_customer(**facts)
    agree(customer, now - timedelta(days=1))
    order = make_order(customer, lines=[make_product()], placed_at=now)
    step = make_campaign(marketing=True, template="post_purchase_follow_up").steps.get()
    queue_messages([Draft(step, customer.pk, f"order:{order.pk}", order_id=order.pk)], now)
    send_due(now, PreviewTransport(DatabasePreviewStore()))
    return Message.objects.get(step=step)


@pytest.mark.parametrize("name", ["Sara%0d%0aBcc: x@evil.example", "Sara\u2028Bcc", "\u202eevil"])
def test_a_customer_s_name_that_would_break_a_header_keeps_the_email_back_and_says_which_field(
    follow_up: EmailDirectory, now: datetime, name: str
) -> None:
    publish_directory(follow_up, now)
    message = send_offer(now, name=name)
    outcome = MessageOutcome.objects.get(message=message)
    assert (outcome.kind, outcome.reason) == ("skipped", "invalid_envelope")
    assert "to_name" in outcome.detail
    assert PreviewMail.objects.count() == 0


def test_an_event_with_a_broken_name_is_refused_before_it_is_a_customer(db: None, now: datetime) -> None:
    element = {
        "id": "e-1",
        "kind": "customer.updated",
        "occurred_at": now.isoformat(),
        "customer": {"id": "c-1", "name": "Sara\r\nBcc: x@evil.example", "email": "a@b.example, c@d.example"},
    }
    [receipt] = record_events([element], source="shop", now=now)
    assert {error.path for error in receipt.errors} == {"customer.name", "customer.email"}
    assert all(error.message and error.hint for error in receipt.errors)
    assert not Customer.objects.exists()


def test_marketing_leaves_by_the_marketing_address_of_the_settings_whatever_the_campaign_is_called(
    follow_up: EmailDirectory, now: datetime, settings: Settings
) -> None:
    publish_directory(follow_up, now)
    send_offer(now)
    mime = email.message_from_bytes(
        zlib.decompress(PreviewMail.objects.get().mime), policy=mail_policy.default
    )
    [sender] = mime["From"].addresses
    assert sender.addr_spec == settings.PAIRWELL["MARKETING_FROM_EMAIL"]


@pytest.mark.parametrize(
    ("missing", "field"),
    [("{{ links.unsubscribe }}", "The way out"), ("{{ shop.address }}", "The postal address")],
)
def test_marketing_whose_template_lost_what_the_law_asks_for_is_not_sent(
    now: datetime, db: None, missing: str, field: str
) -> None:
    parts = ["{{ links.unsubscribe }}", "{{ shop.address }}"]
    body = " ".join(part for part in parts if part != missing)
    whole = read_directory(templates_root() / "post_purchase_follow_up")
    texts = {"en": {"subject": "Hello", "preheader": "Hello there"}}
    publish_directory(replace(whole, source=Source(in_text(body)), texts=texts), now)
    outcome = MessageOutcome.objects.get(message=send_offer(now, country="GB"))
    assert (outcome.kind, outcome.reason) == ("skipped", "lacks_legal_parts")
    assert f"{field} is missing" in outcome.detail
    assert PreviewMail.objects.count() == 0


@pytest.mark.parametrize(
    "address",
    ["www.shop.example/sale", "shop.example", "javascript:alert(1)", "//evil.example", "data:text/html,x"],
)
def test_a_product_s_address_that_no_browser_should_follow_is_refused_where_it_comes_in(
    db: None, now: datetime, address: str
) -> None:
    product = {"id": "p-1", "title": "Kettle", "currency": "GBP", "url": address}
    element = {"id": "e-1", "kind": "product.updated", "occurred_at": now.isoformat(), "product": product}
    [receipt] = record_events([element], source="shop", now=now)
    assert [error.path for error in receipt.errors] == ["product.url"]


def test_html_without_text_gets_a_text_of_its_own_and_an_empty_one_is_refused(
    follow_up: EmailDirectory, now: datetime
) -> None:
    publish_directory(follow_up, now)
    send_offer(now)
    mime = email.message_from_bytes(
        zlib.decompress(PreviewMail.objects.get().mime), policy=mail_policy.default
    )
    plain = mime.get_body(("plain",))
    assert plain
    assert plain.get_content().strip()
    assert "<" not in plain.get_content().replace("<http", "")
    assert [p.field for p in find_problems(make_envelope(text=" \n"))] == ["text"]


def test_a_preference_link_passed_on_to_a_friend_names_nobody(db: None, client: Client) -> None:
    customer = make_customer(
        name="Canarina Persona", email="canary@buyer.example", external_id="canary-7", country="GB"
    )
    path = preferences_url(customer.uuid).partition("/p/")[2]
    page = client.get(f"/p/{path}").content.decode().lower()
    assert page
    assert not [secret for secret in ("canarina", "persona", "canary", str(customer.uuid)) if secret in page]
    answer = client.post(f"/p/{path}", {"email": "friend@evil.example", "marketing": "no"})
    assert answer.status_code in (200, 400)
    customer.refresh_from_db()
    assert customer.email == "canary@buyer.example"


def test_what_goes_wrong_on_the_way_is_told_without_address_name_or_token(
    follow_up: EmailDirectory, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    publish_directory(follow_up, now)
    with caplog.at_level(logging.DEBUG):
        message = send_offer(now, name="Canarina\u2028", email="canary@buyer.example")
    outcome = MessageOutcome.objects.get(message=message)
    said = "".join(str(record.__dict__) for record in caplog.records) + outcome.reason + outcome.detail
    assert outcome.reason == "invalid_envelope"
    assert not [secret for secret in ("anarina", "canary", "/u/", "/p/") if secret in said]
