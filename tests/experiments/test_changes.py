"""What a variant may change is checked with words that say how to mend it; times are shifted as asked."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from experiments.changes import find_change_problems, is_about_the_flow, shift_time

GOOD: list[dict[str, Any]] = [
    {"texts": {"en": {"subject": "Hello", "preheader": "Look"}}},
    {"blocks": {"intro": "b"}},
    {"template": "abandoned_cart_short"},
    {"recommender": "popular"},
    {"products": {"complements": 0, "upgrades": 3}},
    {"offer": {"code": "SPRING", "percent": "10", "ends_at": "2026-04-01T00:00:00+00:00"}},
    {"sender_name": "Sara from the shop"},
    {"timing": {"delay_hours": 20, "hour": 9}},
    {"campaign": "abandoned-cart-two"},
]
BAD = [
    ({"texts": {"en": {"subject": ""}}}, "Write texts as"),
    ({"blocks": {"intro": 1}}, "Write blocks as"),
    ({"template": " "}, "Write template as"),
    ({"recommender": None}, "Write recommender as"),
    ({"products": {"complements": 4}}, "each from 0 to 3"),
    ({"products": {"kettles": 1}}, "Write products as"),
    ({"products": {"upgrades": True}}, "Write products as"),
    ({"offer": {"percent": "10"}}, "Write offer as"),
    ({"offer": {"code": "X", "percent": "10", "amount": "5"}}, "Write offer as"),
    ({"sender_name": ""}, "Write sender_name as"),
    ({"timing": {"hour": 24}}, "an hour up to 23"),
    ({"timing": {"delay_hours": -1}}, "Write timing as"),
    ({"timing": {}}, "Write timing as"),
    ({"campaign": "x", "texts": {"en": {"a": "b"}}}, "keep campaign alone"),
    ({"colour": "red"}, "which is unknown; use texts"),
    ("texts", "must be an object"),
]


@pytest.mark.parametrize("changes", GOOD)
def test_every_kind_of_change_can_be_made(changes: dict[str, Any]) -> None:
    assert find_change_problems(changes) == []


@pytest.mark.parametrize(("changes", "words"), BAD)
def test_a_change_that_cannot_be_made_says_how_to_write_it(changes: object, words: str) -> None:
    (problem,) = find_change_problems(changes)
    assert words in str(problem)


def test_a_control_changes_nothing() -> None:
    assert "is the control" in str(find_change_problems(GOOD[0], is_control=True)[0])


@pytest.mark.parametrize(
    ("timing", "expected"),
    [
        ({"delay_hours": 5}, "2026-03-02T17:00+00:00"),
        ({"hour": 18}, "2026-03-02T14:30+00:00"),
        ({"hour": 9}, "2026-03-03T05:30+00:00"),
        ({"delay_hours": 24, "hour": 18}, "2026-03-03T14:30+00:00"),
    ],
)
def test_an_hour_is_the_persons_own_and_never_before_the_delay(timing: dict[str, int], expected: str) -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    shifted = shift_time({"timing": timing}, noon, ZoneInfo("Asia/Tehran"))
    assert shifted == datetime.fromisoformat(expected)


def test_only_time_and_flow_are_about_more_than_one_email() -> None:
    assert [is_about_the_flow(changes) for changes in GOOD] == [False] * 7 + [True] * 2
