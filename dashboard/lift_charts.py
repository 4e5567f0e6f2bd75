"""The difference over time with the band that holds at every look, as SVG drawn on the server.

Time and numbers run from left to right in every language. The first bands are far wider than what is
known later, so the drawing is as high as the last third needs, and what leaves it is cut at its edge.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboard.charts import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    choose_step,
    draw_day_labels,
    wrap_drawing,
)

_HEIGHT = 260


@dataclass(frozen=True, slots=True)
class LiftPoint:
    """One look: its day as a label, the difference, and the band around it where there is one."""

    label: str
    difference: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where values stand on the drawing."""

    low: float
    high: float
    count: int

    def x(self, index: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) / self.count * (index + 0.5)

    def y(self, value: float) -> float:
        inside = min(max(value, self.low), self.high)
        return TOP + (self.high - inside) / (self.high - self.low) * (_HEIGHT - TOP - BOTTOM)


def draw_lift(points: Sequence[LiftPoint], *, title: str, write: Callable[[float], str]) -> SafeString:
    """Raises ValueError without a point: say in words that there is nothing to draw yet."""
    if not points:
        raise ValueError("There is no look to draw; write a sentence instead.")
    frame = _frame(points)
    body = [
        _draw_grid(frame, write),
        _draw_band(points, frame),
        _draw_zero(frame),
        _draw_line(points, frame),
        draw_day_labels([point.label for point in points], _HEIGHT),
    ]
    return wrap_drawing(body, _HEIGHT, title)


def _frame(points: Sequence[LiftPoint]) -> _Frame:
    late = points[-max(ceil(len(points) / 3), 1) :]
    ends = [end for p in late for end in (p.low, p.high) if end is not None]
    values = [0.0, *ends, *(p.difference for p in late)]
    low, high = min(values), max(values)
    margin = (high - low) * 0.12 or 0.01
    return _Frame(low - margin, high + margin, len(points))


def _draw_grid(frame: _Frame, write: Callable[[float], str]) -> SafeString:
    step = choose_step((frame.high - frame.low) / 4)
    ticks = [step * n for n in range(ceil(frame.low / step), floor(frame.high / step) + 1)]
    return format_html_join(
        "",
        '<path class="chart-grid" d="M{0} {1}H{2}"/><text class="chart-tick" x="{3}" y="{4}"'
        ' text-anchor="end">{5}</text>',
        (
            (LEFT, f"{frame.y(t):.1f}", WIDTH - RIGHT, LEFT - 6, f"{frame.y(t) + 4:.1f}", write(t))
            for t in ticks
        ),
    )


def _draw_band(points: Sequence[LiftPoint], frame: _Frame) -> SafeString:
    """Each day a slice of its own, so that a day without a band leaves a gap."""
    half = (WIDTH - LEFT - RIGHT) / frame.count / 2
    slices = [
        (
            f"{frame.x(n) - half:.1f}",
            f"{frame.y(p.high):.1f}",
            f"{half * 2:.1f}",
            f"{frame.y(p.low) - frame.y(p.high):.1f}",
        )
        for n, p in enumerate(points)
        if p.low is not None and p.high is not None
    ]
    return format_html_join("", '<rect class="chart-band" x="{}" y="{}" width="{}" height="{}"/>', slices)


def _draw_zero(frame: _Frame) -> SafeString:
    return format_html('<path class="chart-zero" d="M{} {}H{}"/>', LEFT, f"{frame.y(0):.1f}", WIDTH - RIGHT)


def _draw_line(points: Sequence[LiftPoint], frame: _Frame) -> SafeString:
    places = " ".join(f"{frame.x(n):.1f},{frame.y(p.difference):.1f}" for n, p in enumerate(points))
    return format_html(
        '<polyline class="chart-line" points="{}"/><circle class="chart-dot" cx="{}" cy="{}" r="5"/>',
        places,
        f"{frame.x(len(points) - 1):.1f}",
        f"{frame.y(points[-1].difference):.1f}",
    )
