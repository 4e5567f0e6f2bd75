"""Pages of a long list without counting it: one row more than shown tells whether there is a next page.

What is typed into a search is posted, page by page: names and addresses stand in no URL, and so in no
server's log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

SIZE = 25
_NOT_TYPED = ("page", "csrfmiddlewaretoken")
_Row = TypeVar("_Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[_Row]):
    """`typed` is what the next page has to be posted with."""

    rows: Sequence[_Row]
    number: int
    has_next: bool
    typed: Mapping[str, str] = field(default_factory=dict)

    @property
    def previous(self) -> int:
        return self.number - 1

    @property
    def next(self) -> int:
        return self.number + 1


def read_query(request: HttpRequest) -> str:
    """What was typed into the search; one that stands in the URL is none."""
    return request.POST.get("q", "").strip()


def cut_page(request: HttpRequest, rows: QuerySet[_Row]) -> Page[_Row]:
    """The page that `page` asks for, the first where it asks for nonsense. One query."""
    asked = (request.POST or request.GET).get("page", "1")
    number = max(int(asked), 1) if asked.isdecimal() and len(asked) < 6 else 1
    found = list(rows[(number - 1) * SIZE : number * SIZE + 1])
    typed = {name: str(value) for name, value in request.POST.items() if name not in _NOT_TYPED}
    return Page(found[:SIZE], number, has_next=len(found) > SIZE, typed=typed)
