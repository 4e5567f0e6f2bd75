"""Double opt-in: a yes typed into a form counts only after a click in an email that went to the address.

The email is asked for by `consent.requested`. Whoever does not answer is not asked for ever: one email a
request, the next after ASK_AGAIN_AFTER at the earliest, and no more than ASK_AT_MOST without an answer.
So nobody can flood a stranger through the shop's newsletter form.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from audience.models import ConsentEntry, ConsentRequest
from audience.standings import read_verdicts
from shop.models import Customer, Event

VALID_FOR = timedelta(days=7)
ASK_AGAIN_AFTER = timedelta(days=30)
ASK_AT_MOST = 2


class Answer(StrEnum):
    """What pressing the button in the email's page led to."""

    CONFIRMED = "confirmed"
    EXPIRED = "expired"


def write_requests(events: Sequence[Event], now: datetime) -> None:
    """A pending request for each `consent.requested` event, or the reason why no email asks again.

    A fixed number of queries, however many events.
    """
    customers = Customer.objects.in_bulk({e.customer_id for e in events if e.customer_id})
    verdicts = read_verdicts(list(customers.values()), now)
    asked = _read_unanswered(customers)
    rows = []
    for event in sorted(events, key=lambda e: (e.occurred_at, e.pk)):
        customer = customers[event.customer_id or 0]
        earlier = asked.setdefault(customer.pk, [])
        refusal = "already_subscribed" if verdicts[customer.pk].explicit_since else ""
        refusal = refusal or _refuse_asking(earlier, now)
        if not refusal:
            earlier.append(now)
        rows.append(_make_request(event, customer, refusal=refusal, now=now))
    ConsentRequest.objects.bulk_create(rows, ignore_conflicts=True)


def find_unaskable(event_ids: Iterable[int], now: datetime) -> dict[int, str]:
    """Why the email of each of these `consent.requested` events must not leave; absent where it may.

    not_requested, already_subscribed, asked_recently, asked_enough, confirmed_already, request_expired.
    """
    ids = set(event_ids)
    reasons = dict.fromkeys(ids, "not_requested")
    for request in ConsentRequest.objects.filter(event__in=ids):
        reasons[request.event_id or 0] = _refuse_mailing(request, now)
    return {pk: reason for pk, reason in reasons.items() if reason}


@transaction.atomic
def confirm_request(customer_uuid: UUID, event_id: int, *, proof: str, now: datetime) -> Answer | None:
    """Records the explicit yes, once however often it is pressed; None if there is no such request."""
    requests = ConsentRequest.objects.select_for_update(of=("self",)).select_related("customer__merged_into")
    request = requests.filter(customer__uuid=customer_uuid, event=event_id, refused_for="").first()
    if request is None:
        return None
    if request.confirmed_at:
        return Answer.CONFIRMED
    if request.expires_at <= now:
        return Answer.EXPIRED
    ConsentRequest.objects.filter(pk=request.pk).update(confirmed_at=now)
    ConsentEntry.objects.create(
        customer=request.customer.merged_into or request.customer,
        state=ConsentEntry.State.GRANTED,
        basis=ConsentEntry.Basis.EXPLICIT,
        source="double_opt_in",
        proof=f"{proof} · asked {request.requested_at.isoformat()} · {request.proof}"[:255],
        text_version=request.text_version,
        occurred_at=now,
        recorded_at=now,
    )
    return Answer.CONFIRMED


def _read_unanswered(customers: Iterable[int]) -> dict[int, list[datetime]]:
    """When each was asked since the last answer."""
    pending = ConsentRequest.objects.filter(customer__in=list(customers), refused_for="")
    answers = pending.exclude(confirmed_at=None).values("customer").annotate(newest=Max("requested_at"))
    answered = dict(answers.values_list("customer", "newest"))
    asked: dict[int, list[datetime]] = {}
    for customer, at in pending.order_by("requested_at").values_list("customer", "requested_at"):
        if customer not in answered or at > answered[customer]:
            asked.setdefault(customer, []).append(at)
    return asked


def _refuse_asking(earlier: Sequence[datetime], now: datetime) -> str:
    if len(earlier) >= ASK_AT_MOST:
        return "asked_enough"
    return "asked_recently" if earlier and now - earlier[-1] < ASK_AGAIN_AFTER else ""


def _refuse_mailing(request: ConsentRequest, now: datetime) -> str:
    if request.refused_for:
        return request.refused_for
    if request.confirmed_at:
        return "confirmed_already"
    return "request_expired" if request.expires_at <= now else ""


def _make_request(event: Event, customer: Customer, *, refusal: str, now: datetime) -> ConsentRequest:
    said = read_said(event)
    return ConsentRequest(
        customer=customer,
        text_version=str(said.get("text_version") or "")[:120],
        proof=join_proof(said),
        event=event,
        requested_at=now,
        expires_at=now + VALID_FOR,
        refused_for=refusal,
    )


def read_said(event: Event) -> Mapping[str, Any]:
    """What the event says of the consent; empty where that is no object."""
    said = event.payload.get("consent")
    return said if isinstance(said, Mapping) else {}


def join_proof(said: Mapping[str, Any]) -> str:
    """Where it was said and the words, in short; the event keeps the whole of it."""
    parts = [str(said[key]) for key in ("proof", "text") if said.get(key)]
    return " · ".join(parts)[:255]
