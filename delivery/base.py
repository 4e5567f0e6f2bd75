"""How mail leaves: one interface for every way out.

A transport takes fully rendered, immutable envelopes and answers with one outcome for each, in order.
It never raises for what happens on the network: every failure is a kind of outcome, because the caller
must decide differently for "certainly not sent" and "nobody can know".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID


class OutcomeKind(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"  # permanent: never retry, show the reason
    RETRY = "retry"  # certainly not accepted: due again at `retry_at`
    ROUTE_DOWN = "route_down"  # our account or settings: try later, blame no recipient
    UNKNOWN = "unknown"  # the bytes may have left: wait for events, then follow the campaign's policy


@dataclass(frozen=True, eq=False)
class Skeleton:
    """An email with tags where it differs from recipient to recipient; the same object for all of them."""

    subject: str
    text: str
    html: str

    def fill(self, substitutions: Mapping[str, str]) -> tuple[str, str, str]:
        """Subject, text and HTML as a provider makes them, one tag after the other in any order."""
        subject, text, html = self.subject, self.text, self.html
        for tag, value in substitutions.items():
            subject, text, html = (part.replace(tag, value) for part in (subject, text, html))
        return subject, text, html


@dataclass(frozen=True, slots=True)
class Envelope:
    """One rendered email to one recipient. `headers` hold List-Unsubscribe and its kind.

    With a `skeleton`, the text and the HTML are left empty: they are the skeleton's, with this recipient's
    `substitutions` in place of its tags. Only a transport that says `takes_substitutions` is given such
    envelopes; `make_whole` gives the same email without.
    """

    delivery_id: UUID
    message_class: str  # "transactional", "marketing" or "legal"
    from_email: str
    from_name: str
    to_email: str
    to_name: str
    subject: str
    text: str
    html: str
    reply_to: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    category: str = ""  # campaign key, no personal data
    skeleton: Skeleton | None = None
    substitutions: Mapping[str, str] = field(default_factory=dict)

    def make_whole(self) -> "Envelope":
        """The same email with its parts filled in."""
        if self.skeleton is None:
            return self
        subject, text, html = self.skeleton.fill(self.substitutions)
        return replace(self, subject=subject, text=text, html=html, skeleton=None, substitutions={})


@dataclass(frozen=True, slots=True)
class Outcome:
    kind: OutcomeKind
    reason: str = ""  # short code for statistics and filters, such as "smtp_550" or "timeout"
    detail: str = ""  # for people; never an address or a key
    provider_id: str = ""
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an envelope can't leave through a transport: what, where, and how to mend it."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class DeliveryEvent:
    """A provider's event in our words. `natural_key` is equal for two posts of the same fact."""

    kind: str  # a value of campaigns.models.MessageEvent.Kind
    delivery_id: UUID | None
    occurred_at: datetime
    provider_event_id: str
    natural_key: str
    email: str = ""
    url: str = ""
    is_machine: bool = False
    is_permanent: bool = False  # a bounce that suppresses the address
    bounce_class: str = ""  # of a bounce or a block: a key of campaigns.bounces.POLICY
    detail: Mapping[str, object] = field(default_factory=dict)


class Transport(Protocol):
    name: str

    def validate(self, envelope: Envelope) -> list[Problem]:
        """What is wrong with the envelope for this transport, found without the network."""

    def send(self, envelopes: Sequence[Envelope], *, now: datetime) -> list[Outcome]:
        """One outcome for each envelope, in order, within LONGEST_HAND_OVER seconds (delivery.outcomes).

        Never raises for network or provider failures.
        """

    def find_accepted(self, delivery_ids: Sequence[UUID]) -> set[UUID] | None:
        """Which of these the transport certainly holds; None where it can't be asked."""

    def check(self) -> list[Problem]:
        """Whether the transport is configured so that it could send, without sending anything."""
