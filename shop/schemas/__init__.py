"""The JSON schemas of events: they check what comes in and are served in the OpenAPI document."""

import json
from functools import cache, partial
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from shop.receipts import FieldError
from shop.schemas.complaints import closest, explain
from shop.values import READERS, BadValue, show

MAX_ERRORS = 20

DEFINITIONS: dict[str, Any] = json.loads((Path(__file__).parent / "events.json").read_text("utf8"))["$defs"]
KINDS: tuple[str, ...] = tuple(name for name in DEFINITIONS if name[0].islower())


def find_errors(element: dict[str, Any]) -> list[FieldError]:
    """What is wrong with an element of plain JSON, at most one error for a place and 20 in all."""
    kind = element.get("kind")
    if kind not in KINDS:
        message = "The value is missing." if kind is None else f"{show(kind)} is not an event kind."
        return [FieldError("kind", message, closest(kind, KINDS) or f"One of: {', '.join(KINDS)}.")]
    found: dict[str, FieldError] = {}
    for error in _validator(str(kind)).iter_errors(element):
        for complaint in explain(error):
            found.setdefault(complaint.path, complaint)
        if len(found) >= MAX_ERRORS:
            break
    return list(found.values())


@cache
def _validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator(_inline(DEFINITIONS[kind]), format_checker=_format_checker())


def _inline(node: Any) -> Any:
    """The schema with every reference replaced by what it names: following them took half of the time."""
    if isinstance(node, list):
        return [_inline(item) for item in node]
    if not isinstance(node, dict):
        return node
    named = DEFINITIONS[node["$ref"].removeprefix("#/$defs/")] if "$ref" in node else {}
    return {name: _inline(item) for name, item in {**named, **node}.items() if name != "$ref"}


@cache
def _format_checker() -> FormatChecker:
    checker = FormatChecker(formats=())
    for name in READERS:
        checker.checks(name, raises=BadValue)(partial(_is_good, name))
    return checker


def _is_good(name: str, value: object) -> bool:
    is_right_type = isinstance(value, str) or (name == "money" and _is_number(value))
    if is_right_type:
        READERS[name](value)
    return True


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
