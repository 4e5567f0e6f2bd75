"""Opens and clicks: a person, or a program that reads the mail before them? Scored apart from what came in.

The event keeps what was seen; a `VisitScore` says what we make of it, with reasons and the version of these
rules. So the rules can change, and `manage.py rescore_events` applies them to the whole history.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import prod
from uuid import UUID

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from campaigns.models import Message, MessageEvent, VisitScore
from delivery.scanners import is_scanner
from shop.claims import lock_rows

VERSION = 1
MACHINE_FROM = 0.5
# Nobody reads that fast: mail scanners follow links within seconds of the delivery. Only the provider knows
# when that was. Until its event has come, time runs from the moment the batch began to leave, so that what
# we call a machine is one; a scanner at the end of a long batch is then known by its other signs alone.
TOO_FAST_SECONDS = 3
AT_ONCE = timedelta(seconds=2)
MANY_LINKS = 3
SETTLED = timedelta(seconds=10)  # a scanner's other clicks have come by then
Kind = MessageEvent.Kind
_VISITS = (Kind.OPENED, Kind.CLICKED)
# How sure each sign alone makes us. Together they are surer than each.
WEIGHTS = {
    "scanner_agent": 1.0,
    "provider_says": 1.0,
    "head_request": 1.0,
    "too_fast": 0.9,  # nobody reads within three seconds of the delivery
    "many_links_at_once": 0.9,  # nobody opens three links within two seconds
}


@dataclass(frozen=True, slots=True)
class Visit:
    """What is known of one open or click. `haste` is the seconds since the email arrived, None if unknown."""

    agent: str = ""
    is_head: bool = False
    provider_says: bool = False
    haste: float | None = None
    links_at_once: int = 1


@dataclass(frozen=True, slots=True)
class Score:
    """`value` is between 0, nothing speaks for a program, and 1; `reasons` are keys of WEIGHTS."""

    value: float
    reasons: tuple[str, ...]

    @property
    def is_machine(self) -> bool:
        return self.value >= MACHINE_FROM


def judge_visit(visit: Visit) -> Score:
    """How much speaks for a program, and what. Pure."""
    signs = {
        "scanner_agent": is_scanner(visit.agent),
        "provider_says": visit.provider_says,
        "head_request": visit.is_head,
        "too_fast": visit.haste is not None and 0 <= visit.haste < TOO_FAST_SECONDS,
        "many_links_at_once": visit.links_at_once >= MANY_LINKS,
    }
    reasons = tuple(name for name, holds in signs.items() if holds)
    return Score(1 - prod(1 - WEIGHTS[name] for name in reasons), reasons)


def score_visits(now: datetime, *, limit: int = 500) -> int:
    """Scores opens and clicks that were never scored; returns how many. Six statements."""
    with transaction.atomic():
        fresh = MessageEvent.objects.filter(
            classifier=0, kind__in=_VISITS, message__isnull=False, received_at__lte=now - SETTLED
        )
        events = list(lock_rows(fresh).order_by("pk")[:limit])
        _write_scores(events, now)
    return len(events)


def rescore_visits(now: datetime, *, after: int = 0, limit: int = 2000) -> tuple[int, int, int]:
    """Scores the next opens and clicks of the history anew.

    Returns the last id (0 when none was left), how many were scored, and how many changed sides.
    """
    with transaction.atomic():
        rows = MessageEvent.objects.filter(pk__gt=after, kind__in=_VISITS, message__isnull=False)
        events = list(lock_rows(rows).order_by("pk")[:limit])
        changed = _write_scores(events, now)
    return (events[-1].pk if events else 0), len(events), changed


def _write_scores(events: Sequence[MessageEvent], now: datetime) -> int:
    if not events:
        return 0
    arrivals = _read_arrivals({e.message_id for e in events if e.message_id})
    clicks = _read_clicks(arrivals)
    scores = [judge_visit(_describe(e, arrivals, clicks)) for e in events]
    changed = sum(e.is_machine != s.is_machine for e, s in zip(events, scores, strict=True))
    VisitScore.objects.bulk_create(
        [
            VisitScore(event=e, value=s.value, reasons=list(s.reasons), classifier=VERSION, scored_at=now)
            for e, s in zip(events, scores, strict=True)
        ],
        update_conflicts=True,
        unique_fields=["event"],
        update_fields=["value", "reasons", "classifier", "scored_at"],
    )
    for event, score in zip(events, scores, strict=True):
        event.is_machine, event.classifier = score.is_machine, VERSION
    MessageEvent.objects.bulk_update(events, ["is_machine", "classifier"])
    return changed


def _describe(
    event: MessageEvent,
    arrivals: Mapping[UUID, datetime | None],
    clicks: Mapping[UUID, list[tuple[str, datetime]]],
) -> Visit:
    message = event.message_id
    arrived = arrivals.get(message) if message else None
    others = clicks.get(message, []) if message and event.kind == Kind.CLICKED else []
    near = {link for link, at in others if abs(at - event.occurred_at) <= AT_ONCE}
    return Visit(
        agent=str(event.detail.get("agent") or event.detail.get("useragent") or ""),
        is_head=event.detail.get("method") == "HEAD",
        provider_says=bool(event.detail.get("machine_open")),
        haste=(event.occurred_at - arrived).total_seconds() if arrived else None,
        links_at_once=len(near),
    )


def _read_arrivals(messages: Iterable[UUID]) -> dict[UUID, datetime | None]:
    """When each was delivered; when its batch began to leave, as long as nobody said so."""
    delivered = MessageEvent.objects.filter(message=OuterRef("pk"), kind=Kind.DELIVERED)
    first = Subquery(delivered.order_by("occurred_at").values("occurred_at")[:1])
    found = Message.objects.filter(pk__in=messages).annotate(at=Coalesce(first, "batch__submitted_at"))
    return dict(found.values_list("pk", "at"))


def _read_clicks(messages: Iterable[UUID]) -> dict[UUID, list[tuple[str, datetime]]]:
    clicks: dict[UUID, list[tuple[str, datetime]]] = defaultdict(list)
    rows = MessageEvent.objects.filter(message__in=list(messages), kind=Kind.CLICKED)
    for message, link, url, at in rows.values_list("message", "link", "detail__url", "occurred_at"):
        clicks[message].append((str(link or url), at))
    return clicks
