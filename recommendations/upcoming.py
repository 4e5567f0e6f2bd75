"""For the requests of a batch: what their customers will buy next, by the habits that the slots chose."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol, TypeAlias

from recommendations.histories import History
from recommendations.journeys import Journey, Ranked, rank_journeys, sources_of
from recommendations.models import Slot
from recommendations.neighbours import Neighbours
from recommendations.offers import Request
from recommendations.slots import DEFAULT_SETTING, OWN_PURCHASES, SlotSetting, slot_of

Key: TypeAlias = tuple[str, int, tuple[int, ...]]  # slot, customer, anchors
Upcoming: TypeAlias = Mapping[Key, Sequence[Ranked]]


class Tables(Protocol):
    """What a model says, wherever it is kept."""

    def neighbours(self, table: str, products: Collection[int]) -> dict[int, Neighbours]:
        """The neighbours of each product, the best first."""

    def sold(self, products: Collection[int]) -> dict[int, int]:
        """The late orders of each of these products, and of the shop's best-seller."""


def key_of(slot: Slot, request: Request) -> Key:
    return slot.value, request.customer_id or 0, request.anchors


def rank_upcoming(
    requests: Sequence[Request],
    settings: Mapping[str, SlotSetting],
    histories: Mapping[int, History],
    tables: Tables,
) -> dict[Key, list[Ranked]]:
    """Ranked products for each request that asks for what comes next. Requests without a history have none.

    A fixed number of questions to the tables, however many requests.
    """
    found: dict[Key, list[Ranked]] = {}
    for slot in (Slot.NEXT_NEW, Slot.REPEAT):
        setting = settings.get(slot, DEFAULT_SETTING)
        habit = setting.habit or (OWN_PURCHASES if slot == Slot.REPEAT else None)
        journeys = {
            key_of(slot, request): _journey(slot, request, histories[request.customer_id or 0])
            for request in requests
            if _asks(slot, request) and (request.customer_id or 0) in histories
        }
        if habit is None or not journeys:
            continue
        rows = list(journeys.values())
        neighbours = (
            tables.neighbours(setting.table, sources_of(rows, habit)) if habit.reads_neighbours else {}
        )
        named = {key for pairs in neighbours.values() for key in pairs.product_id.tolist()}
        own = {key for journey in rows for key in journey.history.purchases}
        sold = tables.sold(named | own) if habit.popular else {}
        found |= zip(journeys, rank_journeys(rows, neighbours, sold, habit=habit), strict=True)
    return found


def given_of(request: Request, history: History) -> tuple[int, ...]:
    """What the request is about: its anchors, or the customer's newest order where it names none."""
    return tuple(dict.fromkeys(request.anchors)) or history.newest


def _asks(slot: Slot, request: Request) -> bool:
    if slot == Slot.REPEAT:
        return request.repeats > 0
    return request.complements > 0 and slot_of(request) == Slot.NEXT_NEW


def _journey(slot: Slot, request: Request, history: History) -> Journey:
    excluded = frozenset(history.purchases) if slot == Slot.NEXT_NEW else frozenset[int]()
    return Journey(given_of(request, history), history, excluded)
