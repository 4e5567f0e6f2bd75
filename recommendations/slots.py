"""Which slot a request asks, and what the back-test chose for it: the scorer that was measured is the one
that serves."""

from collections.abc import Mapping
from dataclasses import dataclass

from recommendations.habits import HABITS, Habit
from recommendations.models import Kind, NeighbourModel, Slot, SlotChoice
from recommendations.offers import Moment, Request
from recommendations.scorers import POPULARITY

OWN_PURCHASES = HABITS[0]  # where nothing was chosen for repeats


@dataclass(frozen=True)
class SlotSetting:
    """The table that a slot reads, the habit that weighs it, and whether best-sellers come first."""

    table: str = Kind.COMPLEMENT.value
    habit: Habit | None = None
    is_popular: bool = False


DEFAULT_SETTING = SlotSetting()


def slot_of(request: Request) -> Slot:
    """What a request for complements asks: after a purchase, or where nothing lies in a cart, what a known
    customer buys next; before it what goes with one product, or with the rest of the cart."""
    is_open = request.moment == Moment.BEFORE and bool(request.anchors)
    if request.customer_id is not None and not is_open:
        return Slot.NEXT_NEW
    return Slot.SINGLE if len(set(request.anchors)) == 1 else Slot.BASKET


def needs_history(request: Request) -> bool:
    """Whether what the customer bought before has a say."""
    asks_next = request.complements > 0 and slot_of(request) == Slot.NEXT_NEW
    return request.customer_id is not None and (request.repeats > 0 or asks_next)


def tables_of(request: Request, settings: Mapping[str, SlotSetting]) -> set[str]:
    """The tables of neighbours that the request's anchors are looked up in."""
    tables = {Kind.UPGRADE.value} if request.upgrades > 0 else set()
    if request.complements > 0:
        tables.add(settings.get(slot_of(request), DEFAULT_SETTING).table)
    return tables


def read_settings(model: NeighbourModel) -> dict[str, SlotSetting]:
    """The setting of each slot that the model chose for. One query."""
    written = set(model.notes.get("counts", {}))
    rows = SlotChoice.objects.filter(model=model).values_list("slot", "scorer", "settings")
    return {
        slot: make_setting(slot, scorer, settings.get("habit"), has_table=slot in written)
        for slot, scorer, settings in rows
    }


def make_setting(
    slot: str, scorer: str, habit: Mapping[str, str | float] | None, *, has_table: bool
) -> SlotSetting:
    """`has_table` tells whether the slot's own table was written, or it reads the one of complements."""
    weights = Habit(**habit) if habit else None  # type: ignore[arg-type]  # as `Choice.describe` wrote it
    return SlotSetting(
        table=slot if has_table else Kind.COMPLEMENT.value,
        habit=weights or (OWN_PURCHASES if slot == Slot.REPEAT else None),
        is_popular=scorer == POPULARITY.name,
    )
