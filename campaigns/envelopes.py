"""From a rendered email, whole or in parts, to the envelope that a transport takes."""

from collections.abc import Iterator, Sequence
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
    campaign, customer, config = message.campaign, message.customer, settings.PAIRWELL
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
    address = _write_in_one_line(str(settings.PAIRWELL["SHOP_ADDRESS"]))
    if not address:
        yield Problem("text", "PAIRWELL_SHOP_ADDRESS is empty; marketing must show a postal address.")
    for field in ("text", "html"):
        if address and not _shows_address(envelope, field, address):
            yield Problem(field, "The postal address is missing. Show {{ shop.address }} in the footer.")
        if not _shows(_list_bodies(envelope, field), unsubscribe):
            yield Problem(field, "The way out is missing. Link {{ links.unsubscribe }} in the footer.")
    label = law_between(country).subject_label
    if not opens_with_label(envelope.subject, label):
        yield Problem("subject", f"The subject must open with {label}.")


@lru_cache(maxsize=64)
def _write_in_one_line(text: str) -> str:
    return " ".join(text.split())


def _shows_address(envelope: Envelope, field: str, address: str) -> bool:
    """Nearly always it is in what all recipients share, and that is looked through once."""
    if envelope.skeleton and _is_in_skeleton(envelope.skeleton, field, address):
        return True
    return _shows(_list_bodies(envelope, field), address)


@lru_cache(maxsize=1024)
def _is_in_skeleton(skeleton: Skeleton, field: str, text: str) -> bool:
    return _shows([getattr(skeleton, field)], text)


def _list_bodies(envelope: Envelope, field: str) -> list[str]:
    """The body, or that of the skeleton and those of the recipient's own parts that stand in it."""
    if envelope.skeleton is None:
        return [getattr(envelope, field)]
    values = envelope.substitutions
    own = [values[tag] for tag in _tags_in(envelope.skeleton, field, tuple(values))]
    return [*own, getattr(envelope.skeleton, field)]


@lru_cache(maxsize=1024)
def _tags_in(skeleton: Skeleton, field: str, tags: tuple[str, ...]) -> tuple[str, ...]:
    body = getattr(skeleton, field)
    return tuple(tag for tag in tags if tag in body)


def _shows(bodies: Sequence[str], text: str) -> bool:
    """Whether one of them holds the text, as it stands or as HTML writes it, whatever breaks its lines."""
    if text in bodies or any(text in body for body in bodies):  # nearly always a link is a part by itself
        return True
    written = text, escape(text)
    return any(part in body or part in " ".join(body.split()) for body in bodies for part in written)


def _leave_headers(unsubscribe: str, message: Message) -> dict[str, str]:
    """RFC 8058 and 2919; Feedback-ID lets Gmail tell complaints by campaign. No personal data."""
    campaign = message.campaign
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
