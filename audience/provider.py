"""The provider whose lists are kept in step with ours, as the settings name it."""

from django.conf import settings

from audience.provider_lists import Provider
from delivery.sendgrid_lists import build_lists


def build_provider() -> Provider:
    """Raises delivery.configuration.ConfigurationError where no SendGrid key is set."""
    return Provider(build_lists(settings.PAIRWELL), int(settings.PAIRWELL["SENDGRID_UNSUBSCRIBE_GROUP"]))


def has_provider() -> bool:
    """Whether mail leaves by SendGrid, so that there is anything to keep in step."""
    return bool(settings.PAIRWELL["TRANSPORT"] == "sendgrid" and settings.PAIRWELL["SENDGRID_API_KEY"])
