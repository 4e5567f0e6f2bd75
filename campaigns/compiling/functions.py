"""The generated function while it grows, line by line."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from campaigns.compiling.bounds import MAX_ITEMS, MAX_ROUNDS
from campaigns.compiling.expressions import Variables

BODY_INDENT = 12
_HEADER = """\
def fill(rows):
    filled, last_shop = [], None
    for values, links, html_links in rows:
        try:
            path, more, rounds, is_plain = [], [], 0, links is plain_links
            if "range" in values: refuse()
"""
_BLOCK = """\
def block{number}(links, html_links, {inputs}):
 path, more, rounds = [], [], 0
{body}
 return path, more, rounds
kept{number} = keep(block{number})
plain{number} = keep_plain(block{number})
"""
_SHARED = """\
def share(shop):
 if type(shop) is not dict: refuse()
 rounds = 0
{body}
 return ({variables})
shared = keep_values(share)
"""
_FOOTER = """\
            filled.append((({slots}), tuple(path), more))
        except Exception:
            filled.append(None)
    return filled
"""


@dataclass
class Line:
    """`needs` is a dictionary or a loop whose use, known only later, decides whether the line is written."""

    indent: int
    code: str
    needs: str = ""


@dataclass
class Function:
    """Grows line by line; `slots` are the variables of the result, in order."""

    variables: Variables = field(default_factory=Variables)
    lines: list[Line] = field(default_factory=list)
    slots: list[str] = field(default_factory=list)
    known: dict[str, int] = field(default_factory=dict)  # code of an expression: its slot
    segments: list[list[str | None]] = field(default_factory=list)
    shared: dict[str, str] = field(default_factory=dict)  # code of what the shop decides: its variable
    shared_lines: list[Line] = field(default_factory=list)
    blocks: list[tuple[Sequence[str], list[Line]]] = field(default_factory=list)  # inputs and lines of each
    depth: int = 0  # of blocks that are being written
    is_keeping: bool = False  # inside a kept block: loops in it are part of what is kept
    keys: dict[str, str] = field(default_factory=dict)  # code of keys: the variable that holds them

    def add(self, indent: int, code: str, *, needs: str = "") -> None:
        self.lines.append(Line(indent, code, needs))

    def add_bound(self, indent: int, items: str) -> None:
        """Counts the rounds of a loop; what is too long is left to Jinja, which says so."""
        self.add(indent, f"rounds += len({items})")
        self.add(indent, f"if len({items}) > {MAX_ITEMS} or rounds > {MAX_ROUNDS}: refuse()")

    def add_slot(self, code: str) -> int:
        """The number of the slot for this expression; equal expressions share one."""
        if code not in self.known:
            variable = self.variables.make("")
            self.add(BODY_INDENT, f"{variable} = {code}")
            self.known[code] = len(self.slots)
            self.slots.append(variable)
        return self.known[code]

    def start_block(self, lines: "list[Line] | None" = None) -> list[Line]:
        """The lines so far; what is added from now on belongs to the block that `end_block` ends."""
        outer, self.lines = self.lines, [] if lines is None else lines
        self.depth += 1
        return outer

    def leave_block(self, outer: list[Line]) -> None:
        """What is added from now on belongs to the function around the block."""
        self.lines = outer
        self.depth -= 1

    def add_shared(self, code: str) -> int:
        """Like `add_slot`, for what is computed from the shop alone."""
        if code not in self.shared:
            variable = self.shared[code] = self.variables.make("")
            self.add(1, f"{variable} = {code}")
            self.known[f"shop {code}"] = len(self.slots)
            self.slots.append(variable)
        return self.known[f"shop {code}"]

    def end_block(self, inputs: Sequence[str], outer: list[Line]) -> int:
        """The number of the function that the lines since `start_block` became."""
        self.blocks.append((inputs, self.lines))
        self.leave_block(outer)
        return len(self.blocks) - 1

    def write(self) -> str:
        """The source of the blocks and of `fill`."""
        if self.shared:
            self.variables.find("shop", {})
        reads = [
            (Line(BODY_INDENT, f"{variable} = values[{name!r}]"), check_dictionary(BODY_INDENT, variable))
            for name, variable in self.variables.context.items()
        ]
        resets = [Line(BODY_INDENT, f"{keys} = None") for keys in self.keys.values()]
        slots = "".join(f"{slot}, " for slot in self.slots)
        blocks = [
            _BLOCK.format(number=number, inputs=", ".join(inputs), body=self._join(lines))
            for number, (inputs, lines) in enumerate(self.blocks)
        ]
        body = self._join([*chain(*reads), *self._take_shared(), *resets, *self.lines])
        return "\n".join(
            [*blocks, *self._write_shared(), _HEADER.rstrip("\n"), body, _FOOTER.format(slots=slots)]
        )

    def _take_shared(self) -> list[Line]:
        shop = self.variables.find("shop", {})
        variables = "".join(f"{variable}, " for variable in self.shared.values())
        if not self.shared:
            return []
        return [  # most often the very same shop as in the email before
            Line(BODY_INDENT, f"if {shop} is not last_shop or {shop} is None:"),
            Line(BODY_INDENT + 1, f"({variables}) = shared[dumps({shop}, 2)]"),
            Line(BODY_INDENT + 1, f"last_shop = {shop}"),
        ]

    def _write_shared(self) -> list[str]:
        variables = "".join(f"{variable}, " for variable in self.shared.values())
        return (
            [_SHARED.format(body=self._join(self.shared_lines), variables=variables)] if self.shared else []
        )

    def _join(self, lines: Sequence[Line]) -> str:
        used = self.variables.looked_into | self.variables.counted
        written = (line for line in lines if not line.needs or line.needs in used)
        return "\n".join(f"{' ' * line.indent}{line.code}" for line in written)


def check_dictionary(indent: int, variable: str) -> Line:
    return Line(indent, f"if type({variable}) is not dict and {variable} is not None: refuse()", variable)
