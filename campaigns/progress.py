"""How far a message came, folded from its events: the order in which they arrive does not matter."""

from collections.abc import Iterable
from dataclasses import dataclass

from campaigns.models import MessageEvent

Kind = MessageEvent.Kind
# A later word never takes back a stronger one: "delayed" that comes after "delivered" changes nothing, and a
# mailbox that took an email may still send it back.
_RANKS = {
    Kind.PROCESSED: 1,
    Kind.DEFERRED: 2,
    Kind.DELIVERED: 3,
    Kind.BLOCKED: 4,
    Kind.DROPPED: 5,
    Kind.BOUNCED: 6,
}
# What a person did stays true beside every stage.
_FACTS = frozenset({Kind.OPENED, Kind.CLICKED, Kind.UNSUBSCRIBED, Kind.COMPLAINED})


@dataclass(frozen=True, slots=True)
class Progress:
    """`stage` is a kind of event, or empty while nobody said anything; `facts` are what people did."""

    stage: str = ""
    facts: frozenset[str] = frozenset()

    def take(self, kind: str, *, is_machine: bool = False) -> "Progress":
        """The progress after one more event. Commutative and idempotent."""
        if kind in _FACTS:
            return self if is_machine else Progress(self.stage, self.facts | {kind})
        if _RANKS.get(Kind(kind), 0) > _rank(self.stage):
            return Progress(kind, self.facts)
        return self


def _rank(stage: str) -> int:
    return _RANKS[Kind(stage)] if stage else 0


def fold_events(events: Iterable[MessageEvent]) -> Progress:
    """How far the message of these events came."""
    progress = Progress()
    for event in events:
        progress = progress.take(event.kind, is_machine=event.is_machine)
    return progress
