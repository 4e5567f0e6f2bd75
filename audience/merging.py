"""Two customers turn out to be one person: of what they chose, the stricter counts."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from audience.models import ConsentEntry, Preference
from audience.standings import find_objectors
from shop.merging import read_merges
from shop.models import Customer, Event

# The slowest first.
_PACES: tuple[str, ...] = ("monthly", "weekly", "fewer", "normal")
_CHOSEN = ("pace", "paused_until", "no_suggestions", "declined_topics", "language", "updated_at")


def join_choices(events: Sequence[Event], now: datetime) -> None:
    """Gives the kept customers the noes and the preferences of those who were merged into them.

    A yes is never handed on, because it was said for another address. Five queries and two inserts,
    however many events; none without events.
    """
    merges = read_merges(events)
    if not merges:
        return
    objectors = find_objectors(list(merges.values()), now)
    noes = []
    taken = [event for event in events if event.pk in merges]
    for event in taken:
        if why := objectors.get(merges[event.pk].pk):
            objectors[event.customer_id or 0] = why  # who may be merged into another one in turn
            noes.append(_make_no(event, why=why, now=now))
    ConsentEntry.objects.bulk_create(noes, ignore_conflicts=True)
    _join_preferences([(e.customer_id or 0, merges[e.pk]) for e in taken], now)


def _make_no(event: Event, *, why: str, now: datetime) -> ConsentEntry:
    return ConsentEntry(
        customer_id=event.customer_id or 0,
        state=ConsentEntry.State.WITHDRAWN,
        basis=ConsentEntry.Basis.OBJECTION,
        source="complaint" if why == "complained" else "merge",
        proof="A customer who was merged into this one had said no.",
        event=event,
        occurred_at=min(event.occurred_at, event.received_at),
        recorded_at=now,
    )


def _join_preferences(merges: Iterable[tuple[int, Customer]], now: datetime) -> None:
    pairs = list(merges)
    people = {pk for kept, gone in pairs for pk in (kept, gone.pk)}
    found = {row.customer_id: row for row in Preference.objects.filter(customer__in=people)}
    changed: dict[int, Preference] = {}
    for kept, gone in pairs:
        if theirs := found.get(gone.pk):
            ours = changed.get(kept) or found.get(kept) or Preference(customer_id=kept)
            changed[kept] = found[kept] = _choose_stricter(ours, theirs, now)
    Preference.objects.bulk_create(
        changed.values(), update_conflicts=True, unique_fields=["customer"], update_fields=_CHOSEN
    )


def _choose_stricter(ours: Preference, theirs: Preference, now: datetime) -> Preference:
    pauses = [until for until in (ours.paused_until, theirs.paused_until) if until]
    return Preference(
        customer_id=ours.customer_id,
        pace=min((ours.pace, theirs.pace), key=lambda pace: _PACES.index(pace)),
        paused_until=max(pauses, default=None),
        no_suggestions=ours.no_suggestions or theirs.no_suggestions,
        declined_topics=sorted({*ours.declined_topics, *theirs.declined_topics}),
        language=ours.language or theirs.language,
        updated_at=now,
    )
