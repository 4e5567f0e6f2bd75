"""Writing the consent ledger. Lines are only ever added."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import transaction

from audience.models import ConsentEntry, Topic
from audience.standings import Cap, Standing, read_standings, read_verdict
from audience.suppression import suppress
from shop.claims import guard_customers, lock_rows, work_off
from shop.models import Customer, Event

__all__ = [
    "Cap",
    "Standing",
    "apply_consent_events",
    "read_standings",
    "record_consent",
    "suppress",
    "withdraw_consent",
]

_log = logging.getLogger(__name__)
_GRANTED, _WITHDRAWN = ConsentEntry.State.GRANTED, ConsentEntry.State.WITHDRAWN
_OBJECTION = ConsentEntry.Basis.OBJECTION
CONSENT_KINDS = ("consent.granted", "consent.withdrawn")
_YES_BASES = frozenset({ConsentEntry.Basis.EXPLICIT.value, ConsentEntry.Basis.SOFT_OPT_IN.value})


def record_consent(
    customer: Customer,
    *,
    state: str,
    basis: str,
    source: str,
    proof: str = "",
    occurred_at: datetime,
    now: datetime,
) -> ConsentEntry:
    """The new ledger line. A moment in the future counts as now, lest it outweigh what comes before it."""
    return ConsentEntry.objects.create(
        customer=customer,
        state=state,
        basis=basis,
        source=source,
        proof=proof[:255],
        occurred_at=min(occurred_at, now),
        recorded_at=now,
    )


@transaction.atomic
def withdraw_consent(customer: Customer, *, source: str, proof: str = "", now: datetime) -> bool:
    """Record a "no" at once; False if that is already the answer, so that a repeat adds no line.

    The customer's row is locked meanwhile, so that of two simultaneous repeats one is recorded.
    """
    guard_customers({customer.pk})  # a batch that is about to leave has been decided on, or will see the "no"
    Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    if read_verdict(customer, now).reason in {"withdrawn", "complained"}:
        return False
    record_consent(
        customer,
        state=_WITHDRAWN,
        basis=_OBJECTION,
        source=source,
        proof=proof,
        occurred_at=now,
        now=now,
    )
    return True


def apply_consent_events(now: datetime) -> int:
    """Turn the shop's unread consent events into ledger lines; the number of events read.

    Once per event whatever happens, also with several workers: rows are locked and the line is unique
    per event. Order of arrival does not matter, because the ledger is read by the time of the event.
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
    entries = [entry for event in events if (entry := _read_event(event, now))]
    ConsentEntry.objects.bulk_create(entries, ignore_conflicts=True)
    Event.objects.filter(pk__in=[event.pk for event in events]).update(consent_applied_at=now)


def _put_aside(event: Event, error: str, *, now: datetime) -> None:
    Event.objects.filter(pk=event.pk).update(consent_applied_at=now, problem=error)


def _read_event(event: Event, now: datetime) -> ConsentEntry | None:
    """The line that an event stands for. A "no" is always taken; a "yes" must be complete to count."""
    said = event.payload.get("consent")
    said = said if isinstance(said, Mapping) else {}
    is_no = event.kind == "consent.withdrawn"
    refusal = _refuse(event, said, is_no=is_no)
    if refusal or event.customer_id is None:
        _log.warning("Consent event %s is not in the ledger: %s", event.pk, refusal)
        return None
    return ConsentEntry(
        customer_id=event.customer_id,
        topic=said.get("topic", Topic.MARKETING) if not is_no else Topic.MARKETING,
        state=_WITHDRAWN if is_no else _GRANTED,
        basis=_OBJECTION if is_no else said["basis"],
        source="api",
        proof=_join_proof(said),
        event=event,
        occurred_at=min(event.occurred_at, event.received_at),
        recorded_at=now,
    )


def _refuse(event: Event, said: Mapping[str, object], *, is_no: bool) -> str:
    if event.customer_id is None:
        return "it names no customer"
    if not is_no and said.get("basis") not in _YES_BASES:
        return "consent.basis must be explicit or soft_opt_in"
    if not is_no and said.get("topic", Topic.MARKETING) not in Topic.values:
        return f"consent.topic must be one of {', '.join(Topic.values)}"
    return ""


def _join_proof(said: Mapping[str, object]) -> str:
    parts: Sequence[str] = [str(said[key]) for key in ("proof", "text") if said.get(key)]
    return " · ".join(parts)[:255]  # the event keeps the whole of it
