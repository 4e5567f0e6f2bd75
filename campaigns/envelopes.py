"""From a rendered email to the envelope that a transport takes."""

from collections.abc import Iterator
from html import escape

from django.conf import settings

from audience.policies import Policy, combine
from audience.subject_labels import label_subject, opens_with_label
from campaigns.models import Message
from campaigns.rendering import RenderedEmail
from delivery.base import Envelope, Problem


def make_envelope(
    message: Message, email: RenderedEmail, *, unsubscribe: str, has_products: bool, sender_name: str = ""
) -> Envelope:
    """The envelope: sender by class, the market's label before a marketing subject, RFC 8058 headers.

    `sender_name` takes the place of the shop's name, where one is tried out.
    A transactional email that carries suggestions offers the way out as well, and so does every one
    where the law asks for it. One that the law itself asks for offers nothing that could be left.
    """
    campaign, customer, config = message.step.campaign, message.customer, settings.PAIRWELL
    policy = law_between(customer.country)
    subject = email.subject
    if campaign.is_marketing:
        subject = label_subject(subject, policy.subject_label, email.language)
    offers_leaving = campaign.is_marketing or has_products or policy.leaving_in_transactional
    return Envelope(
        delivery_id=message.id,
        message_class=campaign.message_class,
        from_email=config["MARKETING_FROM_EMAIL"] if campaign.is_marketing else config["FROM_EMAIL"],
        from_name=sender_name or config["SHOP_NAME"],
        to_email=customer.email,
        to_name=customer.name,
        subject=subject,
        text=email.text,
        html=email.html,
        reply_to=config["SUPPORT_EMAIL"],
        headers=_leave_headers(unsubscribe, message) if offers_leaving and not campaign.is_legal else {},
        category=campaign.key,
    )


def law_between(country: str) -> Policy:
    """The rules between the shop and a customer of this country."""
    return combine(str(settings.PAIRWELL["COUNTRY"]), country)


def find_gaps(envelope: Envelope, *, unsubscribe: str, country: str) -> Iterator[Problem]:
    """What the law asks for and a marketing email lacks: the engine refuses to send it so."""
    if envelope.message_class != "marketing":
        return
    address = " ".join(str(settings.PAIRWELL["SHOP_ADDRESS"]).split())
    if not address:
        yield Problem("text", "PAIRWELL_SHOP_ADDRESS is empty; marketing must show a postal address.")
    for field, body in (("text", envelope.text), ("html", envelope.html)):
        if address and not _shows(body, address):
            yield Problem(field, "The postal address is missing. Show {{ shop.address }} in the footer.")
        if not _shows(body, unsubscribe):
            yield Problem(field, "The way out is missing. Link {{ links.unsubscribe }} in the footer.")
    label = law_between(country).subject_label
    if not opens_with_label(envelope.subject, label):
        yield Problem("subject", f"The subject must open with {label}.")


def _shows(body: str, text: str) -> bool:
    """Whether the body holds the text, as it stands or as HTML writes it, whatever breaks its lines."""
    if text in body or escape(text) in body:
        return True
    flat = " ".join(body.split())
    return text in flat or escape(text) in flat


def _leave_headers(unsubscribe: str, message: Message) -> dict[str, str]:
    """RFC 8058 and 2919; Feedback-ID lets Gmail tell complaints by campaign. No personal data."""
    campaign = message.step.campaign
    sender = settings.PAIRWELL["MARKETING_FROM_EMAIL"].rpartition("@")[2]
    return {
        "List-Unsubscribe": f"<{unsubscribe}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": f"<{campaign.topic.replace('_', '-')}.{sender}>",
        "Feedback-ID": f"{campaign.key}:{campaign.message_class}:pairwell:{sender}",
    }
