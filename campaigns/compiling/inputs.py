"""What the body of a loop depends on: the keys under which its result is kept for the next email."""

from collections.abc import Iterable, Iterator, Sequence

from jinja2 import nodes

InputPath = tuple[str, ...]  # ("line", "title"), ("shop", "url"), ("loop", "last")

_FUNCTIONS = frozenset({"_link", "range"})


def find_inputs(loop: nodes.For) -> list[InputPath] | None:
    """Every value that the body looks at; None where its result can't be kept for others.

    Of the loop's own variable only the first step is taken, because what lies deeper may be guarded by a
    condition. The loops inside of the body are kept with it.
    """
    inside = list(_descend(loop.body))
    if any(isinstance(node, nodes.Assign) for node in inside) or not _are_shown(inside):
        return None
    own = _name_targets(loop)
    found = {
        path[:2] if path[0] in own else path for node in loop.body for path in _read_paths(node)
    }  # fmt: skip
    return drop_covered(found)


def asks_shop_alone(items: Sequence[nodes.Node | str]) -> bool:
    """Whether it shows something of the shop and of nothing else, and no link: each message has its own."""
    found = [node for node in items if isinstance(node, nodes.Node)]
    if any(isinstance(node, nodes.Assign) or _called(node) == "_link" for node in _descend(found)):
        return False
    stored = {name.name for node in found for name in node.find_all(nodes.Name) if name.ctx == "store"}
    roots = {path[0] for node in found for path in _read_paths(node)}
    return "shop" in roots and roots <= {"shop", *stored} and "shop" not in stored


def drop_covered(paths: Iterable[InputPath]) -> list[InputPath]:
    """In order, without those that lie inside of another."""
    every = set(paths)
    return sorted(path for path in every if not any(path[:length] in every for length in range(1, len(path))))


def identify(loop: nodes.For) -> str:
    """Equal for loops over the same values under the same names, in whichever part of the email."""
    return f"{loop.iter!r} {loop.target!r}"


def find_dotted(node: nodes.Node) -> InputPath:
    """("order", "currency") for `order.currency`; () for anything but a name and its attributes."""
    if isinstance(node, nodes.Name):
        return (node.name,)
    inner = find_dotted(node.node) if isinstance(node, nodes.Getattr) else ()
    return (*inner, node.attr) if inner and isinstance(node, nodes.Getattr) else ()


def _read_paths(node: nodes.Node) -> Iterator[InputPath]:
    if isinstance(node, nodes.Test) and node.name == "defined" and isinstance(node.node, nodes.Getattr):
        yield from _read_paths(node.node.node)  # whether it is there is told by what it would be in
        return
    if isinstance(node, nodes.For):
        yield from _read_loop(node)
        return
    path = find_dotted(node)
    if path and path[0] not in _FUNCTIONS:
        yield path
    elif not path:
        for child in node.iter_child_nodes():
            yield from _read_paths(child)


def _read_loop(loop: nodes.For) -> Iterator[InputPath]:
    """What it looks at besides its own variables."""
    hidden = {*_name_targets(loop), "loop"}
    outside = [loop.iter, *loop.else_]
    inside = [*loop.body, *([loop.test] if loop.test else [])]
    yield from (path for node in outside for path in _read_paths(node))
    yield from (path for node in inside for path in _read_paths(node) if path[0] not in hidden)


def _name_targets(loop: nodes.For) -> set[str]:
    return {name.name for name in [loop.target, *loop.target.find_all(nodes.Name)] if hasattr(name, "name")}


def _descend(body: Sequence[nodes.Node]) -> Iterator[nodes.Node]:
    for node in body:
        yield node
        yield from _descend(list(node.iter_child_nodes()))


def _are_shown(inside: Sequence[nodes.Node]) -> bool:
    """Whether each link stands alone as an expression of the email: its place is known in the result."""
    shown = {id(one) for node in inside if isinstance(node, nodes.Output) for one in node.nodes}
    return all(id(node) in shown for node in inside if _called(node) == "_link")


def _called(node: nodes.Node) -> str:
    return node.node.name if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) else ""
