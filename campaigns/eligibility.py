"""May we send this? One verdict a message, the first gate that objects wins, and every no has a reason."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from audience.consent import Standing
from campaigns.lateness import MAX_LATENESS

QUIET_FROM, QUIET_UNTIL = 21, 8  # the customer's own hours, for marketing only


@dataclass(frozen=True, slots=True)
class Send:
    """Yes. `with_products` is the separate question whether suggestions may be shown."""

    with_products: bool


@dataclass(frozen=True, slots=True)
class Skip:
    reason: str


@dataclass(frozen=True, slots=True)
class Defer:
    reason: str
    until: datetime


Verdict = Send | Skip | Defer


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that decides about one message, read beforehand for the whole batch.

    `recent_marketing` are the times of the customer's marketing emails of the last 30 days. `topic` is the
    part of marketing it belongs to; `is_legal` that the law asks for it.
    """

    is_marketing: bool
    queued_at: datetime
    has_address: bool
    outdated: str
    standing: Standing
    recent_marketing: tuple[datetime, ...]
    timezone: tzinfo
    is_held_out: bool
    topic: str = ""
    is_legal: bool = False


def judge(facts: Facts, now: datetime) -> Verdict:
    """Send, skip or defer. Pure.

    Holding out comes last, so that the people held out are those who would have been written to. A
    transactional email is never withheld: there, being held out means to get it without suggestions.
    """
    for gate in _GATES:
        if (verdict := gate(facts, now)) is not None:
            return verdict
    suggestions = facts.standing.may_market and not facts.standing.no_suggestions and not facts.is_legal
    return Send(with_products=suggestions and not facts.is_held_out)


def _has_address(facts: Facts, now: datetime) -> Verdict | None:  # noqa: ARG001 (gates share a signature)
    return None if facts.has_address else Skip("no_address")


def _is_in_time(facts: Facts, now: datetime) -> Verdict | None:
    """A campaign may have been paused for a month: last month's confirmation only confuses."""
    return Skip("expired") if now - facts.queued_at > MAX_LATENESS else None


def _still_stands(facts: Facts, now: datetime) -> Verdict | None:  # noqa: ARG001
    return Skip(facts.outdated) if facts.outdated else None


def _is_deliverable(facts: Facts, now: datetime) -> Verdict | None:  # noqa: ARG001
    return Skip("suppressed") if facts.standing.is_suppressed else None


def _may_market(facts: Facts, now: datetime) -> Verdict | None:  # noqa: ARG001
    if not facts.is_marketing or facts.standing.may_market:
        return None
    return Skip(facts.standing.reason)


def _is_wanted(facts: Facts, now: datetime) -> Verdict | None:  # noqa: ARG001
    """Whoever wants no reminders of carts may still want the rest."""
    declined = facts.is_marketing and facts.topic in facts.standing.declined_topics
    return Skip("topic_declined") if declined else None


def is_capped(standing: Standing, recent_marketing: Iterable[datetime], now: datetime) -> bool:
    """Whether this person had as much marketing lately as they, or the shop, allow."""
    since = now - timedelta(days=standing.cap.days)
    return sum(at > since for at in recent_marketing) >= standing.cap.count


def _is_below_cap(facts: Facts, now: datetime) -> Verdict | None:
    capped = facts.is_marketing and is_capped(facts.standing, facts.recent_marketing, now)
    return Skip("frequency_cap") if capped else None


def _is_awake(facts: Facts, now: datetime) -> Verdict | None:
    return judge_hour(facts.timezone, now) if facts.is_marketing else None


def judge_hour(timezone: tzinfo, now: datetime) -> Defer | None:
    """Nobody wants an offer at night: it waits for the customer's morning."""
    local = now.astimezone(timezone)
    if QUIET_UNTIL <= local.hour < QUIET_FROM:
        return None
    morning = local.replace(hour=QUIET_UNTIL, minute=0, second=0, microsecond=0)
    if local.hour >= QUIET_FROM:
        morning += timedelta(days=1)
    return Defer("quiet_hours", morning.astimezone(now.tzinfo))


def _is_not_held_out(facts: Facts, now: datetime) -> Verdict | None:  # noqa: ARG001
    return Skip("held_out") if facts.is_held_out and facts.is_marketing else None


_GATES: tuple[Callable[[Facts, datetime], Verdict | None], ...] = (
    _has_address,
    _is_in_time,
    _still_stands,
    _is_deliverable,
    _may_market,
    _is_wanted,
    _is_below_cap,
    _is_awake,
    _is_not_held_out,
)
