"""The transport that the settings name, with the preview inbox kept in the database."""

import zlib
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from uuid import UUID

from django.conf import settings

from campaigns.email_gate import guard
from campaigns.models import PreviewMail
from delivery.base import Transport
from delivery.preview import StoredMail
from delivery.registry import build_transport


class DatabasePreviewStore:
    """Keeps one row a hand-over, so that an email handed over twice shows twice."""

    def save(self, mails: Sequence[StoredMail], now: datetime) -> None:
        PreviewMail.objects.bulk_create(_make_row(mail, now) for mail in mails)

    def find(self, delivery_ids: Sequence[UUID]) -> set[UUID]:
        kept = PreviewMail.objects.filter(delivery_id__in=delivery_ids)
        return set(kept.values_list("delivery_id", flat=True))


@cache
def build_current_transport() -> Transport:
    """The transport of `PAIRWELL_TRANSPORT`, built once a process so that connections can be kept.

    Raises:
        delivery.registry.ConfigurationError: naming the setting that is missing or wrong.
    """
    config = settings.PAIRWELL
    transport = build_transport(config["TRANSPORT"], config, store=DatabasePreviewStore())
    return guard(transport, config["ALLOWED_RECIPIENTS"])


def _make_row(mail: StoredMail, now: datetime) -> PreviewMail:
    return PreviewMail(
        delivery_id=mail.delivery_id,
        recipient=mail.recipient,
        subject=mail.subject,
        mime=zlib.compress(mail.mime, level=1),
        received_at=now,
    )
