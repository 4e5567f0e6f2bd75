"""Shapes as signed distances, negative inside: x to the right and y down, both from -1 to 1."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Distances = NDArray[np.float64]
Colour = tuple[int, int, int]
Shape = Callable[[Distances, Distances], Distances]


def grid(size: int) -> tuple[Distances, Distances]:
    """The centres of the pixels of a square."""
    axis = (np.arange(size) + 0.5) * 2 / size - 1
    y, x = np.meshgrid(axis, axis, indexing="ij")
    return x, y


def disc(at: tuple[float, float], radius: float) -> Shape:
    return lambda x, y: np.hypot(x - at[0], y - at[1]) - radius


def ring(at: tuple[float, float], radius: float, width: float) -> Shape:
    return lambda x, y: np.abs(np.hypot(x - at[0], y - at[1]) - radius) - width / 2


def box(at: tuple[float, float], half: tuple[float, float], corner: float = 0.0) -> Shape:
    """A rectangle by its middle and half sizes, with round corners."""

    def distance(x: Distances, y: Distances) -> Distances:
        across = np.abs(x - at[0]) - half[0] + corner
        down = np.abs(y - at[1]) - half[1] + corner
        outside = np.hypot(np.maximum(across, 0), np.maximum(down, 0))
        return outside + np.minimum(np.maximum(across, down), 0) - corner

    return distance


def line(start: tuple[float, float], end: tuple[float, float], width: float) -> Shape:
    """A stroke with round ends."""
    along = (end[0] - start[0], end[1] - start[1])
    square = along[0] ** 2 + along[1] ** 2

    def distance(x: Distances, y: Distances) -> Distances:
        share = np.clip(((x - start[0]) * along[0] + (y - start[1]) * along[1]) / square, 0, 1)
        return np.hypot(x - start[0] - share * along[0], y - start[1] - share * along[1]) - width / 2

    return distance


def polygon(*points: tuple[float, float]) -> Shape:
    """A convex polygon, its corners in clockwise order on the screen."""

    def distance(x: Distances, y: Distances) -> Distances:
        sides: list[Distances] = []
        for (ax, ay), (bx, by) in zip(points, (*points[1:], points[0]), strict=True):
            length = np.hypot(bx - ax, by - ay)
            sides.append(((by - ay) * (x - ax) - (bx - ax) * (y - ay)) / length)
        nearest: Distances = np.maximum.reduce(sides)
        return nearest

    return distance


def union(*shapes: Shape) -> Shape:
    return lambda x, y: np.minimum.reduce([shape(x, y) for shape in shapes])


def cut(shape: Shape, away: Shape) -> Shape:
    return lambda x, y: np.maximum(shape(x, y), -away(x, y))


def star(at: tuple[float, float], radius: float, points: int = 5) -> Shape:
    """Triangles from the middle to each tip."""

    def corner(index: float, reach: float) -> tuple[float, float]:
        angle = 2 * np.pi * index / points
        return at[0] + reach * np.sin(angle), at[1] - reach * np.cos(angle)

    tips = range(points)
    return union(
        disc(at, radius * 0.42),
        *(polygon(corner(i, radius), corner(i + 1, radius * 0.5), corner(i - 1, radius * 0.5)) for i in tips),
    )


def heart(at: tuple[float, float], size: float) -> Shape:
    x, y = at
    return union(
        disc((x - size * 0.45, y - size * 0.25), size * 0.5),
        disc((x + size * 0.45, y - size * 0.25), size * 0.5),
        polygon((x - size * 0.82, y + size * 0.08), (x, y - size * 0.5), (x + size * 0.82, y + size * 0.08),
                (x, y + size * 0.95)),
    )  # fmt: skip
