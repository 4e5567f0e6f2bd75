"""A transport that says what a test wants to hear, and remembers what it was given."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from delivery.base import Envelope, Outcome, OutcomeKind
from delivery.preview import PreviewTransport

ACCEPTED = Outcome(OutcomeKind.ACCEPTED)


class Provider(PreviewTransport):
    """Answers each envelope with the outcome of the moment, and can't be asked what it holds."""

    name = "sendgrid"

    def __init__(self, answer: Outcome = ACCEPTED) -> None:
        self.answer = answer
        self.batches: list[int] = []
        self.sent: list[UUID] = []

    def send(self, envelopes: Sequence[Envelope], *, now: datetime) -> list[Outcome]:  # noqa: ARG002
        self.batches.append(len(envelopes))
        self.sent += [envelope.delivery_id for envelope in envelopes]
        return [self.answer] * len(envelopes)

    def find_accepted(self, delivery_ids: Sequence[UUID]) -> set[UUID] | None:  # noqa: ARG002
        return None
