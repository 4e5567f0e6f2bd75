"""Complements that people name, from a file: one row a pair, each bad row refused with its reason."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from django.db import transaction

from recommendations.models import ComplementRule
from shop.importing.reading import Row, open_table
from shop.models import Product

COLUMNS = ("product", "product_type", "complement", "position", "starts_on", "ends_on", "note")
ROWS_A_BLOCK = 500
MOST_POSITION = 99


@dataclass(frozen=True)
class Refusal:
    """What is wrong with a row, in which column, and how to mend it."""

    row: int
    column: str
    message: str
    hint: str


@dataclass
class Imported:
    created: int = 0
    updated: int = 0
    refusals: list[Refusal] = field(default_factory=list)


class _RefusedError(ValueError):
    def __init__(self, column: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.column, self.hint = column, hint


def import_complements(path: Path, *, is_dry_run: bool = False) -> Imported:
    """Create or change a rule for each good row; importing a file twice changes nothing.

    A row names a product or a product_type, and its complement; position, starts_on, ends_on and note are
    optional. Raises shop.importing.reading.TableError where the file can't be read as a table.
    """
    table, imported = open_table(path), Imported()
    missing = [name for name in ("complement",) if name not in table.columns]
    if missing or not {"product", "product_type"} & set(table.columns):
        hint = f"The header is {', '.join(table.columns)}; name columns {', '.join(COLUMNS)}."
        imported.refusals.append(Refusal(1, "complement", "A needed column is missing.", hint))
        return imported
    for block in _in_blocks(table.rows()):
        _import_block(block, imported, is_dry_run=is_dry_run)
    return imported


def _in_blocks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    block: list[Row] = []
    for row in rows:
        block.append(row)
        if len(block) == ROWS_A_BLOCK:
            yield block
            block = []
    if block:
        yield block


def _import_block(rows: Iterable[Row], imported: Imported, *, is_dry_run: bool) -> None:
    rows = list(rows)
    named = {_text(row, name) for row in rows for name in ("product", "complement")} - {""}
    products = dict(Product.objects.filter(external_id__in=named).values_list("external_id", "pk"))
    good: dict[tuple[int | None, str, int], ComplementRule] = {}
    for row in rows:
        try:
            rule = _read_row(row, products)
            good[rule.product_id, rule.product_type, rule.complement_id] = rule
        except _RefusedError as refused:
            imported.refusals.append(Refusal(row.number, refused.column, str(refused), refused.hint))
    _write(good, imported, is_dry_run=is_dry_run)


@transaction.atomic
def _write(
    rules: dict[tuple[int | None, str, int], ComplementRule], imported: Imported, *, is_dry_run: bool
) -> None:
    found = ComplementRule.objects.filter(complement__in={key[2] for key in rules}).select_for_update()
    known = {(row.product_id, row.product_type, row.complement_id): row.pk for row in found}
    created = [rule for key, rule in rules.items() if key not in known]
    changed = [rule for key, rule in rules.items() if key in known]
    for rule in changed:
        rule.pk = known[rule.product_id, rule.product_type, rule.complement_id]
    imported.created, imported.updated = imported.created + len(created), imported.updated + len(changed)
    if not is_dry_run:
        ComplementRule.objects.bulk_create(created)
        ComplementRule.objects.bulk_update(changed, ["position", "starts_on", "ends_on", "note"])


def _read_row(row: Row, products: dict[str, int]) -> ComplementRule:
    if row.error:
        raise _RefusedError("", row.error, "Mend the row and import the file again.")
    product, kind = _text(row, "product"), _text(row, "product_type")
    if bool(product) == bool(kind):
        raise _RefusedError("product", "A row names a product or a product_type.", "Fill in one of the two.")
    complement = _find(_text(row, "complement"), "complement", products)
    anchor = _find(product, "product", products) if product else None
    if anchor == complement:
        raise _RefusedError("complement", "A product does not go with itself.", "Name another product.")
    rule = ComplementRule(
        product_id=anchor,
        product_type=kind[:255],
        complement_id=complement,
        position=_read_position(_text(row, "position")),
        starts_on=_read_day(row, "starts_on"),
        ends_on=_read_day(row, "ends_on"),
        note=_text(row, "note")[:255],
    )
    if rule.starts_on and rule.ends_on and rule.ends_on < rule.starts_on:
        raise _RefusedError("ends_on", "The rule ends before it starts.", "Swap the two days.")
    return rule


def _find(external_id: str, column: str, products: dict[str, int]) -> int:
    if not external_id:
        raise _RefusedError(column, "Empty.", "Write the id of a product of the shop.")
    if external_id not in products:
        hint = "Import the product first, or mend the id."
        raise _RefusedError(column, f"No product has the id {external_id[:64]!r}.", hint)
    return products[external_id]


def _read_position(text: str) -> int:
    if not text:
        return 1
    if not text.isdecimal() or not 1 <= int(text[:9]) <= MOST_POSITION:
        raise _RefusedError("position", f"{text[:20]!r} is no position.", f"Write 1 to {MOST_POSITION}.")
    return int(text)


def _read_day(row: Row, column: str) -> date | None:
    text = _text(row, column)
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        raise _RefusedError(column, f"{text[:20]!r} is no day.", "Write it as 2026-12-24.") from None


def _text(row: Row, name: str) -> str:
    value: Any = row.values.get(name)
    return "" if value is None else str(value).strip()
