"""Rate limits and warm-up: how many emails may leave in a minute or a day, for all workers together.

The limits are settings; what was used of them is a row a window. A worker takes its share for a whole batch
in one transaction. What does not fit waits in a batch of its own until the next window, with the reason.
Marketing leaves a fifth of every limit to transactional email.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from campaigns.models import Allowance, Campaign, SendBatch
from campaigns.outbox import hold_back

RESERVED_SHARE = 0.2
_LENGTHS = {Allowance.Window.MINUTE: timedelta(minutes=1), Allowance.Window.DAY: timedelta(days=1)}
_KEPT = timedelta(days=2)
TRANSACTIONAL = 1  # the priority of transactional batches


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `size` emails in each window, to the domain or (when it is empty) to all."""

    window: Allowance.Window
    domain: str
    size: int
    reason: str

    def starts_at(self, now: datetime) -> datetime:
        moment = now.astimezone(UTC).replace(second=0, microsecond=0)
        return moment.replace(hour=0, minute=0) if self.window == Allowance.Window.DAY else moment

    def ends_at(self, now: datetime) -> datetime:
        return self.starts_at(now) + _LENGTHS[self.window]

    def room(self, used: int, *, is_marketing: bool) -> int:
        """How many more of this kind may leave in the window."""
        share = 1 - RESERVED_SHARE if is_marketing else 1
        return max(max(1, int(self.size * share)) - used, 0)


@dataclass(frozen=True, slots=True)
class Full:
    """What is less urgent than `lowest_priority` waits for the limit's next window."""

    lowest_priority: int
    limit: Limit


def read_limits(now: datetime) -> list[Limit]:
    """The limits that hold now, from the settings."""
    config = settings.PAIRWELL
    limits = []
    if config["RATE_PER_MINUTE"]:
        limits.append(Limit(Allowance.Window.MINUTE, "", config["RATE_PER_MINUTE"], "rate_limit"))
    if size := plan_warm_up(config["WARM_UP"], now.astimezone(UTC).date()):
        limits.append(Limit(Allowance.Window.DAY, "", size, "warm_up"))
    for domain, size in sorted(config["DOMAIN_RATES"].items()):
        limits.append(Limit(Allowance.Window.MINUTE, domain.lower(), int(size), "domain_limit"))
    return limits


def plan_warm_up(plan: Mapping[str, object], day: date) -> int | None:
    """How many emails may leave on the day; None before the plan begins, and once it has reached its target.

    ``{"from": "2026-12-01", "start": 200, "factor": 1.5, "target": 20000}``: 200 on the first day, half as
    many again on each day after it. A new sender that mails everybody on its first day looks like a spammer.
    """
    if not plan:
        return None
    days = (day - date.fromisoformat(str(plan["from"]))).days
    if days < 0:
        return None
    start, factor, target = float(str(plan["start"])), float(str(plan["factor"])), int(str(plan["target"]))
    if factor ** min(days, 1000) >= target / start:
        return None
    return int(start * factor**days)


def find_full(route: str, now: datetime) -> Full | None:
    """What has to wait under the limits for all, and for the longest of which; None where all have room."""
    for_all = [limit for limit in read_limits(now) if not limit.domain]
    limits = sorted(for_all, key=lambda limit: limit.ends_at(now))
    used = read_used(route, limits, now) if limits else Counter[Limit]()
    for priority, is_marketing in ((0, False), (TRANSACTIONAL, True)):
        full = [limit for limit in limits if limit.room(used[limit], is_marketing=is_marketing) == 0]
        if full:
            return Full(priority, full[-1])
    return None


def note_waiting(full: Full, now: datetime) -> None:
    """Writes down, for the batches that a full limit keeps from leaving, why and until when.

    So each shows its reason, and the wait does not count as being late. They stay due: what others give back
    of the limit may still be used. One statement, which changes each batch once a window.
    """
    until = full.limit.ends_at(now)
    live = Campaign.objects.filter(status=Campaign.Status.LIVE)
    due = SendBatch.objects.filter(
        Q(limited_until=None) | Q(limited_until__lt=until),
        state=SendBatch.State.READY,
        due_at__lte=now,
        priority__gt=full.lowest_priority,
        campaign_id__in=live.values("pk"),
    )
    due.update(reason=full.limit.reason, limited_until=until)


def take_allowance(batch: SendBatch, route: str, now: datetime) -> int:
    """Takes the batch's share of every limit; what does not fit leaves the batch. Returns how many may go.

    0 where no limit is set, because then nothing was taken. Seven statements and three for each reason.
    """
    limits = read_limits(now)
    if not limits:
        return 0
    people = _read_domains(batch)
    with transaction.atomic():
        rows = _lock_rows(route, limits, now)
        rooms = {
            limit: limit.room(row.used, is_marketing=batch.campaign.is_marketing)
            for limit, row in rows.items()
        }
        held = share_out(people, rooms)
        gone = {pk for ids in held.values() for pk in ids}
        domains = Counter(domain for pk, domain in people if pk not in gone)
        for limit, row in rows.items():
            row.used += domains[limit.domain] if limit.domain else domains.total()
        Allowance.objects.bulk_update(rows.values(), ["used"])
        for limit, ids in held.items():
            hold_back(batch, ids, until=limit.ends_at(now), reason=limit.reason)
    return len(people) - len(gone)


def take_one(address: str, route: str, now: datetime) -> bool:
    """Takes the share of one email that belongs to no batch; False where a limit has no room for it."""
    domain = address.rpartition("@")[2].lower()
    limits = [limit for limit in read_limits(now) if limit.domain in ("", domain)]
    if not limits:
        return True
    with transaction.atomic():
        rows = _lock_rows(route, limits, now)
        if any(limit.room(row.used, is_marketing=False) == 0 for limit, row in rows.items()):
            return False
        Allowance.objects.filter(pk__in=[row.pk for row in rows.values()]).update(used=F("used") + 1)
    return True


def share_out(people: Iterable[tuple[UUID, str]], rooms: Mapping[Limit, int]) -> dict[Limit, list[UUID]]:
    """Who does not fit, by the limit that objects. First come, first served. Pure."""
    left = dict(rooms)
    held: dict[Limit, list[UUID]] = {}
    for message, domain in people:
        mine = [limit for limit in left if limit.domain in ("", domain)]
        full = next((limit for limit in mine if left[limit] <= 0), None)
        if full:
            held.setdefault(full, []).append(message)
            continue
        for limit in mine:
            left[limit] -= 1
    return held


def give_back(route: str, number: int, now: datetime) -> None:
    """Returns what a batch took and did not use, because people said no: only of the limits for all."""
    limits = [limit for limit in read_limits(now) if not limit.domain]
    for limit in limits if number > 0 else ():
        mine = _find_rows(route, [limit], now).filter(used__gte=number)
        mine.update(used=F("used") - number)


def _read_domains(batch: SendBatch) -> list[tuple[UUID, str]]:
    messages = batch.messages.filter(is_closed=False).order_by("queued_at", "pk")
    pairs = messages.values_list("pk", "customer__email")
    return [(pk, email.rpartition("@")[2].lower()) for pk, email in pairs]


def _find_rows(route: str, limits: Sequence[Limit], now: datetime) -> QuerySet[Allowance]:
    same = Q()
    for limit in limits:
        same |= Q(domain=limit.domain, window=limit.window, starts_at=limit.starts_at(now))
    return Allowance.objects.filter(same, route=route)


def read_used(route: str, limits: Sequence[Limit], now: datetime) -> Counter[Limit]:
    """How much of each limit was used in the window of now. One query."""
    rows = {(row.domain, row.window): row.used for row in _find_rows(route, limits, now)}
    return Counter({limit: rows.get((limit.domain, limit.window), 0) for limit in limits})


def _lock_rows(route: str, limits: Sequence[Limit], now: datetime) -> dict[Limit, Allowance]:
    """This window's rows, made where they are missing; those of the day before yesterday go."""
    Allowance.objects.filter(route=route, starts_at__lt=now - _KEPT).delete()
    Allowance.objects.bulk_create(
        [
            Allowance(route=route, domain=limit.domain, window=limit.window, starts_at=limit.starts_at(now))
            for limit in limits
        ],
        ignore_conflicts=True,
    )
    # In the order of the keys, so that two workers never wait for each other.
    locked = _find_rows(route, limits, now).order_by("pk").select_for_update()
    rows = {(row.domain, row.window): row for row in locked}
    return {limit: rows[limit.domain, limit.window.value] for limit in limits}
