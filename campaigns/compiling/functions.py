"""The generated function while it grows, line by line."""

from dataclasses import dataclass, field
from itertools import chain

from campaigns.compiling.expressions import Variables

BODY_INDENT = 12
_HEADER = """\
def fill(rows):
    filled = []
    for values, links, html_links in rows:
        try:
            path, more = [], []
            if "range" in values: refuse()
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

    def add(self, indent: int, code: str, *, needs: str = "") -> None:
        self.lines.append(Line(indent, code, needs))

    def add_slot(self, code: str) -> int:
        """The number of the slot for this expression; equal expressions share one."""
        if code not in self.known:
            variable = self.variables.make("")
            self.add(BODY_INDENT, f"{variable} = {code}")
            self.known[code] = len(self.slots)
            self.slots.append(variable)
        return self.known[code]

    def write(self) -> str:
        used = self.variables.looked_into | self.variables.counted
        reads = [
            (Line(BODY_INDENT, f"{variable} = values[{name!r}]"), check_dictionary(BODY_INDENT, variable))
            for name, variable in self.variables.context.items()
        ]
        lines = [line for line in [*chain(*reads), *self.lines] if not line.needs or line.needs in used]
        body = [f"{' ' * line.indent}{line.code}" for line in lines]
        slots = "".join(f"{slot}, " for slot in self.slots)
        return "\n".join([_HEADER.rstrip("\n"), *body, _FOOTER.format(slots=slots)])


def check_dictionary(indent: int, variable: str) -> Line:
    return Line(indent, f"if type({variable}) is not dict and {variable} is not None: refuse()", variable)
