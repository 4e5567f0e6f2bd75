"""Charts as SVG drawn on the server: no script, colours from the stylesheet, a sentence for those who listen.

Numeric axes run from left to right in every language, as they do in print.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil, floor, log10

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language_bidi

from dashboard.formatting import format_compact, format_count, format_share

WIDTH = 720
LEFT, RIGHT, TOP, BOTTOM = 56, 8, 14, 34
_ROW = 70
_SHARE_ROW = 58


@dataclass(frozen=True, slots=True)
class Series:
    """One colour of a stacked bar chart; `tone` is good, warn, bad or plain."""

    name: str
    tone: str
    values: Sequence[int]


@dataclass(frozen=True, slots=True)
class Interval:
    """One line of a forest plot."""

    label: str
    low: float
    estimate: float
    high: float


@dataclass(frozen=True, slots=True)
class Share:
    """One bar of a comparison: a share of 1, and its standard error."""

    label: str
    value: float
    error: float


def draw_bars(
    labels: Sequence[str], series: Sequence[Series], *, title: str, height: int = 220
) -> SafeString:
    """Stacked bars, one a label; the title is read out and must say what is shown and how much."""
    totals = [sum(column) for column in zip(*(s.values for s in series), strict=True)]
    top = _round_up(max(totals, default=0))
    plot = height - TOP - BOTTOM
    body = [
        _draw_count_grid(top, plot),
        *(_draw_column(i, labels, series, bottom=TOP + plot, scale=plot / top) for i in range(len(labels))),
        draw_day_labels(labels, height),
    ]
    return wrap_drawing(body, height, title)


def draw_intervals(
    rows: Sequence[Interval], *, title: str, write: Callable[[float], str], zero: float = 0.0
) -> SafeString:
    """A forest plot: one interval a line, its estimate as a dot, and a line where nothing changes."""
    edges = [edge for row in rows for edge in (row.low, row.high)] + [zero]
    low, high = min(edges), max(edges)
    margin = (high - low) * 0.06 or 1.0
    low, high = low - margin, high + margin
    height = TOP + _ROW * len(rows) + BOTTOM

    def place(value: float) -> float:
        return 40 + (value - low) / (high - low) * (WIDTH - 80)

    body = [_draw_axis(low, high, place, write, height), _draw_zero(place(zero), height)]
    body += [_draw_interval(row, TOP + _ROW * (i + 0.68), place) for i, row in enumerate(rows)]
    return wrap_drawing(body, height, title)


def draw_shares(rows: Sequence[Share], *, title: str) -> SafeString:
    """A bar a line, the first in the strong colour, each with a whisker of two standard errors."""
    most = max([row.value + 2 * row.error for row in rows] + [0.01])
    scale = (WIDTH - 130) / most
    body = [_draw_share(row, _SHARE_ROW * i, scale, is_first=not i) for i, row in enumerate(rows)]
    return wrap_drawing(body, _SHARE_ROW * len(rows), title)


def _draw_share(row: Share, top: int, scale: float, *, is_first: bool) -> SafeString:
    """Label, bar and figure grow from where reading begins."""
    start, sign, anchor = (WIDTH, -1, "end") if get_language_bidi() else (0, 1, "start")
    low, high = max(row.value - 2 * row.error, 0.0) * scale, (row.value + 2 * row.error) * scale
    width = row.value * scale
    return format_html(
        '<text class="chart-label" x="{}" y="{}" text-anchor="{}">{}</text>'
        '<rect class="chart-{}" x="{}" y="{}" width="{}" height="16" rx="2"/>'
        '<path class="chart-whisker" d="M{} {}H{}"/>'
        '<text class="chart-tick" x="{}" y="{}" text-anchor="{}">{}</text>',
        start,
        top + 22,
        anchor,
        row.label,
        "good" if is_first else "plain",
        f"{min(start, start + sign * width):.1f}",
        top + 32,
        f"{width:.1f}",
        f"{start + sign * low:.1f}",
        top + 40,
        f"{start + sign * high:.1f}",
        f"{start + sign * (high + 10):.1f}",
        top + 46,
        anchor,
        format_share(row.value),
    )


def wrap_drawing(body: Sequence[SafeString], height: int, title: str) -> SafeString:
    """The SVG around its parts; the title is what a screen reader says."""
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}" direction="ltr">{}</svg>',
        WIDTH,
        height,
        title,
        format_html_join("", "{}", ((part,) for part in body)),
    )


def _round_up(number: float) -> int:
    """The next of 4, 8, 20, 40, 80, 200, …, so that four grid lines fall on whole numbers."""
    if number <= 4:
        return 4
    magnitude: float = 10.0 ** floor(log10(number))
    return next(ceil(m * magnitude) for m in (1.2, 2, 4, 6, 8, 10, 12) if m * magnitude >= number)


def choose_step(rough: float) -> float:
    """1, 2 or 5 times a power of ten, not below the rough one."""
    magnitude: float = 10.0 ** floor(log10(rough))
    return next(m * magnitude for m in (1, 2, 5, 10) if m * magnitude >= rough)


def _draw_count_grid(top: int, plot: float) -> SafeString:
    lines = [(TOP + plot * (1 - quarter / 4), top * quarter / 4) for quarter in range(5)]
    return format_html_join(
        "",
        '<path class="chart-grid" d="M{0} {1}H{2}"/><text class="chart-tick" x="{3}" y="{4}"'
        ' text-anchor="end">{5}</text>',
        (
            (LEFT, f"{y:.1f}", WIDTH - RIGHT, LEFT - 8, f"{y + 4:.1f}", format_compact(value))
            for y, value in lines
        ),
    )


def _draw_column(
    index: int, labels: Sequence[str], series: Sequence[Series], *, bottom: float, scale: float
) -> SafeString:
    slot = (WIDTH - LEFT - RIGHT) / len(labels)
    width = min(slot * 0.72, 36)
    x = LEFT + slot * (index + 0.5) - width / 2
    values = [s.values[index] for s in series]
    tops = [bottom - above * scale for above in accumulate(values)]
    rects = [
        (s.tone, f"{x:.1f}", f"{y:.1f}", f"{width:.1f}", f"{value * scale:.1f}")
        for s, value, y in zip(series, values, tops, strict=True)
        if value
    ]
    words = ", ".join(f"{s.name} {format_count(v)}" for s, v in zip(series, values, strict=True))
    bars = format_html_join("", '<rect class="chart-{}" x="{}" y="{}" width="{}" height="{}" rx="2"/>', rects)
    return format_html("<g><title>{}: {}</title>{}</g>", labels[index], words, bars)


def draw_day_labels(labels: Sequence[str], height: int) -> SafeString:
    """At most about six labels under evenly placed columns."""
    slot = (WIDTH - LEFT - RIGHT) / max(len(labels), 1)
    every = ceil(len(labels) / 6) or 1
    direction = "rtl" if get_language_bidi() else "ltr"
    return format_html_join(
        "",
        '<text class="chart-tick" x="{}" y="{}" text-anchor="middle" direction="{}">{}</text>',
        (
            (f"{LEFT + slot * (i + 0.5):.1f}", height - 8, direction, label)
            for i, label in enumerate(labels)
            if i % every == every // 2
        ),
    )


def _draw_axis(
    low: float, high: float, place: Callable[[float], float], write: Callable[[float], str], height: int
) -> SafeString:
    step = choose_step((high - low) / 5)
    ticks = [step * n for n in range(ceil(low / step), floor(high / step) + 1)]
    return format_html_join(
        "",
        '<path class="chart-grid" d="M{0} {1}V{2}"/><text class="chart-tick" x="{0}" y="{3}"'
        ' text-anchor="middle">{4}</text>',
        ((f"{place(t):.1f}", TOP, height - BOTTOM, height - 8, write(t)) for t in ticks),
    )


def _draw_zero(x: float, height: int) -> SafeString:
    return format_html('<path class="chart-zero" d="M{} {}V{}"/>', f"{x:.1f}", TOP, height - BOTTOM)


def _draw_interval(row: Interval, y: float, place: Callable[[float], float]) -> SafeString:
    x, anchor = (WIDTH, "end") if get_language_bidi() else (0, "start")
    return format_html(
        '<text class="chart-label" x="{6}" y="{0}" text-anchor="{7}">{1}</text>'
        '<path class="chart-interval" d="M{2} {3}H{4}"/><circle class="chart-dot" cx="{5}" cy="{3}" r="7"/>',
        f"{y - 22:.1f}",
        row.label,
        f"{place(row.low):.1f}",
        f"{y:.1f}",
        f"{place(row.high):.1f}",
        f"{place(row.estimate):.1f}",
        x,
        anchor,
    )
