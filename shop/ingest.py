"""The one way in for events: idempotent, in batches, the good elements kept beside the bad.

An event is its (source, id). The same id with the same content is "known" and does nothing; with other
content it is "refused". Facts and event are written in one transaction.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import DataError, IntegrityError, OperationalError, transaction
from django.utils import timezone

from shop.checking import Candidate, check_element
from shop.claims import guard_customers
from shop.facts import Touched, apply, find_unknown, load_rows
from shop.models import Customer, Event
from shop.receipts import EventRefused, FieldError, Receipt
from shop.values import read_id

__all__ = ["EventRefused", "FieldError", "Receipt", "record_event", "record_events", "record_history"]

BATCH_SIZE = 1000
_WITHDRAWN = "consent.withdrawn"
ATTEMPTS = 5


def record_events(elements: Sequence[object], *, source: str, now: datetime) -> list[Receipt]:
    """One receipt per element, in their order. Never raises for what an element holds.

    Elements take effect in the order given. The number of queries is fixed for each 1,000 elements.
    """
    return _record(elements, source=source, now=now)


def record_history(elements: Sequence[object], *, now: datetime) -> list[Receipt]:
    """As `record_events`, but only the facts are written: no event, so no trigger ever wakes.

    For imports of the past. Writing the same history again changes nothing.
    """
    return _record(elements, source=None, now=now)


def record_event(
    kind: str,
    *,
    id: str,  # noqa: A002 - the field's name in every event
    occurred_at: datetime,
    source: str = "django",
    now: datetime | None = None,
    **parts: Mapping[str, Any] | str | None,
) -> Receipt:
    """Record one event of a shop in the same process, within the caller's transaction if there is one.

    `parts` are customer, order, cart, product, refund and consent, as in the JSON schemas; None is left out.
    `now` is the clock's unless given. Raises EventRefused with every error found.
    """
    given = {name: part for name, part in parts.items() if part is not None}
    element = {"id": id, "kind": kind, "occurred_at": occurred_at, **given}
    [receipt] = record_events([element], source=source, now=now or timezone.now())
    if receipt.status == "refused":
        raise EventRefused(receipt.errors)
    return receipt


def _record(elements: Sequence[object], *, source: str | None, now: datetime) -> list[Receipt]:
    receipts: dict[int, Receipt] = {}
    for start in range(0, len(elements), BATCH_SIZE):
        candidates = []
        for index, raw in enumerate(elements[start : start + BATCH_SIZE], start):
            checked = check_element(index, raw, now=now)
            if isinstance(checked, Candidate):
                candidates.append(checked)
            else:
                receipts[index] = checked
        receipts |= _write_or_halve(candidates, source, now)
    return [receipts[index] for index in range(len(elements))]


def _write_or_halve(candidates: list[Candidate], source: str | None, now: datetime) -> dict[int, Receipt]:
    """Write all at once; where the database refuses, find the one it can't keep and write the rest."""
    if not candidates:
        return {}
    try:
        return _write_again_after_a_clash(candidates, source, now)
    except (DataError, IntegrityError) as error:
        if len(candidates) == 1:
            return {candidates[0].index: candidates[0].refuse([_database_error(error)])}
        half = len(candidates) // 2
        return _write_or_halve(candidates[:half], source, now) | _write_or_halve(
            candidates[half:], source, now
        )


def _write_again_after_a_clash(
    candidates: list[Candidate], source: str | None, now: datetime
) -> dict[int, Receipt]:
    """Another writer who was first makes an insert fail; what it wrote is then seen and judged anew."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic():
                return _write(candidates, source, now)
        except (IntegrityError, OperationalError) as error:
            if attempt == ATTEMPTS or not _is_clash(error):
                raise
    raise AssertionError("unreachable")


def _is_clash(error: Exception) -> bool:
    deadlock = "40P01"
    return isinstance(error, IntegrityError) or getattr(error.__cause__, "sqlstate", None) == deadlock


def _write(candidates: list[Candidate], source: str | None, now: datetime) -> dict[int, Receipt]:
    _guard_objectors(candidates)
    digests = _recorded_digests(candidates, source)
    rows = load_rows([candidate for candidate in candidates if candidate.id not in digests])
    receipts: dict[int, Receipt] = {}
    events: list[Event] = []
    for candidate in candidates:
        recorded = digests.get(candidate.id)
        errors = list(find_unknown(candidate, rows)) if recorded is None else _conflict(candidate, recorded)
        if errors:
            receipts[candidate.index] = candidate.refuse(errors)
        elif recorded is not None:
            receipts[candidate.index] = Receipt(candidate.index, "known", candidate.id)
        else:
            touched = apply(candidate, rows)
            digests[candidate.id] = candidate.digest
            receipts[candidate.index] = Receipt(candidate.index, "recorded", candidate.id)
            events += [_event(candidate, touched, source, now)] if source is not None else []
    rows.write()
    Event.objects.bulk_create(events)
    return receipts


def _guard_objectors(candidates: list[Candidate]) -> None:
    """A batch that is about to leave was decided on before these noes were there, or will see them.

    Before any row is locked, as everybody who guards does it.
    """
    noes = [c.element for c in candidates if c.kind == _WITHDRAWN and "customer" in c.element]
    if noes:
        ids = {read_id(element["customer"]["id"]) for element in noes}
        named = Customer.objects.filter(external_id__in=ids).values_list("pk", "merged_into")
        guard_customers({pk for pair in named for pk in pair if pk})


def _recorded_digests(candidates: list[Candidate], source: str | None) -> dict[str, str]:
    if source is None:
        return {}
    ids = [candidate.id for candidate in candidates]
    found = Event.objects.filter(source=source, external_id__in=ids)
    return dict(found.values_list("external_id", "payload_digest"))


def _conflict(candidate: Candidate, recorded: str) -> list[FieldError]:
    if candidate.digest == recorded:
        return []
    message = "An event with this id was recorded with other content."
    return [FieldError("id", message, "Events never change: send what is new as an event with a new id.")]


def _event(candidate: Candidate, touched: Touched, source: str, now: datetime) -> Event:
    return Event(
        source=source,
        external_id=candidate.id,
        kind=candidate.kind,
        **touched._asdict(),
        occurred_at=candidate.occurred_at,
        received_at=now,
        payload=_without_personal_data(candidate.element),
        payload_digest=candidate.digest,
    )


def _without_personal_data(element: Mapping[str, Any]) -> dict[str, Any]:
    """Names and addresses live in the customer's row alone, where they can be corrected and erased."""
    customer = element.get("customer")
    return {**element, "customer": {"id": customer["id"]}} if customer else dict(element)


def _database_error(error: Exception) -> FieldError:
    hint = "Send it alone to be sure, and tell us: the checks before should have said what is wrong."
    return FieldError("$", f"The database refused this event ({type(error).__name__}).", hint)
