"""Who enters a trigger, who starts again, and who is refused: decided without touching the database."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError

from shop.models import Event
from triggers import kinds
from triggers.base import Entry
from triggers.models import Enrolment, Trigger

logger = logging.getLogger(__name__)


@dataclass
class Plan:
    """Unsaved enrolments to insert, refusals among them, and saved ones whose wait starts again."""

    new: list[Enrolment] = field(default_factory=list)
    restarted: dict[int, Enrolment] = field(default_factory=dict)


class _Known:
    """The enrolments there are, those just planned included, by what they are about and by customer.

    Refused ones are known by what they are about only: they count for no re-entry rule.
    """

    def __init__(self, earlier: Iterable[Enrolment]) -> None:
        self._by_key: dict[tuple[int, int, str], Enrolment] = {}
        self._by_customer: dict[tuple[int, int], list[Enrolment]] = defaultdict(list)
        for enrolment in earlier:
            self.add(enrolment)

    def add(self, enrolment: Enrolment) -> None:
        trigger, customer = enrolment.trigger_id, enrolment.customer_id
        self._by_key[trigger, customer, enrolment.entry_key] = enrolment
        if enrolment.state != Enrolment.State.REFUSED:
            self._by_customer[trigger, customer].append(enrolment)

    def find(self, trigger: int, customer: int, entry_key: str) -> Enrolment | None:
        return self._by_key.get((trigger, customer, entry_key))

    def list_for(self, trigger: int, customer: int) -> list[Enrolment]:
        return self._by_customer.get((trigger, customer), [])


def plan_enrolments(
    events: Sequence[Event], triggers: Sequence[Trigger], earlier: Iterable[Enrolment], now: datetime
) -> Plan:
    """What these events mean for these triggers, given the customers' earlier enrolments.

    Pure: the same for live events, for a replay of history, and for one simulated customer. A trigger
    whose settings are wrong refuses everybody with the reason `settings_invalid` and disturbs no other.
    """
    plan, known = Plan(), _Known(earlier)
    for trigger in triggers:
        if trigger.kind not in kinds.list_keys():
            logger.error("A trigger's kind is not installed.", extra={"trigger": trigger.key})
            continue
        kind, settings = kinds.get(trigger.kind), _read_settings(trigger)
        for event in events:
            if event.customer_id is not None and event.kind in kind.event_kinds:
                _consider(event, trigger, settings, known=known, plan=plan, now=now)
    return plan


def _consider(
    event: Event,
    trigger: Trigger,
    settings: Mapping[str, Any] | None,
    *,
    known: _Known,
    plan: Plan,
    now: datetime,
) -> None:
    """One event for one trigger. A trigger that breaks refuses, with the reason, and stops no other."""
    nothing = Entry(f"event:{event.pk}", now)
    if settings is None:
        _add(nothing, event, trigger, reason="settings_invalid", plan=plan, now=now)
        return
    try:
        if entry := kinds.get(trigger.kind).match(event, settings):
            _enter(entry, event, trigger, known=known, plan=plan, now=now)
    except Exception:
        logger.exception("A trigger broke.", extra={"trigger": trigger.key, "event": event.pk})
        _add(nothing, event, trigger, reason="trigger_broken", plan=plan, now=now)


def _read_settings(trigger: Trigger) -> Mapping[str, Any] | None:
    try:
        return kinds.get(trigger.kind).clean_settings(trigger.settings)
    except ValidationError:
        return None


def _enter(entry: Entry, event: Event, trigger: Trigger, *, known: _Known, plan: Plan, now: datetime) -> None:
    entry = Entry(entry.entry_key, entry.due_at + _first_delay(trigger))
    there = known.find(trigger.pk, event.customer_id or 0, entry.entry_key)
    if there is None:
        reason = _refuse(event, trigger, known, now)
        enrolment = _add(entry, event, trigger, reason=reason, plan=plan, now=now)
        known.add(enrolment)
    elif kinds.get(trigger.kind).restarts:
        # Whoever is on the way already is not held to the re-entry rule a second time.
        rivals = known if there.state == Enrolment.State.REFUSED else _Known(())
        if (
            not _refuse(event, trigger, rivals, now)
            and _restart(there, event, entry.due_at, now)
            and there.pk
        ):
            plan.restarted[there.pk] = there


def _add(
    entry: Entry, event: Event, trigger: Trigger, *, reason: str, plan: Plan, now: datetime
) -> Enrolment:
    enrolment = Enrolment(
        trigger=trigger,
        customer_id=event.customer_id or 0,
        entry_key=entry.entry_key,
        event=event,
        order_id=event.order_id,
        cart_id=event.cart_id,
        state=Enrolment.State.REFUSED if reason else Enrolment.State.WAITING,
        reason=reason,
        entered_at=now,
        due_at=None if reason else entry.due_at,
        changed_at=now,
    )
    plan.new.append(enrolment)
    return enrolment


def _restart(enrolment: Enrolment, event: Event, due_at: datetime, now: datetime) -> bool:
    """Starts the wait again unless the flow has run: one email for one cart is enough."""
    if enrolment.state == Enrolment.State.DONE or (enrolment.due_at and enrolment.due_at >= due_at):
        return False
    enrolment.state, enrolment.reason = Enrolment.State.WAITING, ""
    enrolment.event, enrolment.due_at, enrolment.changed_at = event, due_at, now
    return True


def _refuse(event: Event, trigger: Trigger, known: _Known, now: datetime) -> str:
    """Why this customer does not enter, or an empty string."""
    if trigger.status != Trigger.Status.ACTIVE:
        return "trigger_paused"
    if event.occurred_at < trigger.active_from:
        return "before_active_from"
    mine = known.list_for(trigger.pk, event.customer_id or 0)
    if trigger.reentry == Trigger.Reentry.ONCE and mine:
        return "reentry_once"
    if trigger.reentry == Trigger.Reentry.AFTER_DAYS:
        since = now - timedelta(days=trigger.reentry_days)
        return "reentry_days" if any(e.entered_at > since for e in mine) else ""
    return ""


def _first_delay(trigger: Trigger) -> timedelta:
    first = min(trigger.campaign.steps.all(), key=lambda step: step.position, default=None)
    return timedelta(hours=first.delay_hours if first else 0)
