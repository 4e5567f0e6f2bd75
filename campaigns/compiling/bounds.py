"""How long an email may get: bounds on loops and on output, the same for Jinja and for generated code.

Generated code only counts, and leaves what goes beyond to Jinja, which counts as well and says what is wrong.
"""

from collections.abc import Iterable, Iterator, Mapping, Sized
from typing import Any

from jinja2 import Template, nodes, pass_context
from jinja2.runtime import Context, Undefined

from campaigns.compiling.inputs import find_dotted

MAX_ITEMS = 1_000  # of one loop
MAX_ROUNDS = 10_000  # of all loops of a part of the email, each round of an inner loop counted
MAX_CHARACTERS = 500_000  # of a part; Gmail clips at a fifth of it
BUDGET = "_budget"  # in the values of one rendering: how many rounds it may still take


class TooLongError(ValueError):
    """A loop or a text beyond what an email needs; the message says which, and what to do."""


def write_bounded(template: Template, values: Mapping[str, Any]) -> str:
    """The text of one part. Raises TooLongError as soon as it goes beyond a bound, not at its end."""
    return "".join(_take(template.generate({**values, BUDGET: [MAX_ROUNDS]})))


def _take(pieces: Iterable[str]) -> Iterator[str]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > MAX_CHARACTERS:
            raise TooLongError(f"more than {MAX_CHARACTERS} characters; show fewer things, or shorter texts")
        yield piece


def bound_loops(tree: nodes.Template) -> None:
    """Has every loop ask `bound_items` what it may go through."""
    for loop in tree.find_all(nodes.For):
        name = nodes.Const(".".join(find_dotted(_find_source(loop.iter))))
        loop.iter = nodes.Filter(loop.iter, "bounded", [name], [], None, None, lineno=loop.lineno)


@pass_context
def bound_items(context: Context, items: Any, name: str) -> Any:
    """The items of a loop. Raises TooLongError where they are too many."""
    if isinstance(items, Undefined) or not isinstance(items, Iterable):
        return items  # Jinja says what is wrong with it
    known = items if isinstance(items, Sized) else list(items)
    shown = f"“{name}”" if name else "a loop"
    if len(known) > MAX_ITEMS:
        hint = f"; take the first ones, such as {name}[:20]" if name else ""
        raise TooLongError(f"{shown} has {len(known)} items; a loop takes at most {MAX_ITEMS}{hint}")
    budget = context.get(BUDGET)
    if budget:
        budget[0] -= len(known)
        if budget[0] < 0:
            raise TooLongError(f"{shown} is one loop too many: all together take at most {MAX_ROUNDS} rounds")
    return known


def _find_source(node: nodes.Node) -> nodes.Node:
    """What a filter or a slice takes its items from."""
    while isinstance(node, nodes.Filter | nodes.Getitem) and node.node is not None:
        node = node.node
    return node
