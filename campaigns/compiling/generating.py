"""From compiled parts to one Python function that fills them in: see docs/adr/0006.

An email is mostly the same for everyone. `generate` takes apart what is the same (the layout) from what
is not (numbered slots), and writes a function that computes the slots of many recipients in one loop:

    LAYOUTS = {"subject": (["Order ", ""], [0]), ...}      # slots stand between the pieces
    def fill(rows):
        ...
        for values, links, html_links in rows:
            ...
            filled.append((v7, v8, ...))                   # None where Jinja has to do it

Whole emails and batches for substitution are both made of these slots, so they can't differ.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

from jinja2 import Environment, nodes

from campaigns.compiling.expressions import Expressions, Mode, NotGeneratedError, Scope, Variables
from campaigns.compiling.tidying import close_gaps, cut_subject, join_lines

GENERATOR_VERSION = 1
_RESERVED = frozenset({"loop", "range", "_link"})
_HEADER = """\
def fill(rows):
    filled = []
    for values, links, html_links in rows:
        try:
            if "range" in values: refuse()
"""
_FOOTER = """\
            filled.append(({slots}))
        except Exception:
            filled.append(None)
    return filled
"""
_BODY_INDENT = 12


class _Code(str):
    """Python, where a plain string would be text."""

    __slots__ = ()


Item = nodes.Node | str  # a statement or an expression, or text between them
Group = list[Item]


@dataclass
class _Line:
    """`needs` is a dictionary or a loop whose use, known only later, decides whether the line is written."""

    indent: int
    code: str
    needs: str = ""


@dataclass
class Function:
    """Grows line by line; `slots` are the variables of the result, in order."""

    variables: Variables = field(default_factory=Variables)
    lines: list[_Line] = field(default_factory=list)
    slots: list[str] = field(default_factory=list)
    known: dict[str, int] = field(default_factory=dict)  # code of an expression: its slot

    def add(self, indent: int, code: str, *, needs: str = "") -> None:
        self.lines.append(_Line(indent, code, needs))

    def add_slot(self, code: str) -> int:
        """The number of the slot for this expression; equal expressions share one."""
        if code not in self.known:
            variable = self.variables.make("")
            self.add(_BODY_INDENT, f"{variable} = {code}")
            self.known[code] = len(self.slots)
            self.slots.append(variable)
        return self.known[code]

    def write(self) -> str:
        used = self.variables.looked_into | self.variables.counted
        reads = [
            (_Line(_BODY_INDENT, f"{variable} = values[{name!r}]"), _check(_BODY_INDENT, variable))
            for name, variable in self.variables.context.items()
        ]
        lines = [line for line in [*chain(*reads), *self.lines] if not line.needs or line.needs in used]
        body = [f"{' ' * line.indent}{line.code}" for line in lines]
        slots = "".join(f"{slot}, " for slot in self.slots)
        return "\n".join([_HEADER.rstrip("\n"), *body, _FOOTER.format(slots=slots)])


def _check(indent: int, variable: str) -> _Line:
    return _Line(indent, f"if type({variable}) is not dict and {variable} is not None: refuse()", variable)


@dataclass
class Part:
    """Writes one part of the email: its layout, and its slots into the function."""

    function: Function
    expressions: Expressions
    scope: dict[str, str] = field(default_factory=dict)
    pieces: list[str] = field(default_factory=lambda: [""])
    numbers: list[int] = field(default_factory=list)

    def add_group(self, group: Group, *, tidy: str = "{}") -> None:
        """Fixed text goes to the layout; everything else becomes a slot, passed through `tidy`."""
        written = [*self._write_in_order(group)]
        if any(isinstance(item, _Code | nodes.Stmt) for item in written):
            self.numbers.append(self.function.add_slot(tidy.format(self._join(written))))
            self.pieces.append("")
        else:
            self.pieces[-1] += "".join(map(str, written))

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
        self.function.add(_BODY_INDENT, f"{variable} = {value}")
        self.function.lines.append(_check(_BODY_INDENT, variable))

    def _join(self, group: "list[Item | _Code]") -> str:
        """An expression for the group's text; loops and conditions collect theirs in a list first."""
        if any(isinstance(item, nodes.Stmt) for item in group):
            output = self.function.variables.make("")
            self.function.add(_BODY_INDENT, f"{output} = []")
            Block(self, output).write(group, _BODY_INDENT, self.scope)
            return f'"".join({output})'
        codes = [self.write_item(item, self.scope) for item in group]
        return codes[0] if len(codes) == 1 else f'"".join(({", ".join(codes)}))'

    def write_item(self, item: "Item | _Code", scope: Scope) -> "_Code":
        """Code for a piece of the text: what is code already, fixed text, or an expression."""
        if isinstance(item, _Code):
            return item
        return _Code(repr(item) if isinstance(item, str) else self.expressions.show(item, scope))


@dataclass(frozen=True)
class Block:
    """Writes what stands inside conditions and loops, which collect their text in the list `output`."""

    part: Part
    output: str

    def write(self, items: Iterable[Item], indent: int, scope: Scope) -> None:
        ready: list[str] = []
        for item in _flatten(items):
            if isinstance(item, str | nodes.Expr):
                ready.append(self.part.write_item(item, scope))
            else:
                self._put(ready, indent)
                ready = []
                self._write_statement(item, indent, scope)
        self._put(ready, indent)
        self._line(indent, "pass")

    def _write_statement(self, node: nodes.Node, indent: int, scope: Scope) -> None:
        if isinstance(node, nodes.If):
            self._write_if(node, indent, scope)
        elif isinstance(node, nodes.For):
            self._write_for(node, indent, scope)
        else:
            raise NotGeneratedError(f"{type(node).__name__} inside of a condition or a loop")

    def _put(self, ready: list[str], indent: int) -> None:
        if ready:
            self._line(indent, f"{self.output} += ({''.join(f'{code}, ' for code in ready)})")

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
            self.part.function.lines.append(_check(indent + 1, inner[name]))
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


def _stored(target: nodes.Node) -> list[str]:
    items = target.items if isinstance(target, nodes.Tuple) else [target]
    names = [item.name for item in items if isinstance(item, nodes.Name)]
    if len(names) != len(items):
        raise NotGeneratedError("a loop over nested names")
    return names


def _flatten(body: Iterable[Item]) -> Iterator[Item]:
    """Statements, expressions, and text as plain strings."""
    for node in body:
        for item in node.nodes if isinstance(node, nodes.Output) else [node]:
            yield item.data if isinstance(item, nodes.TemplateData) else item


def _group_html(body: list[nodes.Node]) -> Iterator[Group]:
    """Text alone, and between it whatever stands side by side: two slots never touch."""
    group: Group = []
    for item in _flatten(body):
        if isinstance(item, str):
            yield from (group, [item])
            group = []
        else:
            group.append(item)
    yield group


def _group_text(body: list[nodes.Node]) -> Iterator[Group]:
    """Like `_group_html`, with the white space around a slot inside it, where gaps can be closed."""
    group: Group = []
    for item in _flatten(body):
        core = item.strip() if isinstance(item, str) else ""
        if not core:
            group.append(item)
            continue
        before, _, after = str(item).partition(core)
        yield from ([*group, before], [core])
        group = [after]
    yield group


def _write_line(part: Part, body: list[nodes.Node], tidy: Callable[[str], str]) -> None:
    part.add_group([*_flatten(body)], tidy=f"{tidy.__name__}({{}})")
    part.pieces = [tidy(piece) for piece in part.pieces]


def _write_text(part: Part, body: list[nodes.Node]) -> None:
    groups = list(_group_text(body))
    for number, group in enumerate(groups):
        strip = ".lstrip()" * (number == 0) + ".rstrip()" * (number == len(groups) - 1)
        part.add_group(group, tidy=f"close_gaps({{}}){strip}")
    part.pieces = [close_gaps(piece) for piece in part.pieces]
    part.pieces[0] = part.pieces[0].lstrip()
    part.pieces[-1] = f"{part.pieces[-1].rstrip()}\n"


def _write_html(part: Part, body: list[nodes.Node]) -> None:
    for group in _group_html(body):
        part.add_group(group)


def generate(parts: Mapping[str, object], environments: Mapping[Mode, Environment]) -> str:
    """The Python source of a module with LAYOUTS and `fill`. Raises NotGeneratedError."""
    function = Function()
    writers: dict[str, tuple[Mode, Callable[[Part, list[nodes.Node]], None]]] = {
        "subject": ("plain", partial(_write_line, tidy=cut_subject)),
        "preheader": ("plain", partial(_write_line, tidy=join_lines)),
        "html": ("html", _write_html),
        "text": ("plain", _write_text),
    }
    layouts = {}
    for name, (mode, write) in writers.items():
        part = Part(function, Expressions(function.variables, mode))
        write(part, environments[mode].parse(str(parts[name])).body)
        layouts[name] = (part.pieces, part.numbers)
    return f"LAYOUTS = {layouts!r}\n{function.write()}"
