"""What Jinja a template may use: plain data, conditions, bounded loops, listed filters. Nothing else."""

import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import TemplateSyntaxError, nodes

from campaigns.compiling.sandbox import (
    BUILT_IN_FILTERS,
    FORMATTING_FILTERS,
    MAX_RANGE,
    TESTS,
    html_environment,
)
from campaigns.compiling.source import CompileError, Mistakes, Source
from campaigns.compiling.tags import Tag
from campaigns.languages import DATE_LENGTHS

VARIABLES = frozenset(
    ["shop", "customer", "order", "cart", "shipment", "products", "complements", "upgrades", "bundle",
     "coupon", "occasion", "referral", "links"]
)  # fmt: skip
KEYWORDS = frozenset({"if", "elif", "else", "endif", "for", "endfor", "set"})
MAX_SETS = 12  # each could double a string
MAX_LOOPS = 3
FILTERS = BUILT_IN_FILTERS | FORMATTING_FILTERS

ALLOWED_NODES: tuple[type[nodes.Node], ...] = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem,
    nodes.Slice, nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not,
    nodes.CondExpr, nodes.Concat, nodes.Add, nodes.Sub, nodes.Neg,
    nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Tuple, nodes.List, nodes.Keyword,
    nodes.For, nodes.If, nodes.Assign, nodes.Call,
)  # fmt: skip

_PARSER = html_environment("en")
# How many values a filter takes besides the one before it, and how it is written.
_ARGUMENTS = {"money": (1, 1, "price|money(currency)"), "date": (0, 1, 'day|date or day|date("short")'),
              "number": (0, 0, "count|number"), "quoted": (0, 0, "title|quoted")}  # fmt: skip
_CLOSERS = {"if": "{% endif %}", "elif": "{% endif %}", "for": "{% endfor %}"}


def lint_tags(source: Source, tags: list[Tag], variables: frozenset[str] | None = VARIABLES) -> None:
    """Raises CompileError for every tag that goes beyond what emails may do.

    Names are compared with `variables` and with what loops and `set` name; None leaves names alone.
    """
    names = variables and variables.union({"loop", "range"}, _local_names(source, tags))
    sets = [tag for tag in tags if tag.keyword == "set"]
    if len(sets) > MAX_SETS:
        place = sets[MAX_SETS].start
        raise source.error(place, f"more than {MAX_SETS} “set”", "compute values before they reach the email")
    mistakes = Mistakes()
    for tag in tags:
        with mistakes.collect():
            linter = _Linter(source, tag, names)
            for node in _parse(source, tag).find_all(nodes.Node):
                linter.check(node)
    mistakes.refuse()
    _refuse_deep_loops(source, tags)


def _refuse_deep_loops(source: Source, tags: list[Tag]) -> None:
    depth = 0
    for tag in tags:
        depth += {"for": 1, "endfor": -1}.get(tag.keyword, 0)
        if depth > MAX_LOOPS:
            hint = "prepare the rows in the shop; their number is multiplied by each loop"
            raise source.error(tag.start, f"more than {MAX_LOOPS} loops inside each other", hint)


def _local_names(source: Source, tags: list[Tag]) -> Iterator[str]:
    for tag in tags:
        if tag.keyword in ("for", "set"):
            with Mistakes().collect():  # told where the tag itself is checked
                yield from _stored_names(_parse(source, tag))


def _stored_names(code: nodes.Template) -> Iterator[str]:
    return (name.name for name in code.find_all(nodes.Name) if name.ctx == "store")


def _parse(source: Source, tag: Tag) -> nodes.Template:
    if tag.kind == "statement" and tag.keyword not in KEYWORDS:
        hint = "there is: if, elif, else, for, set, and [% include %]"
        raise source.error(tag.start, f"“{tag.keyword}” is not allowed", hint)
    if tag.kind == "comment" or tag.keyword in ("else", "endif", "endfor"):
        return nodes.Template([])
    code = tag.code.removeprefix("el") if tag.keyword == "elif" else tag.code
    opening = f"{{{{ {code} }}}}" if tag.kind == "expression" else f"{{% {code} %}}"
    try:
        return _parse_jinja(opening + _CLOSERS.get(tag.keyword, ""))
    except TemplateSyntaxError as error:
        message = f"Jinja can't read “{tag.code}”: {error.message}"
        raise source.error(tag.start, message, "look for a missing name, bracket or quote") from error


@lru_cache(maxsize=4096)
def _parse_jinja(code: str) -> nodes.Template:
    """Read only. The languages of a template share most of their tags, and templates their partials."""
    return _PARSER.parse(code)


def _suggest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean “{close[0]}”?" if close else f"there is: {', '.join(sorted(known))}"


@dataclass(frozen=True)
class _Linter:
    source: Source
    tag: Tag
    names: frozenset[str] | None

    def error(self, message: str, hint: str) -> CompileError:
        return self.source.error(self.tag.start, message, hint)

    def check(self, node: nodes.Node) -> None:
        if not isinstance(node, ALLOWED_NODES):
            raise self.error(
                f"“{self.tag.code}” uses {type(node).__name__}, which is not allowed",
                "emails may show, compare, add and join values; compute the rest in the shop",
            )
        check: Callable[[Any], None] | None = getattr(self, f"check_{type(node).__name__.lower()}", None)
        if check:
            check(node)

    def check_name(self, node: nodes.Name) -> None:
        if self.names is not None and node.name not in self.names:
            raise self.error(f"unknown variable “{node.name}”", _suggest(node.name, self.names))

    def check_getattr(self, node: nodes.Getattr) -> None:
        if node.attr.startswith("_"):
            raise self.error(f"“{node.attr}” is out of bounds", "names may not start with _")

    def check_filter(self, node: nodes.Filter) -> None:
        if node.name not in FILTERS:
            raise self.error(f"unknown filter “{node.name}”", _suggest(node.name, FILTERS))
        if node.name == "batch":
            self.check_batch(node)
        if node.name in _ARGUMENTS:
            self.check_arguments(node)
        if node.name == "plural" and "other" not in {keyword.key for keyword in node.kwargs}:
            hint = 'write plural(one="{n} order", other="{n} orders")'
            raise self.error("“plural” needs the form “other”", hint)

    def check_arguments(self, node: nodes.Filter) -> None:
        least, most, example = _ARGUMENTS[node.name]
        if node.kwargs or not least <= len(node.args) <= most:
            raise self.error(f"“{node.name}” is not used like that", f"write {example}")
        for argument in node.args:
            if (
                node.name == "date"
                and isinstance(argument, nodes.Const)
                and argument.value not in DATE_LENGTHS
            ):
                raise self.error(
                    f"“date” can't be “{argument.value}”", f"there is: {', '.join(DATE_LENGTHS)}"
                )

    def check_batch(self, node: nodes.Filter) -> None:
        size = node.args[0] if node.args else None
        if not (isinstance(size, nodes.Const) and size.value in range(1, MAX_RANGE + 1)):
            raise self.error("“batch” needs a number", f"write batch(2); at most {MAX_RANGE} in a row")

    def check_test(self, node: nodes.Test) -> None:
        if node.name not in TESTS:
            raise self.error(f"unknown test “{node.name}”", _suggest(node.name, TESTS))

    def check_call(self, node: nodes.Call) -> None:
        if not (isinstance(node.node, nodes.Name) and node.node.name == "range"):
            hint = f"only range() of at most {MAX_RANGE} may be called"
            raise self.error(f"“{self.tag.code}” calls something", hint)
        numbers = [argument.value for argument in node.args if isinstance(argument, nodes.Const)]
        if any(not isinstance(number, int) or abs(number) > MAX_RANGE for number in numbers):
            raise self.error("a range beyond what an email needs", f"at most {MAX_RANGE} are allowed")

    def check_for(self, node: nodes.For) -> None:
        if node.recursive:
            raise self.error("a recursive loop", "loops may not call themselves")
