"""From a rendered email, whole or in parts, to the envelope that a transport takes."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from html import escape

from django.conf import settings

from audience.policies import Policy, combine
from audience.subject_labels import label_subject, opens_with_label
from campaigns.fragments import Fragments
from campaigns.models import Message
from campaigns.rendering import RenderedEmail
from delivery.base import Envelope, Problem, Skeleton


def make_envelope(
    message: Message,
    email: RenderedEmail | Fragments,
    *,
    unsubscribe: str,
    has_products: bool,
    sender_name: str = "",
) -> Envelope:
    """The envelope: sender by class, the market's label before a marketing subject, RFC 8058 headers.

    `sender_name` takes the place of the shop's name, where one is tried out.
    A transactional email that carries suggestions offers the way out as well, and so does every one
    where the law asks for it. One that the law itself asks for offers nothing that could be left.
    """
    campaign, customer, config = message.step.campaign, message.customer, settings.PAIRWELL
    policy = law_between(customer.country)
    subject = email.subject
    skeleton: Skeleton | None = email.skeleton if isinstance(email, Fragments) else None
    if campaign.is_marketing:
        subject = label_subject(subject, policy.subject_label, email.language)
    if skeleton and subject != email.subject:
        before, _, after = subject.partition(email.subject)
        skeleton = _put_around_subject(skeleton, before, after)
    offers_leaving = campaign.is_marketing or has_products or policy.leaving_in_transactional
    return Envelope(
        delivery_id=message.id,
        message_class=campaign.message_class,
        from_email=config["MARKETING_FROM_EMAIL"] if campaign.is_marketing else config["FROM_EMAIL"],
        from_name=sender_name or config["SHOP_NAME"],
        to_email=customer.email,
        to_name=customer.name,
        subject=subject,
        text="" if isinstance(email, Fragments) else email.text,
        html="" if isinstance(email, Fragments) else email.html,
        reply_to=config["SUPPORT_EMAIL"],
        headers=_leave_headers(unsubscribe, message) if offers_leaving and not campaign.is_legal else {},
        category=campaign.key,
        skeleton=skeleton,
        substitutions=email.substitutions if isinstance(email, Fragments) else {},
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
    for field in ("text", "html"):
        bodies = _list_bodies(envelope, field)
        if address and not any(_shows(body, address) for body in bodies):
            yield Problem(field, "The postal address is missing. Show {{ shop.address }} in the footer.")
        if not any(_shows(body, unsubscribe) for body in bodies):
            yield Problem(field, "The way out is missing. Link {{ links.unsubscribe }} in the footer.")
    label = law_between(country).subject_label
    if not opens_with_label(envelope.subject, label):
        yield Problem("subject", f"The subject must open with {label}.")


def _list_bodies(envelope: Envelope, field: str) -> list[str]:
    """The body, or that of the skeleton and what the recipient's own parts put into it."""
    if envelope.skeleton is None:
        return [getattr(envelope, field)]
    return [getattr(envelope.skeleton, field), *envelope.substitutions.values()]


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


@lru_cache(maxsize=256)
def _put_around_subject(skeleton: Skeleton, before: str, after: str) -> Skeleton:
    """The same object for all recipients of a market, so that they share requests."""
    return replace(skeleton, subject=f"{before}{skeleton.subject}{after}")
