"""Whether words stand out from what is behind them: WCAG 2.2, 1.4.3, for the colours that really land."""

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup, Tag

from campaigns.checking.findings import Problem
from campaigns.checking.reading import Mail, attribute, find_words, lineage, read_style

AA = 4.5
AA_LARGE = 3.0  # from 24 pixels, or from 18.66 where it is bold
_LARGE, _LARGE_BOLD, _BOLD = 24, 18.66, 700
_HEX = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})\b", re.IGNORECASE)
_RGB = re.compile(r"rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)(?:[\s,/]+([\d.]+)(%?))?\s*\)", re.IGNORECASE)
_NAMED = {
    "black": (0, 0, 0), "white": (255, 255, 255), "red": (255, 0, 0), "green": (0, 128, 0),
    "blue": (0, 0, 255), "gray": (128, 128, 128), "grey": (128, 128, 128), "silver": (192, 192, 192),
    "yellow": (255, 255, 0), "orange": (255, 165, 0), "navy": (0, 0, 128), "maroon": (128, 0, 0),
    "purple": (128, 0, 128), "teal": (0, 128, 128), "olive": (128, 128, 0), "lime": (0, 255, 0),
}  # fmt: skip
Colour = tuple[int, int, int]
BLACK, WHITE = _NAMED["black"], _NAMED["white"]


def read_colour(text: str) -> Colour | None:
    """None for no colour, for one that lets others through, and for what only a browser knows."""
    if found := _HEX.search(text):
        digits = found[1] if len(found[1]) == 6 else "".join(digit * 2 for digit in found[1])
        return (int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16))
    if found := _RGB.search(text):
        is_opaque = found[4] is None or float(found[4]) >= (100 if found[5] else 1)
        return (int(found[1]), int(found[2]), int(found[3])) if is_opaque else None
    return next((_NAMED[word] for word in re.findall(r"[a-z]+", text.lower()) if word in _NAMED), None)


def measure_contrast(one: Colour, other: Colour) -> float:
    """From 1 (the same) to 21 (black on white), by WCAG's relative luminance."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    parts = [part / 255 for part in colour]
    red, green, blue = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def check_contrast(mail: Mail) -> Iterator[Problem]:
    """Words that are too faint, once for each pair of colours, in light and in dark."""
    yield from _check_page(mail.light, "in light")
    if mail.dark is not None:
        yield from _check_page(mail.dark, "in dark")


def _check_page(page: BeautifulSoup, when: str) -> Iterator[Problem]:
    told: set[tuple[Colour, Colour]] = set()
    for words, tag in find_words(page):
        ink, ground = _find_ink(tag), _find_ground(tag)
        if ink is None or ground is None or (ink, ground) in told or _is_decoration(tag):
            continue
        contrast, wanted = measure_contrast(ink, ground), AA_LARGE if _is_large(tag) else AA
        if contrast < wanted:
            told.add((ink, ground))
            what = f"“{words[:40]}” is {_write(ink)} on {_write(ground)} {when}: a contrast of {contrast:.1f}"
            hint = f"at least {wanted} is needed (WCAG AA); take a darker or a lighter colour"
            yield Problem("contrast", what, hint, needles=(_write(ink), words))


def _is_decoration(tag: Tag) -> bool:
    return any(attribute(one, "aria-hidden") == "true" for one in lineage(tag))


def _styles(tag: Tag) -> Iterator[tuple[Tag, dict[str, str]]]:
    return ((one, read_style(one)) for one in lineage(tag))


def _find_ink(tag: Tag) -> Colour | None:
    """The nearest colour that is set; black where none is."""
    for _, style in _styles(tag):
        if "color" in style and style["color"] not in ("inherit", "unset"):
            return read_colour(style["color"])
    return BLACK


def _find_ground(tag: Tag) -> Colour | None:
    """The nearest ground that is set; white where none is, None where it is a picture."""
    for one, style in _styles(tag):
        ground = f"{style.get('background', '')} {style.get('background-color', '')}"
        if "url(" in ground or "gradient" in ground:
            return None
        colour = read_colour(style.get("background-color", "")) or read_colour(ground)
        colour = colour or read_colour(attribute(one, "bgcolor"))
        if colour is not None:
            return colour
    return WHITE


def _is_large(tag: Tag) -> bool:
    size = weight = 0.0
    for one, style in _styles(tag):
        found = re.match(r"([\d.]+)px", style.get("font-size", ""))
        size = size or (float(found[1]) if found else 0)
        named = {"bold": 700.0, "normal": 400.0}.get(style.get("font-weight", ""))
        digits = style.get("font-weight", "")
        weight = weight or named or (float(digits) if digits.isdigit() else 0)
        weight = weight or (_BOLD if one.name in ("b", "strong", "h1", "h2", "h3") else 0)
    return size >= _LARGE or (size >= _LARGE_BOLD and weight >= _BOLD)


def _write(colour: Colour) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour)
