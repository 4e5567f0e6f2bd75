"""Chance that falls the same way every time: a hash of names instead of a dice."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

SALT = "pairwell-demo"
_Choice = TypeVar("_Choice")


def name_uuid(name: str) -> UUID:
    """The same UUID for a name on every machine, so that a person is in the same arm on every run."""
    return uuid5(NAMESPACE_URL, f"{SALT}/{name}")


def draw(*parts: object) -> float:
    """A number from 0 up to, not including, 1, the same for the same parts on every machine."""
    text = "|".join([SALT, *map(str, parts)])
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest()[:6]) / 2**48


def draw_between(low: int, high: int, *parts: object) -> int:
    """A whole number from low to high, both included."""
    return low + int(draw(*parts) * (high - low + 1))


def pick(choices: Sequence[_Choice], *parts: object) -> _Choice:
    """One of the choices, each as likely as the other. Raises IndexError when there are none."""
    return choices[int(draw(*parts) * len(choices))]
