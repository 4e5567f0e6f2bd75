"""Pages of a long list without counting it: one row more than shown tells whether there is a next page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

SIZE = 25
_Row = TypeVar("_Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[_Row]):
    rows: Sequence[_Row]
    number: int
    has_next: bool

    @property
    def previous(self) -> int:
        return self.number - 1

    @property
    def next(self) -> int:
        return self.number + 1


def cut_page(request: HttpRequest, rows: QuerySet[_Row]) -> Page[_Row]:
    """The page that `?page=` asks for, the first where it asks for nonsense. One query."""
    asked = request.GET.get("page", "1")
    number = max(int(asked), 1) if asked.isdecimal() and len(asked) < 6 else 1
    found = list(rows[(number - 1) * SIZE : number * SIZE + 1])
    return Page(found[:SIZE], number, has_next=len(found) > SIZE)
