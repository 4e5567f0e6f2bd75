"""The back-test through the rules that hold for emails: what customers would have been shown.

The same pipeline as in an email (`choosing`), with the shop's defaults, on facts made of the arrays of the
back-test. The slot "repeat" is left out: its rules ask for the day, which its cases do not have.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from recommendations.answering import NOBODY, Answers, Matrix
from recommendations.baskets import Baskets
from recommendations.bestsellers import WHOLE_SHOP
from recommendations.building import find_collected_types
from recommendations.cases import SLOTS, Cases
from recommendations.choosing import choose
from recommendations.customers import CustomerFacts
from recommendations.facts import Facts
from recommendations.histories import History
from recommendations.learning import Learnt, Table, find_popular, make_table
from recommendations.models import Kind, Slot
from recommendations.neighbours import Neighbours, NeighbourTables, split_by_product
from recommendations.offers import Moment, Request
from recommendations.policy import Policy
from recommendations.selection import Choice
from recommendations.slots import make_setting
from recommendations.trade_ups import WEIGHTS, Goods, TradeUps
from recommendations.upcoming import rank_upcoming
from recommendations.upgrades import CatalogueItem, find_upgrades, read_ownership
from shop.models import Product

CURRENCY = "XXX"  # one of no country: a file of orders names none
SHELF = 20


@dataclass(frozen=True)
class Rehearsal:
    """What the requests of one task are answered from. Keys are positions plus one."""

    facts: Facts
    policy: Policy

    def show(self, requests: Sequence[Request]) -> Answers:
        """What each would be shown, by position."""
        found = np.full((len(requests), 10), NOBODY, dtype=np.int64)
        for row, request in enumerate(requests):
            picks = choose(request, self.facts, self.policy)
            found[row, : len(picks)] = [pick.product.pk - 1 for pick in picks]
        return Answers(found)


class Stage:
    """A shop's goods and what was learnt, for every task."""

    def __init__(self, past: Baskets, goods: Goods, learnt: Learnt, policy: Policy | None = None) -> None:
        self._past, self._goods, self._learnt, self._policy = past, goods, learnt, policy or Policy()
        self._products = dict(_make_products(goods))
        self._popular = [
            (key + 1, int(learnt.shortlist.items.recent[key]))
            for key in find_popular(learnt.shortlist.items, kept=SHELF).tolist()
        ]
        of_type = {int(key): goods.types[place] for place, key in enumerate(past.product_ids.tolist())}
        self._collected = frozenset(find_collected_types(past, of_type))

    def answer_slot(self, slot: str, cases: Cases, choice: Choice) -> Answers:
        """Of basket, single and next_new: what the pipeline shows to each case."""
        floor = self._policy.support_floor(self._past.order_count)
        neighbours = _index(make_table(self._learnt, choice.table_blend, support_floor=floor), slot)
        histories = _read_histories(cases) if slot == Slot.NEXT_NEW else {}
        requests = [_ask(slot, cases, row) for row in range(len(cases))]
        told = choice.describe()
        setting = make_setting(slot, told["scorer"], told["settings"]["habit"], has_table=True)
        settings = dict.fromkeys(SLOTS, setting)  # half an order may be one product, and is asked as a basket
        tables = _Tables(neighbours, self._learnt)
        facts = self._make_facts(neighbours, histories)
        upcoming = rank_upcoming(requests, settings, histories, tables) if histories else {}
        complete = replace(facts, settings=settings, upcoming=upcoming)
        return Rehearsal(complete, self._policy).show(requests)

    def answer_upgrades(self, events: TradeUps, choice: Choice) -> Answers:
        """Of upgrade: the table that emails read, and the rules; only what the customer did not have."""
        rows: dict[int, list[tuple[int, float, int]]] = defaultdict(list)
        ownership = read_ownership(self._past)
        column = {place + 1: place for place in range(self._past.product_count)}
        owned = type(ownership)(ownership.owned, ownership.recent, column)
        items = [item for item in _list_items(self._goods) if item.price > 0]
        for found in find_upgrades(items, owned, weights=WEIGHTS[choice.weights]):
            rows[found.product_id].append((found.upgrade_id, found.score, found.owners))
        neighbours = {
            (Kind.UPGRADE.value, key): Neighbours(*map(np.array, zip(*own, strict=True)))
            for key, own in rows.items()
        }
        return Rehearsal(self._make_facts(neighbours, {}), self._policy).show(
            _ask_upgrades(events, neighbours)
        )

    def _make_facts(self, neighbours: NeighbourTables, histories: Mapping[int, History]) -> Facts:
        return Facts(
            model_id=None,
            support_floor=self._policy.support_floor(self._past.order_count),
            collected_types=self._collected,
            products=self._products,
            neighbours=neighbours,
            bestsellers={WHOLE_SHOP: self._popular},
            customers={key: CustomerFacts(history=history) for key, history in histories.items()},
        )


@dataclass(frozen=True)
class _Tables:
    """`upcoming.Tables` in memory."""

    rows: NeighbourTables
    learnt: Learnt

    def neighbours(self, table: str, products: Collection[int]) -> dict[int, Neighbours]:
        return {key: self.rows[table, key] for key in products if (table, key) in self.rows}

    def sold(self, products: Collection[int]) -> dict[int, int]:
        recent = self.learnt.shortlist.items.recent
        best = int(np.argmax(recent)) + 1
        return {key: int(recent[key - 1]) for key in {*products, best}}


def _make_products(goods: Goods) -> Iterator[tuple[int, Product]]:
    prices = goods.price if np.any(goods.price > 0) else np.ones(len(goods.names))  # none is known: all alike
    for place, (name, kind) in enumerate(zip(goods.names, goods.types, strict=True)):
        price = Decimal(str(round(float(prices[place]), 4))) or None
        title = name or f"{place}"
        yield (
            place + 1,
            Product(
                pk=place + 1,
                external_id=f"{place}",
                title=title,
                product_type=kind,
                price=price,
                currency=CURRENCY,
            ),
        )


def _list_items(goods: Goods) -> Iterator[CatalogueItem]:
    for place, (name, kind) in enumerate(zip(goods.names, goods.types, strict=True)):
        yield CatalogueItem(place + 1, name, kind, float(goods.price[place]), CURRENCY, {})


def _index(table: Table, slot: str) -> NeighbourTables:
    columns = Neighbours(table.neighbour + 1, table.score, table.support)
    return {(slot, product): own for product, own in split_by_product(table.product + 1, columns)}


def _positions(matrix: Matrix, row: int) -> list[int]:
    found: list[int] = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]].tolist()
    return found


def _ask(slot: str, cases: Cases, row: int) -> Request:
    anchors = tuple(place + 1 for place in _positions(cases.given, row))
    is_next = slot == Slot.NEXT_NEW
    moment = Moment.AFTER if is_next else Moment.BEFORE
    return Request(row + 1 if is_next else None, anchors, frozenset(), 3, 0, CURRENCY, moment=moment)


def _ask_upgrades(events: TradeUps, neighbours: NeighbourTables) -> list[Request]:
    requests = []
    for owned, candidates in zip(events.owned.tolist(), events.candidates, strict=True):
        found = neighbours.get((Kind.UPGRADE.value, owned + 1))
        named = set(found.product_id.tolist()) if found else set()
        had = named - {place + 1 for place in candidates.tolist()}
        requests.append(Request(None, (owned + 1,), frozenset(had), 0, 3, CURRENCY))
    return requests


def _read_histories(cases: Cases) -> dict[int, History]:
    own, own_long = cases.own.tocsr(), cases.own_long.tocsr()
    found = {}
    for row in range(len(cases)):
        places = _positions(own_long, row)
        found[row + 1] = History(
            purchases={place + 1: 1 for place in places},
            own=own[[row]].toarray().ravel()[places],
            own_long=own_long.data[own_long.indptr[row] : own_long.indptr[row + 1]],
        )
    return found
