"""What the back-test measures is what customers are served: the same products in the same order."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from recommendations.answering import NOBODY
from recommendations.baskets import Baskets, read_baskets
from recommendations.building import rebuild_neighbours
from recommendations.cases import MOST_CASES, Cases, decay_history, make_cases, split_by_order, to_matrix
from recommendations.engine import Moment, Request, rank_without_rules
from recommendations.learning import count_pairs, learn, make_table
from recommendations.models import SlotChoice
from recommendations.selection import answer, choose_scorers
from recommendations.trade_ups import FEWEST_CANDIDATES, PRICE_BAND, WEIGHTS, Goods, TradeUps, UpgradeRanker
from shop.models import Customer, Order, OrderLine, Product
from tests.recommendations.sales_files import make_shop
from tests.recommendations.shops import NOW, make_customer, make_order, make_product

pytestmark = pytest.mark.django_db

MIDNIGHT = NOW.replace(hour=0)
PLACES = 3


@pytest.fixture
def products() -> list[Product]:
    return [make_product() for _number in range(40)]


@pytest.fixture
def baskets(products: list[Product]) -> Baskets:
    """A shop of four months; orders are placed at midnight, one a customer and day."""
    customers: dict[int, Customer] = {}
    lines = make_shop(orders=1500, products=len(products), size=4, together=0.7)
    last = max(day for day, *_rest in lines)
    orders: dict[int, Order] = {}
    seen: set[tuple[int, int]] = set()
    for day, order, customer, _sku in lines:
        if order in orders or (customer, day) in seen:
            continue
        seen.add((customer, day))
        customers.setdefault(customer, make_customer())
        placed = MIDNIGHT - timedelta(days=last - day)
        orders[order] = Order(
            external_id=f"o{order}", customer=customers[customer], placed_at=placed, currency="GBP", total=0
        )
    Order.objects.bulk_create(orders.values())
    OrderLine.objects.bulk_create(
        OrderLine(order=orders[order], product=products[int(sku[3:])], quantity=1, unit_price=10)
        for _day, order, _customer, sku in lines
        if order in orders
    )
    return read_baskets(MIDNIGHT, days=730)


@pytest.mark.parametrize("slot", ["basket", "single", "next_new", "repeat"])
def test_the_scorer_that_was_measured_serves_its_slot(slot: str, baskets: Baskets) -> None:
    rebuild_neighbours(MIDNIGHT)
    choice, learnt = choose_scorers(baskets)[slot], learn(count_pairs(baskets), baskets)
    if slot in {"basket", "single"}:
        cases, requests = _ask_about_baskets(slot, baskets)
    else:
        cases, requests = _ask_about_customers(slot, baskets)
    squares = make_table(learnt, choice.blend).squares()
    measured = answer(cases, learnt.shortlist.items, squares, choice.habit).products[:, :PLACES]
    served = rank_without_rules(requests, MIDNIGHT)
    assert choice.figures
    assert [row[:PLACES] for row in served] == [
        baskets.product_ids[row[row != NOBODY]].tolist() for row in measured
    ]


def _ask_about_baskets(slot: str, baskets: Baskets) -> tuple[Cases, list[Request]]:
    known = np.ones(baskets.product_count, dtype=np.bool_)
    cases = make_cases(baskets, known, split=30.0, most={**MOST_CASES, slot: 100})[slot]
    given = [cases.given[[row]].indices for row in range(len(cases))]
    keys = [tuple(baskets.product_ids[positions].tolist()) for positions in given]
    return cases, [Request(None, anchors, frozenset(), 3, 0, "GBP") for anchors in keys]


def _ask_about_customers(slot: str, baskets: Baskets) -> tuple[Cases, list[Request]]:
    """The next order of a hundred customers, as `cases` asks for it."""
    products, width = split_by_order(baskets), baskets.product_count
    customers = np.unique(baskets.customer)[:100].tolist()
    pasts = [np.flatnonzero(baskets.customer == customer) for customer in customers]
    pasts = [past[np.argsort(-baskets.age_days[past], kind="stable")] for past in pasts]
    own = [decay_history(past.tolist(), baskets, products) for past in pasts]
    bought = [np.unique(row[0]) if slot == "next_new" else row[0][:0] for row in own]
    newest = [products[past[-1]] for past in pasts]
    cases = Cases(
        given=to_matrix(newest, width),
        wanted=to_matrix(newest, width),
        excluded=to_matrix(bought, width),
        own=to_matrix([row[0] for row in own], width, [row[1] for row in own]),
        own_long=to_matrix([row[0] for row in own], width, [row[2] for row in own]),
    )
    anchors = [tuple(baskets.product_ids[positions].tolist()) for positions in newest]
    repeats = 3 if slot == "repeat" else 0
    return cases, [
        Request(customer, given, frozenset(), 3 - repeats, 0, "GBP", repeats=repeats, moment=Moment.AFTER)
        for customer, given in zip(customers, anchors, strict=True)
    ]


def test_the_upgrades_that_were_measured_are_served_where_no_title_objects() -> None:
    """Mugs of rising price, each with one thing more: the rules on titles, which only ever take upgrades out,
    object to none of them. The blend is the one that the rebuild stored."""
    parts = ["lid", "handle", "straw", "filter", "sleeve", "box", "strap", "clip", "stand", "brush"]
    mugs = [
        make_product(" ".join(["Travel mug with", *parts[:n]]), product_type="mug", price=Decimal(10 + n))
        for n in range(len(parts) + 1)
    ]
    make_order(mugs, days_ago=100)
    for number in range(60):
        customer, owned = make_customer(), number % 7
        make_order([mugs[owned]], customer=customer, days_ago=80 - number)
        make_order([mugs[owned + 2 + number % 3]], customer=customer, days_ago=60 - number)
    rebuild_neighbours(NOW)
    baskets, weights = read_baskets(NOW, days=730), WEIGHTS[read_settings_of_upgrades()]
    rows = Product.objects.in_bulk(baskets.product_ids.tolist())
    goods = Goods(
        [rows[key].title for key in baskets.product_ids.tolist()],
        [rows[key].product_type for key in baskets.product_ids.tolist()],
        np.array([float(rows[key].price or 0) for key in baskets.product_ids.tolist()]),
    )
    events = _every_step_up(goods)
    measured = UpgradeRanker(baskets, goods, events).rank(weights).products[:, :PLACES]
    anchors = [int(baskets.product_ids[owned]) for owned in events.owned]
    requests = [Request(None, (anchor,), frozenset(), 0, 3, "GBP") for anchor in anchors]
    served = [row[:PLACES] for row in rank_without_rules(requests, NOW)]
    assert len(anchors) >= 4
    assert served == [baskets.product_ids[row[row != NOBODY]].tolist() for row in measured]


def read_settings_of_upgrades() -> str:
    return str(SlotChoice.objects.get(model__is_active=True, slot="upgrade").scorer)


def _every_step_up(goods: Goods) -> TradeUps:
    """An event for each product with four or more of its type at 1.1 to 2 times its price."""
    low, high = PRICE_BAND
    band = [np.flatnonzero((goods.price >= low * p) & (goods.price <= high * p)) for p in goods.price]
    owned = np.array([n for n, found in enumerate(band) if len(found) >= FEWEST_CANDIDATES], dtype=np.int64)
    return TradeUps(owned, np.array([band[n][0] for n in owned], dtype=np.int64), [band[n] for n in owned])
