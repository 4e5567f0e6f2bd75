"""Loops whose body is computed once for each different input, and kept for the emails after.

The same lamp stands in a thousand orders of a day. Its line, or its card, depends on a handful of values;
they are the key under which text and values of the body are kept. Only links differ from message to
message: their places are kept, and they are put in each time.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from jinja2 import nodes

from campaigns.compiling.bounds import MAX_ROUNDS
from campaigns.compiling.expressions import Expressions, NotGeneratedError, Scope
from campaigns.compiling.functions import Function, check_dictionary
from campaigns.compiling.inputs import InputPath, drop_covered, find_inputs, identify

RESERVED = frozenset({"loop", "range", "_link"})


def gather_inputs(trees: Iterable[nodes.Template]) -> dict[str, list[InputPath]]:
    """The inputs of each loop that can be kept; loops over the same values get the same, and share keys."""
    found: dict[str, list[InputPath]] = {}
    for tree in trees:
        for loop in tree.find_all(nodes.For):
            inputs = find_inputs(loop)
            if inputs is not None:
                name = identify(loop)
                found[name] = drop_covered([*found.get(name, ()), *inputs])
    return found


def name_targets(target: nodes.Node) -> list[str]:
    """The variables of a loop. Raises NotGeneratedError for those that no code is written for."""
    items = target.items if isinstance(target, nodes.Tuple) else [target]
    names = [item.name for item in items if isinstance(item, nodes.Name)]
    if len(names) != len(items):
        raise NotGeneratedError("a loop over nested names")
    if RESERVED.intersection(names) or len(set(names)) != len(names):
        raise NotGeneratedError("a loop over a reserved name")
    return names


def assign_targets(target: nodes.Node, variables: Sequence[str]) -> str:
    """What stands behind `for`."""
    written = ", ".join(variables)
    return f"({written},)" if isinstance(target, nodes.Tuple) else written


@dataclass(frozen=True)
class KeptLoop:
    """Writes one such loop; `number` is its own, `inputs` what its body depends on."""

    function: Function
    expressions: Expressions
    node: nodes.For
    number: str
    inputs: Sequence[InputPath]
    scope: Scope

    def write_keys(self, indent: int) -> str:
        """The variable with the keys of all rounds; computed once where two parts of an email agree."""
        names = name_targets(self.node.target)
        own = {name: f"t{self.number}_{place}" for place, name in enumerate(names)}
        inner = {**self.scope, **own, "loop": self.number}
        codes = [self.expressions.write(_make_node(path), inner) for path in self.inputs]
        iterated = self.expressions.write(self.node.iter, self.scope)
        if self.function.depth or "loop" in self.scope or self.number in self.function.variables.counted:
            keys = f"k{self.number}"
        else:
            outer = [code for path, code in zip(self.inputs, codes, strict=True) if path[0] not in own]
            signature = repr((iterated, names, list(self.inputs), outer))
            keys = self.function.keys.setdefault(signature, f"k{self.number}")
            self.function.add(indent, f"if {keys} is None:")
            indent += 1
        self._write_key_loop(keys, iterated, codes, list(own.values()), indent=indent)
        return keys

    def _write_key_loop(
        self, keys: str, iterated: str, codes: Sequence[str], own: list[str], *, indent: int
    ) -> None:
        is_counted = self.number in self.function.variables.counted
        targets = assign_targets(self.node.target, own)
        rounds = f"q{self.number}"
        self.function.add(indent, f"{keys} = []")
        self.function.add(indent, f"{rounds} = {f'list({iterated})' if is_counted else iterated}")
        if is_counted:
            self.function.add(indent, f"for i{self.number}, {targets} in enumerate({rounds}):")
        else:
            self.function.add(indent, f"for {targets} in {rounds}:")
        self.function.lines += [check_dictionary(indent + 1, variable) for variable in own]
        self.function.add(indent + 1, f"{keys}.append(dumps(({''.join(f'{code}, ' for code in codes)}), 2))")

    def write_block(self, write_body: Callable[[int, Scope], None]) -> int:
        """The number of the function that computes the body from its inputs alone."""
        make = self.function.variables.make
        given = {".".join(path): make(path[-1]) for path in self.inputs}
        outer, self.function.is_keeping = self.function.start_block(), True
        self.function.lines += [check_dictionary(1, given[path[0]]) for path in self.inputs if len(path) == 1]
        write_body(1, given)
        self.function.is_keeping = False
        return self.function.end_block(list(given.values()), outer)

    def write_rounds(self, keys: str, block: int, indent: int, *, into: str) -> None:
        """Takes over the path and the values of each round, with the links of this message."""
        add = self.function.add
        self.function.add_bound(indent, keys)
        has_links = self._has_links()
        choice = f"plain{block} if is_plain else kept{block}" if has_links else f"kept{block}"
        add(indent, f"kept = {choice}")
        add(indent, f"for k in {keys}:")
        add(indent + 1, "p, m, a, r = kept[k]")
        if into == "more":
            add(indent + 1, "path += p")
        if has_links:
            links = "html_links" if self.expressions.mode == "html" else "links"
            add(indent + 1, f"n = len({into})")
            add(indent + 1, f"{into} += m")
            add(indent + 1, f"for i, b, t, c in a: {into}[n + i] += b + {links}[t] + c")
        else:
            add(indent + 1, f"{into} += m")
        if any(part.find(nodes.For) or isinstance(part, nodes.For) for part in self.node.body):
            add(indent + 1, "rounds += r")
            add(indent, f"if rounds > {MAX_ROUNDS}: refuse()")

    def _has_links(self) -> bool:
        return any(getattr(call.node, "name", "") == "_link" for call in self.node.find_all(nodes.Call))


def _make_node(path: InputPath) -> nodes.Expr:
    node: nodes.Expr = nodes.Name(path[0], "load")
    for step in path[1:]:
        node = nodes.Getattr(node, step, "load")
    return node
