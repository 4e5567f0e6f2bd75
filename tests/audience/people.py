"""The people of these tests, and what they said."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from audience.consent import Standing, read_standings, record_consent
from audience.models import ConsentEntry
from shop.models import Customer, Event

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_numbers = count(1)


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def make_customer(**fields: Any) -> Customer:
    number = next(_numbers)
    facts = {"external_id": f"a{number}", "email": f"a{number}@buyer.example", "created_at": NOW}
    return Customer.objects.create(**{"country": "GB", **facts, **fields})


def grant(customer: Customer, basis: str = "explicit", at: datetime = NOW) -> ConsentEntry:
    conditions = {} if basis == "explicit" else {"sale": "o-1", "opt_out_offered": True}
    return record_consent(
        customer, state="granted", basis=basis, source="api", conditions=conditions, occurred_at=at, now=at
    )


def withdraw(customer: Customer, source: str = "api", at: datetime = NOW) -> ConsentEntry:
    return record_consent(
        customer, state="withdrawn", basis="objection", source=source, occurred_at=at, now=at
    )


def make_consent_event(customer: Customer | None, kind: str = "granted", **fields: Any) -> Event:
    """`said` is the payload's consent part; the event occurred and came in now unless told."""
    said = fields.pop("said", {"basis": "explicit", "proof": "checkout", "text": "v3"})
    at = fields.pop("at", NOW)
    facts = {
        "source": "shop",
        "external_id": f"consent-{next(_numbers)}",
        "kind": f"consent.{kind}",
        "customer": customer,
        "occurred_at": at,
        "received_at": at,
        "payload": {"consent": said},
    }
    return Event.objects.create(**{**facts, **fields})


def standing_of(customer: Customer, now: datetime = NOW) -> Standing:
    return read_standings([customer], now)[customer.pk]
