"""The two transports with little patience, so that a server that hangs costs seconds of a run."""

from typing import Any

from delivery.preview import PreviewStore
from delivery.sendgrid import SendGridTransport
from delivery.smtp import SmtpTransport

TIMEOUT = 3  # seconds by the wall
API_KEY = f"SG.{'a' * 22}.{'b' * 43}"


def build_sendgrid(settings: dict[str, Any], *, store: PreviewStore) -> SendGridTransport:
    """Two emails and more a request, so that some requests carry many and others one."""
    del store
    key, host = settings["SENDGRID_API_KEY"], settings["SENDGRID_HOST"]
    return SendGridTransport(key, host, timeout=TIMEOUT, concurrency=3, recipients=4)


def build_smtp(settings: dict[str, Any], *, store: PreviewStore) -> SmtpTransport:
    del store
    return SmtpTransport(settings["SMTP_URL"], timeout=TIMEOUT)
