"""The second gate: no mail leaves past the outbox, and outside production none to strangers."""

import logging
import traceback
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import django
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from audience.suppression import normalise_address
from campaigns.models import RefusedMail
from delivery.base import Envelope, Outcome, OutcomeKind, Problem, Transport

EVERYBODY = "*"
_log = logging.getLogger(__name__)
_DJANGO = str(Path(django.__file__).parent)


class MailRefusedError(Exception):
    """Somebody tried to send past the outbox, where consent, suppression and caps are judged."""


class OutboxOnlyBackend(BaseEmailBackend):
    """Django's EMAIL_BACKEND here: it sends nothing. What tried is kept, without addressee or text."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """0 where failures are silent. Raises MailRefusedError that says what to do instead."""
        origin = find_origin()
        now, count = timezone.now(), sum(len(message.recipients()) for message in email_messages)
        if count:
            RefusedMail.objects.create(
                reason="not_from_outbox", origin=origin, recipients=count, refused_at=now
            )
            _log.error("Mail past the outbox was refused.", extra={"origin": origin, "recipients": count})
        if count and not self.fail_silently:
            raise MailRefusedError(
                f"{origin} tried to send mail by itself. Record an event and let a campaign answer it; "
                "passwords of staff are set with `manage.py changepassword`."
            )
        return 0


class AllowListTransport:
    """A transport for test installations: strangers are refused before a byte leaves."""

    def __init__(self, inner: Transport, allowed: Sequence[str]) -> None:
        self._inner = inner
        self._allowed = frozenset(normalise_address(entry) for entry in allowed)
        self.name = inner.name
        self.takes_substitutions = getattr(inner, "takes_substitutions", False)
        self.is_remote = getattr(inner, "is_remote", False)

    def validate(self, envelope: Envelope) -> list[Problem]:
        return self._inner.validate(envelope)

    def send(self, envelopes: Sequence[Envelope], *, now: datetime) -> list[Outcome]:
        """One outcome each, in order; `recipient_not_allowed` for those who are not on the list."""
        known = [envelope for envelope in envelopes if self._is_allowed(envelope.to_email)]
        outcomes = iter(self._inner.send(known, now=now) if known else [])
        return [next(outcomes) if self._is_allowed(e.to_email) else _refuse() for e in envelopes]

    def find_accepted(self, delivery_ids: Sequence[UUID]) -> set[UUID] | None:
        return self._inner.find_accepted(delivery_ids)

    def check(self) -> list[Problem]:
        return self._inner.check()

    def try_out(self, envelope: Envelope, *, now: datetime) -> list[Problem]:
        """Sends nothing, so the list is not asked; without an answer where the transport has no sandbox."""
        inner = getattr(self._inner, "try_out", None)
        return inner(envelope, now=now) if inner else []

    def _is_allowed(self, address: str) -> bool:
        normal = normalise_address(address)
        return normal in self._allowed or f"@{normal.rpartition('@')[2]}" in self._allowed


def guard(transport: Transport, allowed: Sequence[str]) -> Transport:
    """The transport itself where everybody may get mail, or where none leaves this machine."""
    if EVERYBODY in allowed or transport.name == "preview":
        return transport
    return AllowListTransport(transport, allowed)


def find_origin() -> str:
    """Module path and line of the innermost caller that is neither Django nor this module."""
    for frame in reversed(traceback.extract_stack()):
        if not frame.filename.startswith(_DJANGO) and frame.filename != __file__:
            return f"{'/'.join(Path(frame.filename).parts[-2:])}:{frame.lineno}"[:200]
    return "unknown"


def _refuse() -> Outcome:
    detail = "Add the address or its @domain to PAIRWELL_ALLOWED_RECIPIENTS, or * in production."
    return Outcome(OutcomeKind.REJECTED, "recipient_not_allowed", detail)
