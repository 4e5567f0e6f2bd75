"""The back-test: it learns from before, guesses after, and counts honestly."""

from datetime import timedelta

import pytest

from recommendations.evaluation import (
    Case,
    PastOrder,
    build_facts,
    learn,
    make_cases,
    measure,
    recommend_by_best_rule,
    recommend_by_engine,
    recommend_by_popularity,
)
from recommendations.policy import Policy
from shop.models import Product
from tests.recommendations.shops import NOW


def orders(*baskets: tuple[int, ...], days_ago: float = 5) -> list[PastOrder]:
    return [PastOrder(NOW - timedelta(days=days_ago), -1, basket) for basket in baskets]


def test_what_comes_later_is_not_learnt_from() -> None:
    train = learn([*orders((0, 1)), *orders((0, 1, 2), days_ago=-1)], NOW, product_count=3)
    assert (train.order_count, len(train.order)) == (1, 2)


def test_cases_hide_the_other_half_and_name_known_products_only() -> None:
    train = learn(orders((0, 1, 2, 3)), NOW, product_count=9)
    later = [*orders((0, 1, 2, 3, 8), days_ago=-1), *orders((0,), days_ago=-2), *orders((0, 1), days_ago=-40)]
    cases = make_cases(later, train, since=NOW)
    [basket], [single] = cases["basket"], cases["single"]
    assert set(basket.given) | basket.hidden == set(single.given) | single.hidden == {0, 1, 2, 3}
    assert (len(basket.given), len(single.given)) == (2, 1)
    assert not basket.hidden.intersection(basket.given)


def test_a_hit_is_one_of_the_first_three_picks_in_the_hidden_half() -> None:
    cases = [Case((0,), frozenset([3])), Case((0,), frozenset([4])), Case((1,), frozenset([3]))]
    picks = {0: [1, 2, 3, 4], 1: []}
    figures = measure(cases, lambda given: picks[given[0]], product_count=6)
    assert figures.hit_rate == pytest.approx(1 / 3)
    assert figures.coverage == pytest.approx(1 / 2)
    assert figures.shown == pytest.approx(2 / 3)


def test_the_engine_and_the_simple_rule_find_a_habit_where_popularity_does_not() -> None:
    habit, noise = orders(*[(0, 1)] * 10), orders(*[(2, 3), (4,), (5,), (2,)] * 15)
    train = learn([*habit, *noise], NOW, product_count=6)
    products = {key: Product(pk=key, title=f"thing{key}", price=10, currency="GBP") for key in range(6)}
    facts = build_facts(products, train, Policy())
    assert recommend_by_engine(facts, Policy())([0]) == [1]
    assert list(recommend_by_best_rule(facts)([0])) == [1]
    assert 1 not in recommend_by_popularity(train)([0])[:3]
