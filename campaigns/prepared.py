"""What is known of a message on its way through preparation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from audience.consent import Standing
from campaigns.eligibility import Verdict
from campaigns.models import Message
from campaigns.variants import NOTHING_TRIED, Arm
from delivery.base import Envelope
from recommendations.bundles import Offer
from recommendations.engine import Pick
from shop.models import Event


class Record(NamedTuple):
    """What a message was made of, by the columns of `RenderedMessage`."""

    message_id: UUID
    version_id: int
    assignment_id: int | None
    variant_id: int | None
    language: str
    subject: str
    recipient: str
    context: Mapping[str, Any]
    is_marketing: bool
    possible_duplicate: bool
    created_at: datetime


@dataclass
class Prepared:
    """A message with its verdict; the rest is filled in only for those that are to be sent."""

    message: Message
    verdict: Verdict
    standing: Standing
    recent_marketing: tuple[datetime, ...] = ()
    arm: Arm = NOTHING_TRIED
    picks: list[Pick] = field(default_factory=list)
    bundle: Offer | None = None
    event: Event | None = None  # the one that queued it, where it tells something
    rendered: Record | None = None
    envelope: Envelope | None = None
    urls: dict[bytes, str] = field(default_factory=dict)
    detail: str = ""

    @property
    def shown(self) -> list[Pick]:
        """Every product of the email, once, those of a bundle last."""
        picks = {pick.product.id: pick for pick in self.bundle.picks} if self.bundle else {}
        own = {pick.product.id for pick in self.picks}
        return [*self.picks, *(pick for key, pick in picks.items() if key not in own)]

    @cached_property
    def is_marketing(self) -> bool:
        return self.message.campaign.is_marketing
