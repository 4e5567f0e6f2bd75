"""Parts of an email as generated code: fixed text, values, and the blocks of conditions and loops."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from jinja2 import nodes

from campaigns.compiling.expressions import Expressions, NotGeneratedError, Scope
from campaigns.compiling.functions import BODY_INDENT, Function, check_dictionary
from campaigns.compiling.inputs import InputPath, asks_shop_alone, find_inputs, identify
from campaigns.compiling.items import Code, Group, Item, flatten, group_runs, is_long, show
from campaigns.compiling.keeping import RESERVED, KeptLoop, assign_targets, name_targets

BLOCK = -1  # in a layout and on a path: here begins a block whose segments are on the path


@dataclass
class Part:
    """Writes one part of the email: its layout, and its slots into the function."""

    function: Function
    expressions: Expressions
    inputs: Mapping[str, Sequence[InputPath]] = field(default_factory=dict)  # of loops that can be kept
    scope: dict[str, str] = field(default_factory=dict)
    pieces: list[str] = field(default_factory=lambda: [""])
    numbers: list[int] = field(default_factory=list)

    def add_group(self, group: Group, *, tidy: str = "{}") -> None:
        """Fixed text goes to the layout; the rest becomes a value, passed through `tidy`, or a block."""
        if "shop" not in self.scope and asks_shop_alone(group) and not any(map(is_long, group)):
            self.numbers.append(self._add_shared(group, tidy))
            self.pieces.append("")
            return
        written = [*self._write_in_order(group)]
        if not any(isinstance(item, Code | nodes.Stmt) for item in written):
            self.pieces[-1] += "".join(map(str, written))
            return
        if self.expressions.mode == "html" and any(map(is_long, written)):
            self.numbers.append(BLOCK)
            self.function.add(BODY_INDENT, f"path.append({BLOCK})")
            LongBlock(self).write(written, BODY_INDENT, self.scope)
        else:
            code = self.join(written, BODY_INDENT, self.scope)
            self.numbers.append(self.function.add_slot(tidy.format(code)))
        self.pieces.append("")

    def _add_shared(self, group: Group, tidy: str) -> int:
        """A value that is the same for all recipients of a shop: computed where the shop differs."""
        outer = self.function.start_block(self.function.shared_lines)
        slot = self.function.add_shared(tidy.format(self.join(group, 1, {"shop": "shop"})))
        self.function.leave_block(outer)
        return slot

    def _write_in_order(self, group: Group) -> "Iterator[Item | Code]":
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
        if not isinstance(target, nodes.Name) or target.name in RESERVED:
            raise NotGeneratedError("set of more than a name")
        if target.name in self.function.variables.context:
            raise NotGeneratedError(f"{target.name} is used before it is set")
        value = self.expressions.write(node.node, self.scope)
        if isinstance(node.node, nodes.Name):
            self.scope[target.name] = value  # another name for the same
            return
        variable = self.scope[target.name] = self.function.variables.make(target.name)
        self.function.add(BODY_INDENT, f"{variable} = {value}")
        self.function.lines.append(check_dictionary(BODY_INDENT, variable))

    def join(self, group: "Sequence[Item | Code]", indent: int, scope: Scope) -> "Code":
        """An expression for the group's text; loops and conditions collect theirs in a list first."""
        if any(isinstance(item, nodes.Stmt) for item in group):
            output = self.function.variables.make("")
            self.function.add(indent, f"{output} = []")
            ShortBlock(self, output).write(group, indent, scope)
            return Code(f'"".join({output})')
        codes = [show(self.write_item(item, scope)) for item in group]
        return Code(codes[0] if len(codes) == 1 else f'"".join(({", ".join(codes)}))')

    def write_item(self, item: "Item | Code", scope: Scope) -> "str | Code":
        """An expression as code; fixed text as it is."""
        return item if isinstance(item, str) else Code(self.expressions.show(item, scope))


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
        inputs = self.part.inputs.get(identify(node))
        if inputs and not self.part.function.is_keeping and find_inputs(node) is not None:
            part = self.part
            kept = KeptLoop(part.function, part.expressions, node, loop, inputs, scope)
            rounds = self._write_kept_loop(kept, indent)
        else:
            rounds = self._write_loop(node, loop, indent=indent, scope=scope)
        if node.else_:
            variables.counted.add(loop)
            self._line(indent, f"if not {rounds}:")
            self.write(node.else_, indent + 1, scope)

    def _write_loop(self, node: nodes.For, loop: str, *, indent: int, scope: Scope) -> str:
        names = {name: self.part.function.variables.make(name) for name in name_targets(node.target)}
        targets = assign_targets(node.target, list(names.values()))
        self._line(indent, f"q{loop} = {self.part.expressions.write(node.iter, scope)}")
        if isinstance(node.iter, nodes.Filter):
            self._line(indent, f"q{loop} = list(q{loop})")
        else:
            self._line(indent, f"q{loop} = list(q{loop})", needs=loop)
        self.part.function.add_bound(indent, f"q{loop}")
        self._line(indent, f"for i{loop}, {targets} in enumerate(q{loop}):")
        self.part.function.lines += [check_dictionary(indent + 1, name) for name in names.values()]
        hidden = {*names, "loop"}
        seen = {name: code for name, code in scope.items() if name.partition(".")[0] not in hidden}
        self.write(node.body, indent + 1, {**seen, **names, "loop": loop})
        return f"q{loop}"

    def _write_kept_loop(self, loop: KeptLoop, indent: int) -> str:
        keys = loop.write_keys(indent)
        block = loop.write_block(lambda inside, scope: self.write_kept(loop.node.body, inside, scope))
        loop.write_rounds(keys, block, indent, into=self.collected)
        return keys

    def write_kept(self, body: Iterable[Item], indent: int, scope: Scope) -> None:
        """Writes the body of a block of its own, which collects in `path` and `more`."""
        raise NotImplementedError

    @property
    def collected(self) -> str:
        """The list that takes the values."""
        raise NotImplementedError


@dataclass(frozen=True)
class ShortBlock(Block):
    """Collects its text in the list `output`."""

    output: str

    def takes_apart(self, _: nodes.Node, /) -> bool:
        return True

    def put(self, ready: list[str], indent: int) -> None:
        self._line(indent, f"{self.output} += ({''.join(f'{show(item)}, ' for item in ready)})")

    def write_kept(self, body: Iterable[Item], indent: int, scope: Scope) -> None:
        ShortBlock(self.part, "more").write(body, indent, scope)
        self._line(indent, 'more = ["".join(more)]')

    @property
    def collected(self) -> str:
        return self.output


class LongBlock(Block):
    """Puts segments on the path, and their values into `more`."""

    def takes_apart(self, item: nodes.Node, /) -> bool:
        return is_long(item) or not isinstance(item, nodes.For | nodes.If)

    def put(self, ready: list[str], indent: int) -> None:
        function = self.part.function
        self._line(indent, f"path.append({len(function.segments)})")
        segment: list[str | None] = []
        values = []
        for is_value, run in group_runs(ready):
            segment.append(None if is_value else "".join(run))
            if is_value:
                values.append(run[0] if len(run) == 1 else f'"".join(({", ".join(map(show, run))}))')
        function.segments.append(segment)
        if values:
            self._line(indent, f"more += ({''.join(f'{value}, ' for value in values)})")

    def write_kept(self, body: Iterable[Item], indent: int, scope: Scope) -> None:
        self.write(body, indent, scope)

    @property
    def collected(self) -> str:
        return "more"
