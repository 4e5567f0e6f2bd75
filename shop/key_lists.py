"""Long lists of keys as one parameter on PostgreSQL: `key = ANY('{1,2,3}'::bigint[])`.

Django writes a placeholder for each key, and the driver cuts the query at each of them: for a batch of 500
that is more work than the query itself. The planner treats both alike. Other databases get Django's own form.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Field, ForeignObject, IntegerField, UUIDField
from django.db.models.expressions import ColPairs
from django.db.models.fields.related_lookups import RelatedIn
from django.db.models.lookups import In

LONG = 16  # below it Django's form is as good
_ARRAYS = {int: "bigint[]", UUID: "uuid[]", str: "text[]"}


class KeyIn(In):
    """`in`, for columns."""

    def get_prep_lookup(self) -> Any:
        return _take_keys(self) or super().get_prep_lookup()

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, Sequence[Any]]:
        return _write_array(self, compiler, connection) or self.as_sql(compiler, connection)


class RelatedKeyIn(KeyIn, RelatedIn):
    """`in`, for foreign keys."""


def install_key_lists() -> None:
    """Every `__in` of the project from now on."""
    Field.register_lookup(KeyIn)
    ForeignObject.register_lookup(RelatedKeyIn)


def _take_keys(lookup: In) -> list[Any]:
    """The values as they are, where they are keys of the column's own type already; else nothing."""
    field = getattr(lookup.lhs, "output_field", None)
    field = getattr(field, "target_field", field)
    wanted = int if isinstance(field, IntegerField) else UUID if isinstance(field, UUIDField) else None
    if wanted is None or not isinstance(lookup.rhs, list | tuple | set | frozenset | dict):
        return []
    return list(lookup.rhs) if set(map(type, lookup.rhs)) == {wanted} else []


def _write_array(lookup: In, compiler: Any, connection: Any) -> tuple[str, Sequence[Any]] | None:
    """The condition, or None where these are not many keys of one kind."""
    if isinstance(lookup.lhs, ColPairs) or not isinstance(lookup.rhs, list) or len(lookup.rhs) < LONG:
        return None
    keys = [key for key in dict.fromkeys(lookup.rhs) if key is not None]
    array = _ARRAYS.get(type(keys[0])) if keys else None
    if array is None or len(set(map(type, keys))) > 1:
        return None
    written = ",".join(map(str, keys))
    if array == "text[]":
        joined = "".join(keys)
        if not (joined.isascii() and joined.isalnum()):  # anything else would have to be escaped
            return None
        written = ",".join(f'"{key}"' for key in keys)
    column, parameters = lookup.process_lhs(compiler, connection)
    return f"{column} = ANY(%s::{array})", (*parameters, f"{{{written}}}")
