"""Turns one element of a sender into a candidate that is fit to be written, or into a refusal."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shop.plain import MAX_ELEMENT_BYTES, NotPlain, as_plain, canonical_bytes, digest
from shop.receipts import FieldError, Receipt
from shop.schemas import find_errors
from shop.values import MONEY_LIMIT, read_id, read_money, read_time, show

# Clocks of shops run ahead by seconds; more than this is a wrong clock or a wrong unit.
CLOCK_TOLERANCE = timedelta(minutes=10)
_TIMES = (
    ("order", "placed_at"),
    ("refund", "refunded_at"),
    ("customer", "created_at"),
    ("product", "created_at"),
)


@dataclass(frozen=True)
class Candidate:
    """An element whose every field has been checked; only what it refers to is still open."""

    index: int
    element: dict[str, Any]
    digest: str
    occurred_at: datetime

    @property
    def id(self) -> str:
        return read_id(self.element["id"])

    @property
    def kind(self) -> str:
        return str(self.element["kind"])

    def refuse(self, errors: list[FieldError]) -> Receipt:
        return Receipt(self.index, "refused", self.id, errors)


def check_element(index: int, raw: object, *, now: datetime) -> Candidate | Receipt:
    """A candidate, or the receipt of the refusal with every error found. Never raises."""
    try:
        plain = as_plain(raw)
    except NotPlain as refusal:
        return Receipt(index, "refused", _id_of(raw), [refusal.error])
    if not isinstance(plain, dict):
        error = FieldError(
            "$", f"{show(plain)} is not an object.", 'Send {"id": …, "kind": …, "occurred_at": …}.'
        )
        return Receipt(index, "refused", "", [error])
    errors = (
        list(_size_errors(plain)) or find_errors(plain) or [*_late_errors(plain, now), *_sum_errors(plain)]
    )
    if errors:
        return Receipt(index, "refused", _id_of(plain), errors)
    return Candidate(index, plain, digest(plain), read_time(str(plain["occurred_at"])))


def _id_of(raw: object) -> str:
    given = raw.get("id") if isinstance(raw, dict) else None
    if isinstance(given, str):
        return given[:100].encode(errors="replace").decode()
    is_number = isinstance(given, int) and not isinstance(given, bool) and abs(given) < 2**63
    return str(given) if is_number else ""


def _size_errors(plain: dict[str, Any]) -> Iterator[FieldError]:
    size = len(canonical_bytes(plain))
    if size > MAX_ELEMENT_BYTES:
        yield FieldError("$", f"The event has {size} bytes.", f"At most {MAX_ELEMENT_BYTES}.")


def _late_errors(plain: dict[str, Any], now: datetime) -> Iterator[FieldError]:
    given = {
        f"{part}.{name}": plain.get(part, {}).get(name) for part, name in _TIMES if _is_object(plain, part)
    }
    for path, time in {"occurred_at": plain["occurred_at"], **given}.items():
        if time and read_time(time) > now + CLOCK_TOLERANCE:
            yield FieldError(
                path, f"{show(time)} is in the future.", "Check the sender's clock and its offset."
            )


def _sum_errors(plain: dict[str, Any]) -> Iterator[FieldError]:
    lines = plain.get("order", {}).get("lines", ())
    if sum(line["quantity"] * read_money(line["unit_price"]) for line in lines) >= MONEY_LIMIT:
        yield FieldError("order.lines", "The sum is too large.", "At most 14 digits, 2 of them decimals.")


def _is_object(plain: dict[str, Any], name: str) -> bool:
    return isinstance(plain.get(name), dict)
