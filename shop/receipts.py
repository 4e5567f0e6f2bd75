"""What a sender hears back: one receipt per element, and what to mend where it was refused."""

from dataclasses import dataclass, field
from typing import Literal

Status = Literal["recorded", "known", "refused"]


@dataclass(frozen=True)
class FieldError:
    """One thing to mend: `path` says where (`order.lines[2].unit_price`, `$` for the whole element)."""

    path: str
    message: str
    hint: str


@dataclass(frozen=True)
class Receipt:
    """What became of one element. "known": recorded earlier with the same content, nothing was done."""

    index: int
    status: Status
    id: str
    errors: list[FieldError] = field(default_factory=list)


class EventRefused(ValueError):  # noqa: N818 - reads as what happened, and callers catch it by this name
    """The one event handed over was not recorded; `errors` says what, where and how to mend it."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("; ".join(f"{error.path}: {error.message} {error.hint}" for error in errors))
        self.errors = errors
