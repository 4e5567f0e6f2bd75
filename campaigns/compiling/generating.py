"""From compiled parts to one Python function that fills them in: see docs/adr/0006.

An email is mostly the same for everyone. `generate` takes apart what is the same (layouts and segments)
from what is not (values), and writes a function that computes the values of many recipients in one loop:

    LAYOUTS = {"subject": (["Order ", ""], [0]), ...}     # values 0, 1, ... between pieces of fixed text
    SEGMENTS = [["<tr><td>", None, "</td></tr>"], ...]    # fixed text of long blocks, None for a value
    def fill(rows):
        ...
        for values, links, html_links in rows:
            ...
            filled.append(((v7, v8), tuple(path), more))  # None where Jinja has to do it

A long block of HTML, such as the card of a product, puts the number of its segment on the `path` and its
values into `more`: emails with the same path differ in values only. In a layout it is the number BLOCK.
Whole emails and batches for substitution are both made of these values, so they can't differ.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from math import inf

from jinja2 import Environment, nodes

from campaigns.compiling.blocks import Part
from campaigns.compiling.expressions import Expressions, Mode
from campaigns.compiling.functions import Function
from campaigns.compiling.items import Group, Item, flatten
from campaigns.compiling.keeping import gather_inputs
from campaigns.compiling.tidying import close_gaps, cut_subject, join_lines

GENERATOR_VERSION = 5
_GAP = 3  # line breaks that make a gap


def _group_html(body: list[nodes.Node]) -> Iterator[Group]:
    """Text alone, and between it whatever stands side by side: two slots never touch."""
    group: Group = []
    for item in flatten(body):
        if isinstance(item, str):
            yield group
            yield [item]
            group = []
        else:
            group.append(item)
    yield group


def _group_text(body: list[nodes.Node]) -> Iterator[Group]:
    """Like `_group_html`, with the white space around a slot inside it, where gaps can be closed."""
    group: Group = []
    for item in flatten(body):
        core = item.strip() if isinstance(item, str) else ""
        if not core:
            group.append(item)
            continue
        before, _, after = str(item).partition(core)
        yield [*group, before]
        yield [core]
        group = [after]
    yield group


def _write_line(part: Part, body: list[nodes.Node], tidy: Callable[[str], str]) -> None:
    part.add_group([*flatten(body)], tidy=f"{tidy.__name__}({{}})")
    part.pieces = [tidy(piece) for piece in part.pieces]


def _write_text(part: Part, body: list[nodes.Node]) -> None:
    groups = list(_group_text(body))
    for number, group in enumerate(groups):
        strip = ".lstrip()" * (number == 0) + ".rstrip()" * (number == len(groups) - 1)
        closed = "close_gaps({})" if _count_breaks(group) >= _GAP else "{}"
        part.add_group(group, tidy=f"{closed}{strip}")
    part.pieces = [close_gaps(piece) for piece in part.pieces]
    part.pieces[0] = part.pieces[0].lstrip()
    part.pieces[-1] = f"{part.pieces[-1].rstrip()}\n"


def _count_breaks(group: Iterable[Item]) -> float:
    """How many line breaks the group can at most come to: values have none."""
    return sum(map(_count_in, group))


def _count_in(item: Item) -> float:
    if isinstance(item, str):
        return item.count("\n")
    if isinstance(item, nodes.For):
        return inf if _count_breaks(flatten([*item.body, *item.else_])) else 0
    if isinstance(item, nodes.If):
        branches = [item.body, item.else_, *(one.body for one in item.elif_)]
        return max(_count_breaks(flatten(body)) for body in branches)
    return 0


def _write_html(part: Part, body: list[nodes.Node]) -> None:
    for group in _group_html(body):
        part.add_group(group)


def generate(parts: Mapping[str, object], environments: Mapping[Mode, Environment]) -> str:
    """The Python source of a module with LAYOUTS, SEGMENTS and `fill`. Raises NotGeneratedError."""
    function = Function()
    writers: dict[str, tuple[Mode, Callable[[Part, list[nodes.Node]], None]]] = {
        "subject": ("plain", partial(_write_line, tidy=cut_subject)),
        "preheader": ("plain", partial(_write_line, tidy=join_lines)),
        "html": ("html", _write_html),
        "text": ("plain", _write_text),
    }
    trees = {name: environments[mode].parse(str(parts[name])) for name, (mode, _) in writers.items()}
    inputs = gather_inputs(trees.values())
    layouts = {}
    for name, (mode, write) in writers.items():
        part = Part(function, Expressions(function.variables, mode), inputs)
        write(part, trees[name].body)
        layouts[name] = (part.pieces, part.numbers)
    return f"LAYOUTS = {layouts!r}\nSEGMENTS = {function.segments!r}\n{function.write()}"
