"""What a variant may change, and whether its changes are written as they must be. Pure."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

from experiments.problems import Problem

Changes = Mapping[str, Any]
Check = Callable[[object], Problem | None]
_MOST_PRODUCTS: Final = 3
_LONGEST_DELAY: Final = 60 * 24  # hours


def find_change_problems(changes: object, *, is_control: bool = False) -> list[Problem]:
    """Every reason why these changes can't be made, in plain words; empty when all is well."""
    if not isinstance(changes, Mapping):
        return [Problem("Changes must be an object such as {}.")]
    if is_control and changes:
        return [Problem("It is the control, so it must change nothing; empty its changes.")]
    problems = []
    for kind, value in changes.items():
        if kind not in _KINDS:
            problems.append(
                Problem(
                    "It changes %(kind)s, which is unknown; use %(known)s.",
                    {"kind": repr(kind), "known": ", ".join(_KINDS)},
                )
            )
        elif problem := _KINDS[kind](value):
            found = {"problem": problem, "kind": kind, "value": repr(value)}
            problems.append(Problem("%(problem)s Found %(kind)s = %(value)s.", found))
    if "campaign" in changes and len(changes) > 1:
        problems.append(
            Problem("It sends another flow, so other changes would not be seen; keep campaign alone.")
        )
    return problems


def email_changes(changes: Changes) -> dict[str, Any]:
    """The part of the changes that a template renders: texts and blocks."""
    return {kind: changes[kind] for kind in ("texts", "blocks") if kind in changes}


def shift_time(changes: Changes, due_at: datetime, timezone: tzinfo) -> datetime:
    """When this variant writes, if the flow would write at `due_at`: later by its delay, then at its hour.

    `timezone` is the person's own. The hour is the next one after the delay, never an earlier one.
    """
    timing = changes.get("timing", {})
    due_at += timedelta(hours=timing.get("delay_hours", 0))
    if "hour" not in timing:
        return due_at
    local = due_at.astimezone(timezone)
    chosen = local.replace(hour=timing["hour"], minute=0, second=0, microsecond=0)
    return (chosen if chosen >= local else chosen + timedelta(days=1)).astimezone(due_at.tzinfo)


def is_about_the_flow(changes: Changes) -> bool:
    """Whether it changes more than one email, so that people must be dealt an arm on entering."""
    return bool({"timing", "campaign"} & set(changes))


def _check_texts(value: object) -> Problem | None:
    well = isinstance(value, Mapping) and all(map(_is_words, value.values()))
    return None if well else _write_as("texts", '{"en": {"subject": "…"}}')


def _check_blocks(value: object) -> Problem | None:
    return None if _is_words(value) else _write_as("blocks", '{"intro": "b"}')


def _write_as(kind: str, example: str) -> Problem:
    return Problem("Write %(kind)s as %(example)s.", {"kind": kind, "example": example})


def _check_name(problem: Problem) -> Check:
    return lambda value: None if isinstance(value, str) and value.strip() else problem


def _check_products(value: object) -> Problem | None:
    well = isinstance(value, Mapping) and set(value) <= {"complements", "upgrades"} and bool(value)
    if well and isinstance(value, Mapping) and all(_is_count(n, _MOST_PRODUCTS) for n in value.values()):
        return None
    example = {"example": '{"complements": 2, "upgrades": 1}'}
    return Problem("Write products as %(example)s, each from 0 to 3.", example)


def _check_timing(value: object) -> Problem | None:
    problem = Problem(
        "Write timing as %(example)s: a delay up to 1440 hours, an hour up to 23.",
        {"example": '{"delay_hours": 24, "hour": 9}'},
    )
    if not isinstance(value, Mapping) or not value or not set(value) <= {"delay_hours", "hour"}:
        return problem
    well = _is_count(value.get("delay_hours", 0), _LONGEST_DELAY) and _is_count(value.get("hour", 0), 23)
    return None if well else problem


def _check_offer(value: object) -> Problem | None:
    """The coupon that the email shows; the shop's own till decides what it is worth."""
    if _is_words(value) and isinstance(value, Mapping) and "code" in value:
        kinds, rest = {"percent", "amount"} & set(value), set(value) - {"code", "percent", "amount"}
        if len(kinds) == 1 and rest <= {"minimum", "ends_at"}:
            return None
    return Problem(
        "Write offer as %(example)s, or with an amount, minimum or ends_at.",
        {"example": '{"code": "SPRING10", "percent": "10"}'},
    )


def _is_words(value: object) -> bool:
    """Whether this maps names to texts that say something."""
    return isinstance(value, Mapping) and all(isinstance(text, str) and text for text in value.values())


def _is_count(value: object, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


_KINDS: Final[dict[str, Check]] = {
    "texts": _check_texts,
    "blocks": _check_blocks,
    "template": _check_name(Problem("Write template as the key of another email.")),
    "recommender": _check_name(Problem("Write recommender as the name of a scorer, such as “popular”.")),
    "products": _check_products,
    "offer": _check_offer,
    "sender_name": _check_name(Problem("Write sender_name as the name that people see in their inbox.")),
    "timing": _check_timing,
    "campaign": _check_name(Problem("Write campaign as the key of the other flow.")),
}
