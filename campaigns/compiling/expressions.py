"""Jinja expressions as Python expressions, for `campaigns.compiling.generating`.

What is written here may be hasty where Jinja is careful: a key that is missing, a value that is no
dictionary, anything out of the ordinary may raise whatever it likes, because the email is then rendered
by Jinja. What it may not do is come to another result.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from keyword import iskeyword
from typing import Any, Literal

from jinja2 import nodes

from campaigns.compiling.inputs import find_dotted

Mode = Literal["html", "plain"]
Scope = Mapping[str, str]

_OPERATORS = {"eq": "==", "ne": "!=", "gt": ">", "gteq": ">=", "lt": "<", "lteq": "<=",
              "in": "in", "notin": "not in"}  # fmt: skip
_BINARY: dict[type[nodes.Node], str] = {nodes.Add: "+", nodes.Sub: "-", nodes.And: "and", nodes.Or: "or"}
_LOOP = {
    "index": "(i{0} + 1)",
    "index0": "i{0}",
    "first": "(i{0} == 0)",
    "last": "(i{0} == len(q{0}) - 1)",
    "length": "len(q{0})",
}


class NotGeneratedError(Exception):
    """Jinja that no Python is written for; its template is rendered by Jinja itself."""


@dataclass
class Variables:
    """The Python variables of one generated function."""

    context: dict[str, str] = field(default_factory=dict)  # name in the context: variable
    looked_into: set[str] = field(default_factory=set)  # must be plain dictionaries
    counted: set[str] = field(default_factory=set)  # loops that ask for an index or a length
    number: int = 0

    def make(self, name: str) -> str:
        self.number += 1
        return f"v{self.number}_{name}" if name.isascii() else f"v{self.number}"

    def find(self, name: str, scope: Scope) -> str:
        """The variable of a loop or of `set`, else that of the context."""
        if name in scope:
            return scope[name]
        if name == "loop":
            raise NotGeneratedError("loop outside of a loop")
        if name not in self.context:
            self.context[name] = self.make(name)
        return self.context[name]


@dataclass(frozen=True)
class Expressions:
    """Writes expressions for one part of an email: `mode` says whose filters, and whether to escape."""

    variables: Variables
    mode: Mode

    def show(self, node: nodes.Node, scope: Scope) -> str:
        """The expression as the text that is put into the email.

        A string is looked up in a dictionary that fills itself: most of them come again and again.
        """
        if isinstance(node, nodes.Call) and _called(node) == "_link":
            links = "html_links" if self.mode == "html" else "links"
            return f"{links}[{self._only_argument(node, scope)}]"
        if isinstance(node, nodes.Name) and node.name == "_pixel" and self.mode == "html":
            return f"str({self.write(node, scope)})"  # HTML of our own
        if self.mode == "html" and _is_constant(node):
            return f"show_constant({self.write(node, scope)})"
        known, show = f"{self.mode}_texts", f"show_{self.mode}"
        return f"({known}[t] if type(t := {self.write(node, scope)}) is str else {show}(t))"

    def write(self, node: nodes.Node, scope: Scope) -> str:
        """A Python expression of the same value. Raises NotGeneratedError."""
        operator = _BINARY.get(type(node))
        if operator and isinstance(node, nodes.BinExpr):
            return f"({self.write(node.left, scope)} {operator} {self.write(node.right, scope)})"
        write = getattr(self, f"_write_{type(node).__name__.lower()}", None)
        if write is None:
            raise NotGeneratedError(type(node).__name__)
        return str(write(node, scope))

    def dictionary(self, node: nodes.Node, scope: Scope) -> str:
        """An expression that is certain to be a plain dictionary, or else raises."""
        if isinstance(node, nodes.Name):
            variable = self.variables.find(node.name, scope)
            self.variables.looked_into.add(variable)
            return variable
        return f"(t if type(t := {self.write(node, scope)}) is dict else refuse())"

    def _only_argument(self, node: nodes.Call, scope: Scope) -> str:
        if len(node.args) != 1 or node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise NotGeneratedError("unusual call")
        return self.write(node.args[0], scope)

    def _write_name(self, node: nodes.Name, scope: Scope) -> str:
        if node.name == "loop":
            raise NotGeneratedError("loop as a value")
        return self.variables.find(node.name, scope)

    def _write_const(self, node: nodes.Const, _: Scope) -> str:
        if not isinstance(node.value, str | int | float | None):
            raise NotGeneratedError(type(node.value).__name__)
        return repr(node.value)

    def _write_getattr(self, node: nodes.Getattr, scope: Scope) -> str:
        given = scope.get(".".join(find_dotted(node)))
        if given:
            return given
        if isinstance(node.node, nodes.Name) and node.node.name == "loop":
            loop = self.variables.find("loop", scope)
            if node.attr not in _LOOP:
                raise NotGeneratedError(f"loop.{node.attr}")
            self.variables.counted.add(loop)
            return _LOOP[node.attr].format(loop)
        return f"{self.dictionary(node.node, scope)}[{node.attr!r}]"

    def _write_getitem(self, node: nodes.Getitem, scope: Scope) -> str:
        if isinstance(node.arg, nodes.Slice):
            parts = (node.arg.start, node.arg.stop, node.arg.step)
            bounds = ":".join(self.write(part, scope) if part else "" for part in parts)
            return f"{self.write(node.node, scope)}[{bounds}]"
        return f"get_item({self.write(node.node, scope)}, {self.write(node.arg, scope)})"

    def _write_filter(self, node: nodes.Filter, scope: Scope) -> str:
        if node.node is None:
            raise NotGeneratedError("filter block")
        return f"{self.mode}_{node.name}({self._arguments(node, scope)})"

    def _write_test(self, node: nodes.Test, scope: Scope) -> str:
        asked = node.node
        if node.name == "defined" and isinstance(asked, nodes.Getattr) and _root(asked) != "loop":
            return f"({asked.attr!r} in {self.dictionary(asked.node, scope)})"
        return f"is_{node.name}({self._arguments(node, scope)})"

    def _write_call(self, node: nodes.Call, scope: Scope) -> str:
        name = _called(node)
        if name == "_link":
            return f"links[{self._only_argument(node, scope)}]"
        if name != "range" or name in scope or node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise NotGeneratedError("a call of something else than range()")
        return f"range_({', '.join(self.write(argument, scope) for argument in node.args)})"

    def _write_compare(self, node: nodes.Compare, scope: Scope) -> str:
        rest = (f" {_OPERATORS[one.op]} {self.write(one.expr, scope)}" for one in node.ops)
        return f"({self.write(node.expr, scope)}{''.join(rest)})"

    def _write_condexpr(self, node: nodes.CondExpr, scope: Scope) -> str:
        if node.expr2 is None:
            raise NotGeneratedError("if without else")
        yes, no = self.write(node.expr1, scope), self.write(node.expr2, scope)
        return f"({yes} if {self.write(node.test, scope)} else {no})"

    def _write_not(self, node: nodes.Not, scope: Scope) -> str:
        return f"(not {self.write(node.node, scope)})"

    def _write_neg(self, node: nodes.Neg, scope: Scope) -> str:
        return f"(-{self.write(node.node, scope)})"

    def _write_concat(self, node: nodes.Concat, scope: Scope) -> str:
        return f"join_{self.mode}({', '.join(self.write(one, scope) for one in node.nodes)})"

    def _write_tuple(self, node: nodes.Tuple, scope: Scope) -> str:
        return f"({''.join(f'{self.write(item, scope)}, ' for item in node.items)})"

    def _write_list(self, node: nodes.List, scope: Scope) -> str:
        return f"[{', '.join(self.write(item, scope) for item in node.items)}]"

    def _arguments(self, node: nodes.Filter | nodes.Test, scope: Scope) -> str:
        if node.dyn_args or node.dyn_kwargs or node.node is None:
            raise NotGeneratedError("unpacked arguments")
        values = [self.write(value, scope) for value in (node.node, *node.args)]
        return ", ".join([*values, *(self._keyword(pair, scope) for pair in node.kwargs)])

    def _keyword(self, pair: nodes.Pair | nodes.Keyword, scope: Scope) -> str:
        name = str(pair.key)
        if iskeyword(name) or not (name.isascii() and name.isidentifier()):
            raise NotGeneratedError(f"argument {name}")
        return f"{name}={self.write(pair.value, scope)}"


def _called(node: nodes.Call) -> str:
    return node.node.name if isinstance(node.node, nodes.Name) else ""


def _root(node: nodes.Getattr) -> Any:
    return getattr(node.node, "name", None)


def _is_constant(node: nodes.Node) -> bool:
    """Whether Jinja computes the expression while compiling, where it escapes before it finalises.

    Raises NotGeneratedError where that hangs on a constant condition with names behind it.
    """
    if not _has_names(node):
        return True
    for choice in [node, *node.find_all((nodes.CondExpr, nodes.And, nodes.Or))]:
        first = choice.test if isinstance(choice, nodes.CondExpr) else getattr(choice, "left", None)
        if isinstance(choice, nodes.CondExpr | nodes.And | nodes.Or) and first and not _has_names(first):
            raise NotGeneratedError("a condition that is the same for everyone")
    return False


def _has_names(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) or node.find(nodes.Name) is not None
