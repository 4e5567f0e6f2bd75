"""What makes a dearer product the wrong one: another age, size, fit, device, maker or kind of thing.

A 40th birthday banner is no better 30th birthday banner, and a pencil case no better pencil. Amounts are
different: of those a larger one is the better one (128 GB → 256 GB, a set of 3 → a set of 6), and a smaller
one never is. Another colour is a matter of taste, unless there is more of something as well.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from recommendations.titles import COLOUR_WORDS, split_words

# Attributes that must agree where both products state them.
FIXED_ATTRIBUTES = (
    "brand", "ecosystem", "platform", "os", "compatible_with", "fits", "mount", "socket", "connector",
    "voltage", "size", "age", "gender", "audience", "scent", "flavour", "shade",
)  # fmt: skip

_AMOUNT_UNITS = {
    "gb": ("bytes", 1.0), "tb": ("bytes", 1024.0), "گیگابایت": ("bytes", 1.0), "ترابایت": ("bytes", 1024.0),
    "гб": ("bytes", 1.0), "тб": ("bytes", 1024.0), "جيجابايت": ("bytes", 1.0),
    "mah": ("charge", 1.0), "wh": ("energy", 1.0), "w": ("power", 1.0), "kw": ("power", 1000.0),
    "вт": ("power", 1.0), "وات": ("power", 1.0), "واط": ("power", 1.0),
    "ml": ("volume", 1.0), "cl": ("volume", 10.0), "l": ("volume", 1000.0), "мл": ("volume", 1.0),
    "л": ("volume", 1000.0), "لیتر": ("volume", 1000.0), "مل": ("volume", 1.0),
    "g": ("mass", 1.0), "kg": ("mass", 1000.0), "г": ("mass", 1.0), "кг": ("mass", 1000.0),
    "mp": ("pixels", 1.0), "hz": ("rate", 1.0),
    "pcs": ("pieces", 1.0), "pieces": ("pieces", 1.0), "piece": ("pieces", 1.0), "шт": ("pieces", 1.0),
    "inch": ("screen", 1.0), "اینچ": ("screen", 1.0), "дюйм": ("screen", 1.0),
    "بوصة": ("screen", 1.0), "אינץ": ("screen", 1.0),
}  # fmt: skip
_MEASURE = re.compile(r"(\d+(?:[.,]\d+)?)[\s-]?([^\W\d_]+)")
_PIECES = re.compile(r"\b(?:set|pack|box|набор)\s?(?:of|из)?\s?/?(\d+)\b|\bs/(\d+)\b")
_MODEL = re.compile(r"\b([^\W\d_]+)\s?(\d{1,4})\b")  # iPhone 15, S24: the line and its generation

_NO_LINES = frozenset({"of", "set", "pack", "box", "size", "age", "ages", "aged", "eu", "uk", "us"})

# What must be the same in both titles, stated or not: a plain banner is no 40th birthday banner either.
_STATED_TRAITS = {
    "anniversary": re.compile(r"\b\d+(?:st|nd|rd|th)\b"),
    "age": re.compile(r"\bage[sd]?\s?\d+(?:\s?-\s?\d+)?|\b\d+(?:\s?-\s?\d+)?\s?(?:years?|yrs?|months?)\b"),
    "scale": re.compile(r"\b1:\d+\b"),
    "size": re.compile(r"\b(?:size|eu|uk|us|размер|سایز|مقاس|מידה)\s?\d+(?:[.,]\d+)?\b|\b(?:xx?s|xx?x?l)\b"),
    "letter": re.compile(r"\b(?!a\b)[a-z]\b"),
    "for whom": re.compile(
        r"\b(?:men|women|ladies|gents|boys?|girls?|kids?|baby|toddlers?|teenage|teenager|adults?|his|hers|mum|dad)\b"
    ),
    "for what": re.compile(r"\b(?:for|fits|compatible with|для|برای)\s.*\d.*$"),
}
# What belongs to a thing instead of being one, and the words behind which it is merely a part of one.
_ACCESSORY = re.compile(
    r"\b(?:case|cover|pouch|sleeve|strap|charger|adapter|refill|чехол|обложка|ремешок|зарядное"
    r"|کیف|قاب|کاور|شارژر|حافظة|غطاء|شاحن|נרתיק|כיסוי|מטען)(?=s?\b)"
)
_ITS_PARTS = re.compile(r"[,+&(]|\b(?:with|in|and|plus|including|incl|с|в|и|با|و|مع|עם)\b")
# What must be the same where both state it.
_DIMENSION = re.compile(r"\b\d+(?:[.,]\d+)?(?:\s?x\s?\d+(?:[.,]\d+)?)*\s?(?:mm|cm|мм|см|سانت|میلی‌متر)\b")


@dataclass(frozen=True)
class Traits:
    stated: dict[str, frozenset[str]]
    dimensions: frozenset[str]
    colours: frozenset[str]
    amounts: dict[str, tuple[float, ...]]


def find_clash(
    title: str, other: str, attributes: Mapping[str, Any], *, other_attributes: Mapping[str, Any]
) -> str:
    """What forbids `other` as the better one of `title` ("size", "age", "brand", …), or ""."""
    for name in FIXED_ATTRIBUTES:
        stated = name in attributes and name in other_attributes
        if stated and _normalise(attributes[name]) != _normalise(other_attributes[name]):
            return name
    return _find_title_clash(read_traits(title), read_traits(other))


@lru_cache(maxsize=100_000)
def read_traits(title: str) -> Traits:
    """The sizes, ages, fits and amounts that a title states."""
    text = title.casefold()
    stated = {name: frozenset(_all_of(pattern, text)) for name, pattern in _STATED_TRAITS.items()}
    stated["accessory"] = frozenset(_all_of(_ACCESSORY, _ITS_PARTS.split(text, maxsplit=1)[0]))
    return Traits(
        stated,
        frozenset(_all_of(_DIMENSION, text)),
        COLOUR_WORDS.intersection(split_words(title)),
        _read_amounts(text),
    )


def measure_amounts(title: str) -> dict[str, tuple[float, str]]:
    """The largest amount of each kind that a title states, in its base unit, and how it is written there."""
    found: dict[str, tuple[float, str]] = {}
    for match in _MEASURE.finditer(title):
        number, unit = match[1], match[2].casefold()
        if unit in _AMOUNT_UNITS:
            name, factor = _AMOUNT_UNITS[unit]
            amount = float(number.replace(",", ".")) * factor
            found[name] = max(found.get(name, (0.0, "")), (amount, match[0].strip()))
    for match in _PIECES.finditer(title.casefold()):
        amount = float(match[1] or match[2])
        found["pieces"] = max(found.get("pieces", (0.0, "")), (amount, match[0].strip()))
    return found


def _find_title_clash(left: Traits, right: Traits) -> str:
    for name, values in left.stated.items():
        if values != right.stated[name]:
            return name
    if left.dimensions and right.dimensions and left.dimensions != right.dimensions:
        return "dimension"
    common = [
        (name, left.amounts[name], right.amounts[name]) for name in left.amounts if name in right.amounts
    ]
    for name, less, more in common:
        if any(b < a for a, b in zip(less, more, strict=False)):
            return name
    is_more = any(less[0] < more[0] for _, less, more in common)
    other_colours = left.colours and right.colours and left.colours.isdisjoint(right.colours)
    return "colour" if other_colours and not is_more else ""


def _all_of(pattern: re.Pattern[str], text: str) -> list[str]:
    return ["".join(match.group().split()) for match in pattern.finditer(text)]


def _read_amounts(text: str) -> dict[str, tuple[float, ...]]:
    """Amounts by what they measure, the largest first: a laptop has gigabytes of disk and of memory."""
    found: dict[str, list[float]] = {}
    for number, unit in _MEASURE.findall(text):
        if unit in _AMOUNT_UNITS:
            name, factor = _AMOUNT_UNITS[unit]
            found.setdefault(name, []).append(float(number.replace(",", ".")) * factor)
    for groups in _PIECES.findall(text):
        found.setdefault("pieces", []).extend(float(number) for number in groups if number)
    names = _MEASURE.sub(lambda match: " " if match[2] in _AMOUNT_UNITS else match[0], text)
    lines = ((line, number) for line, number in _MODEL.findall(names) if line not in _NO_LINES)
    for line, generation in lines:
        found.setdefault(f"generation of {line}", []).append(float(generation))
    return {name: tuple(sorted(values, reverse=True)) for name, values in found.items()}


def _normalise(value: object) -> object:
    if isinstance(value, list | tuple | set | frozenset):
        return frozenset(str(entry).strip().casefold() for entry in value)
    return frozenset([str(value).strip().casefold()])
