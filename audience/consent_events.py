"""The shop's consent events become ledger lines, and requests that wait for a double opt-in."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction

from audience.double_opt_in import join_proof, read_said, write_requests
from audience.merging import join_choices
from audience.models import ConsentEntry, Topic
from shop.claims import lock_rows, work_off
from shop.merging import MERGED
from shop.models import Event

_log = logging.getLogger(__name__)
_GRANTED, _WITHDRAWN = ConsentEntry.State.GRANTED, ConsentEntry.State.WITHDRAWN
_OBJECTION = ConsentEntry.Basis.OBJECTION
_REQUESTED = "consent.requested"
CONSENT_KINDS = ("consent.granted", "consent.withdrawn", _REQUESTED, MERGED)
_YES_BASES = ("explicit", "soft_opt_in", "inquiry")


def apply_consent_events(now: datetime) -> int:
    """Turn the shop's unread consent events into ledger lines; the number of events read.

    Once per event whatever happens, also with several workers: rows are locked and the line is unique
    per event. Order of arrival does not matter, because the ledger is read by the time of the event.
    An event that says too little is kept with the reason in its `problem`.
    """
    total = 0
    while events := _apply_batch(now):
        total += events
    return total


@transaction.atomic
def _apply_batch(now: datetime) -> int:
    unread = Event.objects.filter(consent_applied_at=None, kind__in=CONSENT_KINDS)
    events = list(lock_rows(unread.order_by("id"))[: settings.PAIRWELL["BATCH_SIZE"]])
    if events:
        work_off(events, partial(_write_lines, now=now), partial(_put_aside, now=now))
    return len(events)


def _write_lines(events: Sequence[Event], *, now: datetime) -> None:
    refused = _store_refusals(events)
    taken = [event for event in events if event.pk not in refused]
    lines = [_make_line(event, now) for event in taken if event.kind not in (_REQUESTED, MERGED)]
    ConsentEntry.objects.bulk_create(lines, ignore_conflicts=True)
    write_requests([event for event in taken if event.kind == _REQUESTED], now)
    join_choices([event for event in taken if event.kind == MERGED], now)
    Event.objects.filter(pk__in=[event.pk for event in events]).update(consent_applied_at=now)


def _put_aside(event: Event, error: str, *, now: datetime) -> None:
    Event.objects.filter(pk=event.pk).update(consent_applied_at=now, problem=error)


def _store_refusals(events: Sequence[Event]) -> set[int]:
    """Writes why an event does not count; one statement a reason. Returns the refused."""
    by_reason: dict[str, list[int]] = defaultdict(list)
    for event in events:
        if why := _refuse(event, read_said(event)):
            by_reason[why].append(event.pk)
    for why, ids in by_reason.items():
        _log.warning("%d consent events are not in the ledger: %s", len(ids), why)
        Event.objects.filter(pk__in=ids).update(problem=why)
    return {pk for ids in by_reason.values() for pk in ids}


def _refuse(event: Event, said: Mapping[str, Any]) -> str:
    """Why the event does not count. A "no" is always taken; a "yes" must be complete."""
    if event.customer_id is None:
        return "it names no customer"
    if event.kind != "consent.granted":
        return ""
    if said.get("basis") not in _YES_BASES:
        return f"consent.basis must be one of {', '.join(_YES_BASES)}"
    if said.get("topic", Topic.MARKETING) != Topic.MARKETING:
        return f"consent.topic must be {Topic.MARKETING.value}"
    if said.get("expires_at") is not None and _read_time(said["expires_at"]) is None:
        return "consent.expires_at must be ISO 8601 with an offset"
    return ""


def _make_line(event: Event, now: datetime) -> ConsentEntry:
    said, is_no = read_said(event), event.kind == "consent.withdrawn"
    return ConsentEntry(
        customer_id=event.customer_id or 0,
        topic=Topic.MARKETING,
        state=_WITHDRAWN if is_no else _GRANTED,
        basis=_OBJECTION if is_no else said["basis"],
        source="api",
        proof=join_proof(said),
        text_version=str(said.get("text_version") or "")[:120],
        conditions={key: said[key] for key in ("sale", "opt_out_offered") if key in said},
        expires_at=None if is_no else _read_time(said.get("expires_at")),
        event=event,
        occurred_at=min(event.occurred_at, event.received_at),
        recorded_at=now,
    )


def _read_time(said: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return moment if moment.tzinfo else None
