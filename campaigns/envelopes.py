"""From a rendered email to the envelope that a transport takes."""

from django.conf import settings

from audience.policies import label_subject
from campaigns.models import Message
from campaigns.rendering import RenderedEmail
from delivery.base import Envelope


def make_envelope(
    message: Message, email: RenderedEmail, *, unsubscribe: str, has_products: bool, sender_name: str = ""
) -> Envelope:
    """The envelope: sender by class, the market's label before a marketing subject, RFC 8058 headers.

    `sender_name` takes the place of the shop's name, where one is tried out.
    A transactional email that carries suggestions offers the way out as well.
    """
    campaign, customer, config = message.step.campaign, message.customer, settings.PAIRWELL
    subject = email.subject
    if campaign.is_marketing:
        subject = label_subject(subject, customer.country, email.language)
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
        headers=_leave_headers(unsubscribe) if campaign.is_marketing or has_products else {},
        category=campaign.key,
    )


def _leave_headers(unsubscribe: str) -> dict[str, str]:
    return {"List-Unsubscribe": f"<{unsubscribe}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
