"""Writing the consent ledger. Lines are only ever added."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from audience.consent_events import apply_consent_events
from audience.models import ConsentEntry
from audience.standings import NOES, Cap, Standing, read_standings, read_verdict
from audience.suppression import suppress
from shop.claims import guard_customers
from shop.models import Customer

__all__ = [
    "Cap",
    "Objection",
    "Standing",
    "apply_consent_events",
    "read_standings",
    "record_consent",
    "record_objections",
    "suppress",
    "withdraw_consent",
]

_WITHDRAWN = ConsentEntry.State.WITHDRAWN
_OBJECTION = ConsentEntry.Basis.OBJECTION


def record_consent(
    customer: Customer,
    *,
    state: str,
    basis: str,
    source: str,
    proof: str = "",
    text_version: str = "",
    conditions: Mapping[str, Any] | None = None,
    expires_at: datetime | None = None,
    occurred_at: datetime,
    now: datetime,
) -> ConsentEntry:
    """The new ledger line. A moment in the future counts as now, lest it outweigh what comes before it.

    `conditions` are those of a soft opt-in (`audience.ledger.is_complete`); without them it is kept as
    evidence and counts for nothing. What a merged customer says counts for the one who was kept.
    """
    return ConsentEntry.objects.create(
        customer=customer.merged_into or customer,
        state=state,
        basis=basis,
        source=source,
        proof=proof[:255],
        text_version=text_version[:120],
        conditions=dict(conditions or {}),
        expires_at=expires_at,
        occurred_at=min(occurred_at, now),
        recorded_at=now,
    )


@dataclass(frozen=True, slots=True)
class Objection:
    """A "no" of one customer that somebody else passed on."""

    customer_id: int
    source: str
    proof: str
    said_at: datetime


def record_objections(objections: Sequence[Objection], now: datetime) -> None:
    """A ledger line for each, in one statement. A moment in the future counts as now."""
    ConsentEntry.objects.bulk_create(
        ConsentEntry(
            customer_id=no.customer_id,
            state=_WITHDRAWN,
            basis=_OBJECTION,
            source=no.source,
            proof=no.proof[:255],
            occurred_at=min(no.said_at, now),
            recorded_at=now,
        )
        for no in objections
    )


@transaction.atomic
def withdraw_consent(customer: Customer, *, source: str, proof: str = "", now: datetime) -> bool:
    """Record a "no" at once; False if that is already the answer, so that a repeat adds no line.

    The customer's row is locked meanwhile, so that of two simultaneous repeats one is recorded.
    """
    customer = customer.merged_into or customer
    guard_customers({customer.pk})  # a batch that is about to leave has been decided on, or will see the "no"
    Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    if read_verdict(customer, now).reason in NOES:
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
