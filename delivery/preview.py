"""The preview inbox: nothing leaves the house, everything can be looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from delivery.base import Envelope, Outcome, OutcomeKind, Problem
from delivery.failpoints import reach
from delivery.mime import build_mime, message_id
from delivery.outcomes import judge_bug, judge_valid
from delivery.validation import find_problems


@dataclass(frozen=True, slots=True)
class StoredMail:
    """An email as it would have left. `mime` is the whole message, not compressed."""

    delivery_id: UUID
    recipient: str
    subject: str
    mime: bytes


class PreviewStore(Protocol):
    """Where the preview keeps its mail; the caller brings it, so that this package needs no database."""

    def save(self, mails: Sequence[StoredMail], now: datetime) -> None:
        """Keep all of them or none, one record for each hand-over."""

    def find(self, delivery_ids: Sequence[UUID]) -> set[UUID]:
        """Which of these have been kept."""


class PreviewTransport:
    """Accepts every valid envelope and stores it as a complete message.

    An error of the store itself is the caller's own and propagates: nothing of the batch was kept then.
    """

    name = "preview"

    def __init__(self, store: PreviewStore) -> None:
        self._store = store

    def validate(self, envelope: Envelope) -> list[Problem]:
        return find_problems(envelope)

    def send(self, envelopes: Sequence[Envelope], *, now: datetime) -> list[Outcome]:
        mails: list[StoredMail] = []

        def prepare(envelope: Envelope) -> Outcome:
            try:
                mails.append(_make_mail(envelope, now))
            except Exception as error:  # noqa: BLE001 one email that can't be written spares the others
                return judge_bug(error, now=now, may_have_left=False)
            return Outcome(OutcomeKind.ACCEPTED, provider_id=message_id(envelope))

        outcomes = judge_valid(envelopes, self.validate, lambda valid: [*map(prepare, valid)], now=now)
        if mails:
            self._store.save(mails, now)
            reach("after_bytes")
        return outcomes

    def find_accepted(self, delivery_ids: Sequence[UUID]) -> set[UUID] | None:
        return self._store.find(delivery_ids)

    def check(self) -> list[Problem]:
        return []


def _make_mail(envelope: Envelope, now: datetime) -> StoredMail:
    mime = build_mime(envelope, now=now)
    return StoredMail(envelope.delivery_id, envelope.to_email, envelope.subject, mime)
