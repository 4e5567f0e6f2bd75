"""The headers of our own marketing mail, as a mailbox provider reads them: made, signed, and read again."""

import email
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import Message as ParsedMessage

from django.conf import settings

from audience.links import unsubscribe_url
from campaigns.email_checks import render_sample
from campaigns.email_files import list_directories, read_directory
from campaigns.envelopes import make_envelope
from campaigns.models import Campaign, EmailTemplate, Message, Step
from delivery.base import Envelope
from delivery.deliverability.findings import Finding, ok, problem, warn
from delivery.dkim_signing import DkimSigner
from delivery.mime import build_mime
from delivery.validation import find_problems
from shop.models import Customer

CHECK = "Headers"
_ONE_URI = re.compile(r"<(https?://[^<>\s]+)>")


def check_headers(signer: DkimSigner | None) -> list[Finding]:
    """What is wrong with the headers of the first marketing template, rendered from its sample."""
    found = [*_check_message(_read_sample(signer), is_signed=signer is not None), *_check_senders()]
    return found or [ok(CHECK, "One-click unsubscribe as in RFC 8058, List-Id, and senders apart.")]


def build_sample(*, is_marketing: bool) -> Envelope:
    """The first template of its class, rendered from its sample, to somebody who does not exist.

    Raises ValueError where the settings make no email that could leave.
    """
    directories = map(read_directory, list_directories())
    directory = next(d for d in directories if d.is_marketing == is_marketing)
    classes = Campaign.MessageClass
    message_class = classes.MARKETING if is_marketing else classes.TRANSACTIONAL
    campaign = Campaign(key="sample", message_class=message_class)
    step = Step(campaign=campaign, template=EmailTemplate(key=directory.key))
    customer = Customer(email="sample@customer.example", country=settings.PAIRWELL["COUNTRY"])
    message = Message(id=uuid.UUID(int=1), step=step, customer=customer)
    rendered = render_sample(directory, settings.PAIRWELL["LANGUAGE"], default_language="en")
    link = unsubscribe_url(customer.uuid, message.id)
    envelope = make_envelope(message, rendered, unsubscribe=link, has_products=False)
    if problems := find_problems(envelope):
        raise ValueError("; ".join(f"{p.field}: {p.message}" for p in problems))
    return envelope


def _read_sample(signer: DkimSigner | None) -> ParsedMessage:
    envelope = build_sample(is_marketing=True)
    mime = build_mime(envelope, now=datetime.now(UTC))
    domain = envelope.from_email.rpartition("@")[2]
    return email.message_from_bytes(signer.sign(mime, domain=domain) if signer else mime)


def _check_message(message: ParsedMessage, *, is_signed: bool) -> Iterator[Finding]:
    uris = _ONE_URI.findall(message.get("List-Unsubscribe", ""))
    if len(uris) != 1 or not uris[0].startswith("https://"):
        mend = "Set PAIRWELL_BASE_URL to the public https address."
        yield problem(CHECK, "List-Unsubscribe does not hold exactly one https address.", mend)
    if message.get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click":
        yield problem(CHECK, "List-Unsubscribe-Post is missing.", "Update Pairwell: it sets this header.")
    covered = "".join(message.get("DKIM-Signature", "").lower().split())
    if is_signed and not all(name in covered for name in ("list-unsubscribe:", "list-unsubscribe-post")):
        yield problem(CHECK, "The signature leaves List-Unsubscribe out.", "Update Pairwell: it signs both.")


def _check_senders() -> Iterator[Finding]:
    config = settings.PAIRWELL
    if config["FROM_EMAIL"].lower() == config["MARKETING_FROM_EMAIL"].lower():
        mend = "Set PAIRWELL_MARKETING_FROM_EMAIL to another: receipts must not suffer for offers."
        yield warn(CHECK, "Offers and order mail have the same sender.", mend)
