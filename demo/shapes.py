"""The drawings, as shapes: x to the right and y down, both from -1 to 1."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Distances = NDArray[np.float64]
Colour = tuple[int, int, int]
Shape = Callable[[Distances, Distances], Distances]

LIGHT, MIDDLE, DARK = 0, 1, 2


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
        sides = []
        for (ax, ay), (bx, by) in zip(points, (*points[1:], points[0]), strict=True):
            length = np.hypot(bx - ax, by - ay)
            sides.append(((by - ay) * (x - ax) - (bx - ax) * (y - ay)) / length)
        return np.maximum.reduce(sides)

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


Picture = tuple[tuple[int, Shape], ...]

PICTURES: dict[str, Picture] = {
    "bag": (
        (DARK, ring((0, -0.2), 0.3, 0.09)),
        (MIDDLE, box((0, 0.2), (0.52, 0.46), 0.1)),
        (LIGHT, heart((0, 0.2), 0.2)),
    ),
    "box": (
        (MIDDLE, box((0, 0.18), (0.56, 0.4), 0.06)),
        (DARK, box((0, -0.24), (0.62, 0.13), 0.05)),
        (LIGHT, box((0, 0.1), (0.2, 0.1), 0.04)),
    ),
    "cake": (
        (MIDDLE, polygon((-0.5, 0.05), (0.5, 0.05), (0.34, 0.62), (-0.34, 0.62))),
        (LIGHT, union(disc((-0.3, -0.02), 0.26), disc((0.3, -0.02), 0.26), disc((0, -0.2), 0.32))),
        (DARK, disc((0, -0.54), 0.12)),
    ),
    "candle": (
        (MIDDLE, box((0, 0.22), (0.24, 0.44), 0.05)),
        (DARK, box((0, 0.64), (0.46, 0.07), 0.06)),
        (DARK, line((0, -0.22), (0, -0.34), 0.04)),
        (LIGHT, union(disc((0, -0.44), 0.14), polygon((0, -0.78), (0.12, -0.48), (-0.12, -0.48)))),
    ),
    "clock": (
        (DARK, disc((0, 0), 0.62)),
        (LIGHT, disc((0, 0), 0.52)),
        (DARK, union(line((0, 0), (0, -0.36), 0.07), line((0, 0), (0.25, 0.14), 0.07))),
        (MIDDLE, disc((0, 0), 0.08)),
    ),
    "cushion": (
        (MIDDLE, box((0, 0), (0.58, 0.58), 0.2)),
        (LIGHT, ring((0, 0), 0.34, 0.05)),
        (DARK, disc((0, 0), 0.09)),
    ),
    "drop": (
        (MIDDLE, union(disc((0, 0.2), 0.42), polygon((0, -0.66), (0.37, 0.02), (-0.37, 0.02)))),
        (LIGHT, disc((-0.14, 0.26), 0.12)),
    ),
    "egg": (
        (MIDDLE, union(disc((0, 0.14), 0.46), disc((0, -0.06), 0.4), disc((0, -0.28), 0.27))),
        (LIGHT, union(disc((-0.16, 0.2), 0.09), disc((0.18, 0.06), 0.09), disc((0, -0.2), 0.09))),
    ),
    "frame": (
        (DARK, box((0, 0), (0.52, 0.62), 0.05)),
        (LIGHT, box((0, 0), (0.4, 0.5), 0.02)),
        (MIDDLE, union(disc((0, -0.1), 0.18), polygon((0, 0.0), (0.32, 0.42), (-0.32, 0.42)))),
    ),
    "gift": (
        (MIDDLE, box((0, 0.2), (0.54, 0.42), 0.06)),
        (DARK, box((0, 0.2), (0.09, 0.42))),
        (DARK, box((0, -0.02), (0.54, 0.08))),
        (DARK, union(ring((-0.2, -0.36), 0.17, 0.09), ring((0.2, -0.36), 0.17, 0.09))),
    ),
    "heart": ((MIDDLE, heart((0, -0.04), 0.62)), (LIGHT, disc((-0.3, -0.26), 0.1))),
    "house": (
        (DARK, polygon((0, -0.66), (0.66, -0.08), (-0.66, -0.08))),
        (MIDDLE, box((0, 0.26), (0.48, 0.36), 0.03)),
        (LIGHT, box((0, 0.38), (0.14, 0.24), 0.03)),
    ),
    "jar": (
        (DARK, box((0, -0.52), (0.3, 0.11), 0.05)),
        (MIDDLE, box((0, 0.12), (0.42, 0.52), 0.16)),
        (LIGHT, box((0, 0.16), (0.3, 0.2), 0.04)),
    ),
    "lamp": (
        (MIDDLE, polygon((-0.26, -0.6), (0.26, -0.6), (0.54, 0.06), (-0.54, 0.06))),
        (DARK, line((0, 0.06), (0, 0.56), 0.08)),
        (DARK, box((0, 0.62), (0.32, 0.06), 0.05)),
    ),
    "mug": (
        (DARK, ring((0.44, 0.08), 0.24, 0.1)),
        (MIDDLE, box((-0.06, 0.08), (0.46, 0.48), 0.12)),
        (LIGHT, heart((-0.06, 0.1), 0.18)),
    ),
    "paper": (
        (MIDDLE, box((0.08, 0.08), (0.46, 0.56), 0.05)),
        (LIGHT, box((-0.06, -0.06), (0.46, 0.56), 0.05)),
        (DARK, union(*(line((-0.34, y), (0.2, y), 0.05) for y in (-0.32, -0.1, 0.12)))),
    ),
    "party": (
        (DARK, line((-0.8, -0.42), (0.8, -0.42), 0.04)),
        (MIDDLE, polygon((-0.72, -0.4), (-0.28, -0.4), (-0.5, 0.16))),
        (LIGHT, polygon((-0.22, -0.4), (0.22, -0.4), (0, 0.16))),
        (MIDDLE, polygon((0.28, -0.4), (0.72, -0.4), (0.5, 0.16))),
        (DARK, union(disc((-0.24, 0.5), 0.06), disc((0.3, 0.42), 0.06), disc((0.04, 0.62), 0.06))),
    ),
    "plant": (
        (MIDDLE, union(disc((-0.22, -0.22), 0.26), disc((0.22, -0.22), 0.26), disc((0, -0.44), 0.26))),
        (LIGHT, disc((0, -0.24), 0.13)),
        (DARK, polygon((-0.38, 0.16), (0.38, 0.16), (0.26, 0.66), (-0.26, 0.66))),
    ),
    "plate": (
        (LIGHT, disc((0, 0), 0.6)),
        (MIDDLE, ring((0, 0), 0.54, 0.07)),
        (MIDDLE, disc((0, 0), 0.3)),
    ),
    "ring": (
        (MIDDLE, ring((0, 0.18), 0.4, 0.1)),
        (DARK, polygon((-0.22, -0.5), (0.22, -0.5), (0.32, -0.34), (0, -0.06), (-0.32, -0.34))),
        (LIGHT, polygon((-0.1, -0.44), (0.06, -0.44), (-0.02, -0.26))),
    ),
    "star": ((MIDDLE, star((0, 0.02), 0.74)), (LIGHT, disc((0, 0.02), 0.14))),
    "tin": (
        (MIDDLE, box((0, 0.1), (0.46, 0.5), 0.08)),
        (DARK, box((0, -0.42), (0.5, 0.12), 0.06)),
        (LIGHT, disc((0, 0.14), 0.22)),
    ),
    "toy": (
        (MIDDLE, union(disc((-0.36, -0.42), 0.2), disc((0.36, -0.42), 0.2), disc((0, 0.02), 0.52))),
        (LIGHT, disc((0, 0.16), 0.22)),
        (DARK, union(disc((-0.2, -0.12), 0.06), disc((0.2, -0.12), 0.06), disc((0, 0.08), 0.07))),
    ),
    "umbrella": (
        (DARK, line((0, -0.1), (0, 0.5), 0.07)),
        (DARK, cut(ring((0.12, 0.5), 0.12, 0.07), box((0.12, 0.3), (0.3, 0.2)))),
        (MIDDLE, cut(disc((0, 0.02), 0.64), box((0, 0.52), (0.9, 0.5)))),
    ),
    "book": (
        (DARK, box((0, 0), (0.44, 0.6), 0.05)),
        (MIDDLE, box((0.05, 0), (0.36, 0.54), 0.03)),
        (LIGHT, union(line((-0.12, -0.2), (0.24, -0.2), 0.07), line((-0.12, -0.02), (0.14, -0.02), 0.05))),
    ),
    "cable": (
        (MIDDLE, box((0, -0.1), (0.34, 0.32), 0.1)),
        (DARK, union(line((-0.14, -0.42), (-0.14, -0.6), 0.09), line((0.14, -0.42), (0.14, -0.6), 0.09))),
        (DARK, line((0, 0.22), (0, 0.7), 0.07)),
        (LIGHT, polygon((0.06, -0.32), (0.02, -0.12), (0.14, -0.12), (-0.06, 0.1))),
    ),
    "coat": (
        (MIDDLE, polygon((-0.3, -0.56), (0.3, -0.56), (0.5, 0.64), (-0.5, 0.64))),
        (DARK, union(line((-0.36, -0.44), (-0.62, 0.3), 0.2), line((0.36, -0.44), (0.62, 0.3), 0.2))),
        (LIGHT, polygon((-0.16, -0.57), (0.16, -0.57), (0, -0.2))),
        (DARK, union(disc((0, 0), 0.045), disc((0, 0.2), 0.045), disc((0, 0.4), 0.045))),
    ),
    "earbuds": (
        (MIDDLE, union(disc((-0.28, -0.22), 0.24), disc((0.28, -0.22), 0.24))),
        (DARK, union(line((-0.2, -0.1), (-0.2, 0.44), 0.14), line((0.2, -0.1), (0.2, 0.44), 0.14))),
        (LIGHT, union(disc((-0.3, -0.24), 0.09), disc((0.3, -0.24), 0.09))),
    ),
    "laptop": (
        (DARK, box((0, -0.12), (0.52, 0.36), 0.05)),
        (LIGHT, box((0, -0.12), (0.45, 0.29), 0.02)),
        (MIDDLE, polygon((-0.54, 0.26), (0.54, 0.26), (0.72, 0.46), (-0.72, 0.46))),
    ),
    "mouse": (
        (MIDDLE, box((0, 0.06), (0.34, 0.54), 0.33)),
        (LIGHT, line((0, -0.28), (0, -0.12), 0.1)),
        (DARK, line((0, -0.48), (0, -0.78), 0.05)),
    ),
    "phone": (
        (DARK, box((0, 0), (0.34, 0.64), 0.1)),
        (LIGHT, box((0, -0.02), (0.28, 0.52), 0.04)),
        (MIDDLE, union(disc((0, -0.1), 0.14), line((-0.14, 0.24), (0.14, 0.24), 0.06))),
    ),
    "shield": (
        (MIDDLE, union(box((0, -0.22), (0.46, 0.34), 0.1), polygon((-0.46, 0), (0.46, 0), (0, 0.68)))),
        (LIGHT, union(line((-0.2, 0.0), (-0.04, 0.16), 0.1), line((-0.04, 0.16), (0.24, -0.2), 0.1))),
    ),
    "shoe": (
        (MIDDLE, union(box((-0.34, -0.06), (0.26, 0.4), 0.12), box((0.06, 0.18), (0.62, 0.2), 0.18))),
        (DARK, box((0, 0.42), (0.68, 0.08), 0.06)),
        (LIGHT, union(line((-0.1, 0.02), (0.02, 0.1), 0.05), line((0.06, 0.06), (0.16, 0.14), 0.05))),
    ),
    "trousers": (
        (MIDDLE, polygon((-0.4, -0.62), (0.04, -0.62), (-0.04, 0.66), (-0.42, 0.66))),
        (MIDDLE, polygon((-0.04, -0.62), (0.4, -0.62), (0.42, 0.66), (0.04, 0.66))),
        (DARK, box((0, -0.58), (0.42, 0.08), 0.03)),
    ),
}  # fmt: skip
