"""Places that reach different orders, against the slow and obvious way of filling them."""

from itertools import permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recommendations.learning import count_pairs, learn, make_table
from recommendations.scorers import Blend
from recommendations.spreading import Holdings, Pairs, spread_scores
from tests.recommendations.test_pairs import arrange

ORDERS = st.lists(st.lists(st.integers(0, 7), min_size=1, max_size=8), min_size=1, max_size=14)


def pairs_of(orders: list[list[int]]) -> Pairs:
    held = [set(order) for order in orders]
    found = sorted({pair for order in held for pair in permutations(order, 2)})
    support = [float(sum({a, b} <= order for order in held)) for a, b in found]
    columns = np.array(found, dtype=np.int64).reshape(-1, 2)
    return Pairs(columns[:, 0], columns[:, 1], np.array(support))


def fill_by_hand(orders: list[list[int]], scores: dict[tuple[int, int], float], share: float) -> list[int]:
    """The three places of product 0: each time the best of what is left, lowered by what is reached."""
    holding = [set(order) for order in orders if 0 in order]
    places: list[int] = []

    def worth(other: int) -> float:
        with_it = [order for order in holding if other in order]
        reached = sum(bool(order & set(places)) for order in with_it)
        return scores[0, other] * (1.0 - share * reached / len(with_it))

    while left := [b for a, b in scores if a == 0 and b not in places]:
        places.append(max(left, key=lambda other: (worth(other), -other)))
    return places[:3]


@settings(max_examples=60, derandomize=True)
@given(orders=ORDERS, share=st.sampled_from([0.3, 0.7, 1.0]), seed=st.integers(0, 5))
def test_each_place_goes_to_what_reaches_most_of_the_orders_that_are_left(
    orders: list[list[int]], share: float, seed: int
) -> None:
    pairs = pairs_of(orders)
    scores = np.random.default_rng(seed).permutation(np.arange(1.0, len(pairs.product) + 1))
    lowered = spread_scores(pairs, scores, Holdings(arrange(orders)), share=share)
    own = np.flatnonzero(pairs.product == 0)
    shown = pairs.neighbour[own][np.lexsort((pairs.neighbour[own], -lowered[own]))][:3].tolist()
    keys = zip(pairs.product.tolist(), pairs.neighbour.tolist(), strict=True)
    by_hand = fill_by_hand(orders, dict(zip(keys, scores.tolist(), strict=True)), share)
    worth = dict(zip(pairs.neighbour[own].tolist(), lowered[own].tolist(), strict=True))
    assert [worth[other] for other in shown] == [worth[other] for other in by_hand]


def test_a_saucer_makes_way_for_a_lamp_where_cup_and_saucer_are_always_bought_together() -> None:
    tea, cup, saucer, lamp = range(4)
    orders = [[tea, cup, saucer]] * 20 + [[tea, lamp]] * 12
    places = {}
    for share in (0.0, 0.7):
        baskets = arrange(orders, products=4)
        table = make_table(
            learn(count_pairs(baskets), baskets),
            Blend("tried", cosine=1.0, asymmetry=1.0, spread=share, gated=False),
        )
        places[share] = table.neighbour[table.product == tea].tolist()
    assert places == {0.0: [cup, saucer, lamp], 0.7: [cup, lamp, saucer]}


def test_pairs_under_the_support_floor_stay_behind_all_above_it() -> None:
    orders = [[0, 1, 2]] * 20 + [[0, 3]] * 2
    baskets = arrange(orders, products=4)
    learnt = learn(count_pairs(baskets), baskets)
    table = make_table(learnt, Blend("tried", cosine=1.0, spread=1.0, gated=False), support_floor=5)
    assert table.neighbour[table.product == 0].tolist()[-1] == 3
