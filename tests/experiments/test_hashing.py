"""Hashing agrees with GrowthBook's published cases, spreads evenly, and seeds don't know each other."""

import json
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from experiments.hashing import bucket, bucket_ranges, choose, fnv1a32

CASES: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "data" / "growthbook" / "assignment_cases.json").read_text("utf8")
)
VERSION_2 = [case for case in CASES["hash"] if case[2] == 2]
IDS = [str(uuid5(NAMESPACE_URL, f"customer:{n}")) for n in range(20_000)]
KEYS = [f"exp-{n}" for n in range(20)]


@pytest.mark.parametrize(("seed", "unit", "_version", "expected"), VERSION_2)
def test_a_bucket_is_the_one_growthbook_publishes(
    seed: str, unit: str, _version: int, expected: float
) -> None:
    assert bucket(seed, unit) == expected


@pytest.mark.parametrize(("name", "arguments", "expected"), CASES["getBucketRange"])
def test_ranges_are_those_growthbook_publishes(
    name: str, arguments: list[Any], expected: list[list[float]]
) -> None:
    ranges = bucket_ranges(*arguments)
    assert np.allclose(ranges, expected, atol=1e-12), name


@pytest.mark.parametrize(("name", "point", "ranges", "expected"), CASES["chooseVariation"])
def test_the_choice_is_the_one_growthbook_publishes(
    name: str, point: float, ranges: list[tuple[float, float]], expected: int
) -> None:
    assert choose(point, ranges) == expected, name


@pytest.mark.parametrize(("count", "expected"), CASES["getEqualWeights"])
def test_equal_weights_are_those_growthbook_publishes(count: int, expected: list[float]) -> None:
    widths = [end - start for start, end in bucket_ranges(count, 1)]
    assert len(widths) == len(expected)
    assert np.allclose(widths, expected, atol=1e-8)


def test_the_published_cases_are_all_there() -> None:
    names = ("getBucketRange", "chooseVariation", "getEqualWeights")
    assert (len(VERSION_2), *(len(CASES[name]) for name in names)) == (7, 13, 13, 6)


@pytest.mark.parametrize(("text", "value"), [("", 0x811C9DC5), ("a", 0xE40C292C), ("foobar", 0xBF9CF968)])
def test_the_hash_is_the_published_fnv(text: str, value: int) -> None:
    assert fnv1a32(text) == value


@pytest.fixture(scope="module")
def buckets() -> dict[str, list[float]]:
    """Where 20,000 people fall under each of 20 keys."""
    return {key: [bucket(key, unit) for unit in IDS] for key in KEYS}


def test_every_key_spreads_people_evenly(buckets: dict[str, list[float]]) -> None:
    for points in buckets.values():
        counts = np.bincount([int(point * 20) for point in points], minlength=20)
        assert stats.chisquare(counts).pvalue > 1e-3 / len(KEYS)


def test_one_experiment_says_nothing_about_another(buckets: dict[str, list[float]]) -> None:
    arms = {key: [point < 0.5 for point in points] for key, points in buckets.items()}
    for one, other in combinations(arms.values(), 2):
        table = np.histogram2d(one, other, bins=2)[0]
        assert stats.chi2_contingency(table, correction=False).pvalue > 1e-4


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.text(max_size=20), st.text(max_size=20))
def test_a_bucket_lies_from_0_to_below_1(seed: str, unit: str) -> None:
    assert 0 <= bucket(seed, unit) < 1


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.lists(st.integers(0, 100), min_size=1, max_size=6).filter(any), st.floats(0, 1))
def test_ranges_never_overlap_and_never_leave_the_line(weights: list[int], coverage: float) -> None:
    ranges = bucket_ranges(len(weights), coverage, [weight / sum(weights) for weight in weights])
    ends = [edge for pair in ranges for edge in pair]
    assert all(before <= after + 1e-9 for before, after in pairwise(ends))
    assert ends[-1] <= 1 + 1e-9
