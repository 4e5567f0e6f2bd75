"""Which envelopes may share a request to SendGrid, and the request itself."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from delivery.addresses import to_ascii_address
from delivery.base import Envelope
from delivery.sendgrid_body import build_body, build_bulk_head, encode_body, encode_person, join_bulk
from delivery.sendgrid_rules import SUBSTITUTIONS_BYTES_MAX, SUBSTITUTIONS_MAX

BYTES_MAX = 8 * 1024 * 1024  # of encoded personalizations; far below what SendGrid takes


@dataclass(frozen=True, slots=True)
class Item:
    """An envelope, its place in the hand-over, and its personalization where it may share a request."""

    index: int
    envelope: Envelope
    person: bytes = b""


@dataclass(frozen=True, slots=True)
class Request:
    """One POST for one envelope, or for several that have a skeleton and everything else in common."""

    items: Sequence[Item]
    unsubscribe_group: int = 0

    def encode(self) -> bytes:
        first = self.items[0].envelope
        if len(self.items) == 1:
            return encode_body(build_body(first, unsubscribe_group=self.unsubscribe_group))
        head = build_bulk_head(first, unsubscribe_group=self.unsubscribe_group)
        return join_bulk(head, [item.person for item in self.items])

    def without(self, places: Iterable[int]) -> "Request":
        """The request for all others."""
        left = set(range(len(self.items))) - set(places)
        return Request([self.items[place] for place in sorted(left)], self.unsubscribe_group)

    def halve(self) -> tuple["Request", "Request"]:
        middle = len(self.items) // 2
        return (
            Request(self.items[:middle], self.unsubscribe_group),
            Request(self.items[middle:], self.unsubscribe_group),
        )


def plan_requests(envelopes: Sequence[Envelope], *, size: int, unsubscribe_group: int = 0) -> list[Request]:
    """Requests of at most `size` recipients, in which no address is there twice and no limit is exceeded.

    An envelope without a skeleton, or whose values are too long to be substituted, has one of its own.
    """
    groups: dict[object, list[Item]] = {}
    for index, envelope in enumerate(envelopes):
        item, key = _prepare(index, envelope)
        groups.setdefault(key, []).append(item)
    return [Request(part, unsubscribe_group) for items in groups.values() for part in _cut(items, size)]


def _prepare(index: int, envelope: Envelope) -> tuple[Item, object]:
    if envelope.skeleton is None:
        return Item(index, envelope), index
    try:
        person = encode_person(envelope)
    except Exception:  # noqa: BLE001 it fails again in a request of its own, where it harms nobody else
        return Item(index, envelope), index
    if len(person) > SUBSTITUTIONS_BYTES_MAX and _count_bytes(envelope) > SUBSTITUTIONS_BYTES_MAX:
        return Item(index, envelope), index
    shared = (envelope.from_email, envelope.from_name, envelope.reply_to, envelope.category)
    return Item(index, envelope, person), (envelope.skeleton, envelope.message_class, *shared)


def _count_bytes(envelope: Envelope) -> int:
    return sum(len(f"{tag}{value}".encode()) for tag, value in envelope.substitutions.items())


def _cut(items: Sequence[Item], most: int) -> Iterator[list[Item]]:
    part: list[Item] = []
    seen: set[str] = set()
    size = 0
    for item in items:
        address = to_ascii_address(item.envelope.to_email).casefold()
        tags = max(len(item.envelope.substitutions), 1)
        size += len(item.person)
        is_full = len(part) >= min(most, SUBSTITUTIONS_MAX // tags) or size > BYTES_MAX
        if part and (is_full or address in seen):
            yield part
            part, seen, size = [], set(), len(item.person)
        part.append(item)
        seen.add(address)
    yield part


_PLACE = re.compile(r"personalizations[.\[](\d+)")
_SHARED = re.compile(r"(?:from|reply_to|subject|content|headers|categories|asm|tracking_settings)\b")


@dataclass(frozen=True, slots=True)
class Blame:
    """Whom a 400 is about: the places of single recipients, or what all of them share, or nobody named."""

    places: frozenset[int] = frozenset()
    is_shared: bool = False


def find_blame(detail: str, *, recipients: int) -> Blame:
    """Read from SendGrid's list of errors, "field: message; field: message"."""
    fields = [part.strip().partition(":")[0] for part in detail.split("; ")]
    places = frozenset(int(found[1]) for field in fields if (found := _PLACE.match(field)))
    if places and max(places) < recipients:
        return Blame(places)
    return Blame(is_shared=bool(fields) and all(_SHARED.match(field) for field in fields))
