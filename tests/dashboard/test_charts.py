"""Charts say what they show, to the eye and to the ear."""

import re

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.charts import Interval, Series, Share, draw_bars, draw_intervals, draw_shares
from dashboard.formatting import format_points


def test_a_bar_stands_for_every_number_that_is_not_zero() -> None:
    series = [Series("Sent", "good", [3, 0, 5]), Series("Not sent", "bad", [0, 0, 2])]
    svg = draw_bars(["Mon", "Tue", "Wed"], series, title="Messages")
    assert svg.count('class="chart-good"') == 2
    assert svg.count('class="chart-bad"') == 1


def test_a_chart_is_read_out_by_its_title() -> None:
    svg = draw_bars(["Mon"], [Series("Sent", "good", [1])], title="Sent & <done>")
    assert 'role="img" aria-label="Sent &amp; &lt;done&gt;"' in svg


def test_a_chart_without_a_number_is_still_drawn() -> None:
    assert "chart-grid" in draw_bars(["Mon"], [Series("Sent", "good", [0])], title="Nothing")


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 2_000_000), min_size=1, max_size=40))
def test_no_bar_leaves_the_drawing(values: list[int]) -> None:
    svg = draw_bars([str(n) for n in range(len(values))], [Series("Sent", "good", values)], title="Sent")
    tops = [float(y) for y in re.findall(r'<rect class="chart-good" x="[\d.]+" y="([-\d.]+)"', svg)]
    assert all(top >= 0 for top in tops)


@pytest.mark.parametrize("high", [0.0, 0.02, 0.9])
def test_an_interval_is_drawn_around_its_estimate(high: float) -> None:
    svg = draw_intervals([Interval("Warmer", -0.01, high / 2, high)], title="So", write=format_points)
    start, end = map(float, re.findall(r'chart-interval" d="M([\d.]+) [\d.]+H([\d.]+)"', svg)[0])
    (dot,) = map(float, re.findall(r'chart-dot" cx="([\d.]+)"', svg))
    assert start <= dot <= end


@pytest.mark.parametrize(
    ("language", "bar", "anchor"), [("en", 'x="0.0"', "start"), ("fa", 'x="130.0"', "end")]
)
def test_a_bar_of_a_share_grows_from_where_reading_begins(language: str, bar: str, anchor: str) -> None:
    with translation.override(language):
        svg = draw_shares([Share("Pairwell", 0.5, 0.0)], title="Hits")
    assert bar in svg
    assert svg.count(f'text-anchor="{anchor}"') == 2
