"""Parts of an email as generated code: fixed text, values, and the blocks of conditions and loops."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from jinja2 import nodes

from campaigns.compiling.expressions import Expressions, NotGeneratedError, Scope
from campaigns.compiling.functions import BODY_INDENT, Function, check_dictionary

_RESERVED = frozenset({"loop", "range", "_link"})
_LONG = 400  # characters of fixed text that are worth a segment; shorter blocks are values themselves
BLOCK = -1  # in a layout and on a path: here begins a block whose segments are on the path


class _Code(str):
    """Python, where a plain string would be text."""

    __slots__ = ()


Item = nodes.Node | str  # a statement or an expression, or text between them
Group = list[Item]


@dataclass
class Part:
    """Writes one part of the email: its layout, and its slots into the function."""

    function: Function
    expressions: Expressions
    scope: dict[str, str] = field(default_factory=dict)
    pieces: list[str] = field(default_factory=lambda: [""])
    numbers: list[int] = field(default_factory=list)

    def add_group(self, group: Group, *, tidy: str = "{}") -> None:
        """Fixed text goes to the layout; the rest becomes a value, passed through `tidy`, or a block."""
        written = [*self._write_in_order(group)]
        if not any(isinstance(item, _Code | nodes.Stmt) for item in written):
            self.pieces[-1] += "".join(map(str, written))
            return
        if self.expressions.mode == "html" and any(map(_is_long, written)):
            self.numbers.append(BLOCK)
            self.function.add(BODY_INDENT, f"path.append({BLOCK})")
            LongBlock(self).write(written, BODY_INDENT, self.scope)
        else:
            code = self.join(written, BODY_INDENT, self.scope)
            self.numbers.append(self.function.add_slot(tidy.format(code)))
        self.pieces.append("")

    def _write_in_order(self, group: Group) -> "Iterator[Item | _Code]":
        """Expressions as code, so that each sees what was `set` before it and not what comes after."""
        has_block = False
        for item in group:
            if isinstance(item, nodes.Assign):
                if has_block:
                    raise NotGeneratedError("set right behind a block")
                self._assign(item)
                continue
            has_block = has_block or isinstance(item, nodes.Stmt)
            yield item if isinstance(item, str | nodes.Stmt) else self.write_item(item, self.scope)

    def _assign(self, node: nodes.Assign) -> None:
        target = node.target
        if not isinstance(target, nodes.Name) or target.name in _RESERVED:
            raise NotGeneratedError("set of more than a name")
        if target.name in self.function.variables.context:
            raise NotGeneratedError(f"{target.name} is used before it is set")
        value = self.expressions.write(node.node, self.scope)
        variable = self.scope[target.name] = self.function.variables.make(target.name)
        self.function.add(BODY_INDENT, f"{variable} = {value}")
        self.function.lines.append(check_dictionary(BODY_INDENT, variable))

    def join(self, group: "Sequence[Item | _Code]", indent: int, scope: Scope) -> "_Code":
        """An expression for the group's text; loops and conditions collect theirs in a list first."""
        if any(isinstance(item, nodes.Stmt) for item in group):
            output = self.function.variables.make("")
            self.function.add(indent, f"{output} = []")
            ShortBlock(self, output).write(group, indent, scope)
            return _Code(f'"".join({output})')
        codes = [_code(self.write_item(item, scope)) for item in group]
        return _Code(codes[0] if len(codes) == 1 else f'"".join(({", ".join(codes)}))')

    def write_item(self, item: "Item | _Code", scope: Scope) -> "str | _Code":
        """An expression as code; fixed text as it is."""
        return item if isinstance(item, str) else _Code(self.expressions.show(item, scope))


def _code(item: "str | _Code") -> str:
    return item if isinstance(item, _Code) else repr(item)


def _is_long(item: "Item | _Code") -> bool:
    if not isinstance(item, nodes.For | nodes.If):
        return False
    return sum(len(text.data) for text in item.find_all(nodes.TemplateData)) > _LONG


@dataclass(frozen=True)
class Block:
    """Writes what stands inside conditions and loops."""

    part: Part

    def write(self, items: Iterable[Item], indent: int, scope: Scope) -> None:
        ready: list[str] = []
        for item in flatten(items):
            if isinstance(item, str | nodes.Expr):
                ready.append(self.part.write_item(item, scope))
            elif self.takes_apart(item):
                self._put(ready, indent)
                ready = []
                self._write_statement(item, indent, scope)
            else:
                ready.append(self.part.join([item], indent, scope))
        self._put(ready, indent)
        self._line(indent, "pass")

    def takes_apart(self, item: nodes.Node, /) -> bool:
        """Whether the statement is written line by line, rather than as one value of a line."""
        raise NotImplementedError

    def put(self, ready: list[str], indent: int) -> None:
        """Writes the line that takes fixed text and values over into the email."""
        raise NotImplementedError

    def _put(self, ready: list[str], indent: int) -> None:
        if ready:
            self.put(ready, indent)

    def _write_statement(self, node: nodes.Node, indent: int, scope: Scope) -> None:
        if isinstance(node, nodes.If):
            self._write_if(node, indent, scope)
        elif isinstance(node, nodes.For):
            self._write_for(node, indent, scope)
        else:
            raise NotGeneratedError(f"{type(node).__name__} inside of a condition or a loop")

    def _line(self, indent: int, code: str, *, needs: str = "") -> None:
        self.part.function.add(indent, code, needs=needs)

    def _write_if(self, node: nodes.If, indent: int, scope: Scope) -> None:
        for keyword, branch in zip(["if", *["elif"] * len(node.elif_)], [node, *node.elif_], strict=True):
            self._line(indent, f"{keyword} {self.part.expressions.write(branch.test, scope)}:")
            self.write(branch.body, indent + 1, scope)
        if node.else_:
            self._line(indent, "else:")
            self.write(node.else_, indent + 1, scope)

    def _write_for(self, node: nodes.For, indent: int, scope: Scope) -> None:
        if node.test or node.recursive:
            raise NotGeneratedError("a loop with a condition")
        variables = self.part.function.variables
        variables.number += 1
        loop = str(variables.number)
        targets, inner = self._name_targets(node.target, {**scope, "loop": loop})
        self._line(indent, f"q{loop} = {self.part.expressions.write(node.iter, scope)}")
        self._line(indent, f"q{loop} = list(q{loop})", needs=loop)
        self._line(indent, f"for i{loop}, {targets} in enumerate(q{loop}):")
        for name in _stored(node.target):
            self.part.function.lines.append(check_dictionary(indent + 1, inner[name]))
        self.write(node.body, indent + 1, inner)
        if node.else_:
            variables.counted.add(loop)
            self._line(indent, f"if not q{loop}:")
            self.write(node.else_, indent + 1, scope)

    def _name_targets(self, target: nodes.Node, inner: dict[str, str]) -> tuple[str, dict[str, str]]:
        names = _stored(target)
        if _RESERVED.intersection(names) or len(set(names)) != len(names):
            raise NotGeneratedError("a loop over a reserved name")
        inner |= {name: self.part.function.variables.make(name) for name in names}
        written = ", ".join(inner[name] for name in names)
        return (f"({written},)" if isinstance(target, nodes.Tuple) else written), inner


@dataclass(frozen=True)
class ShortBlock(Block):
    """Collects its text in the list `output`."""

    output: str

    def takes_apart(self, _: nodes.Node, /) -> bool:
        return True

    def put(self, ready: list[str], indent: int) -> None:
        self._line(indent, f"{self.output} += ({''.join(f'{_code(item)}, ' for item in ready)})")


class LongBlock(Block):
    """Puts segments on the path, and their values into `more`."""

    def takes_apart(self, item: nodes.Node, /) -> bool:
        return _is_long(item) or not isinstance(item, nodes.For | nodes.If)

    def put(self, ready: list[str], indent: int) -> None:
        function = self.part.function
        runs = [(is_code, list(run)) for is_code, run in groupby(ready, lambda item: isinstance(item, _Code))]
        self._line(indent, f"path.append({len(function.segments)})")
        function.segments.append([None if is_code else "".join(run) for is_code, run in runs])
        values = [
            run[0] if len(run) == 1 else f'"".join(({", ".join(run)}))' for is_code, run in runs if is_code
        ]
        if values:
            self._line(indent, f"more += ({''.join(f'{value}, ' for value in values)})")


def _stored(target: nodes.Node) -> list[str]:
    items = target.items if isinstance(target, nodes.Tuple) else [target]
    names = [item.name for item in items if isinstance(item, nodes.Name)]
    if len(names) != len(items):
        raise NotGeneratedError("a loop over nested names")
    return names


def flatten(body: Iterable[Item]) -> Iterator[Item]:
    """Statements, expressions, and text as plain strings."""
    for node in body:
        for item in node.nodes if isinstance(node, nodes.Output) else [node]:
            yield item.data if isinstance(item, nodes.TemplateData) else item
