"""What the parts of an email are made of before they are code: text, expressions and statements."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from jinja2 import nodes

MAX_SHORT = 24  # characters of fixed text that are not worth to tell two values apart
MIN_LONG = 400  # characters of fixed text that are worth a segment; shorter blocks are values themselves


class Code(str):
    """Python, where a plain string would be text."""

    __slots__ = ()


Item = nodes.Node | str  # a statement or an expression, or text between them
Group = list[Item]


def flatten(body: Iterable[Item]) -> Iterator[Item]:
    """Statements, expressions, and text as plain strings."""
    for node in body:
        for item in node.nodes if isinstance(node, nodes.Output) else [node]:
            yield item.data if isinstance(item, nodes.TemplateData) else item


def is_long(item: "Item | Code") -> bool:
    if not isinstance(item, nodes.For | nodes.If):
        return False
    return sum(len(text.data) for text in item.find_all(nodes.TemplateData)) > MIN_LONG


def show(item: "str | Code") -> str:
    return item if isinstance(item, Code) else repr(item)


def group_runs(ready: "Sequence[str | Code]") -> "list[tuple[bool, list[str | Code]]]":
    """(is a value, pieces): text of a few letters between two values becomes part of one value."""
    runs: list[tuple[bool, list[str | Code]]] = []
    for is_code, found in groupby(ready, lambda item: isinstance(item, Code)):
        run = list(found)
        if is_code and len(runs) > 1 and sum(map(len, runs[-1][1])) <= MAX_SHORT:
            _, text = runs.pop()
            run = [*runs.pop()[1], *text, *run]
        runs.append((is_code, run))
    return runs
