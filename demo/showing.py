"""The summary and the progress on screen: coloured on a terminal, plain everywhere else."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from demo.figures import Section

PLAIN_WIDTH = 110


def open_console() -> Console:
    """A console that never colours or moves the cursor where nobody looks."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PLAIN_WIDTH, no_color=True)


def show_section(console: Console, section: Section) -> None:
    """One table, numbers to the right; nothing for a section without rows."""
    if not section.rows:
        return
    console.print(section.title, style="bold")
    table = Table(box=box.SIMPLE_HEAD)
    for index, name in enumerate(section.head):
        is_number = index == len(section.head) - 1 or name in {"People", "Orders with both"}
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in section.rows:
        table.add_row(*row)
    console.print(table)
    if section.note:
        console.print(f"  {section.note}\n", style="italic")


@dataclass
class Phases:
    """Names each phase as it starts and remembers how long it took, in seconds."""

    console: Console
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        self.console.print(f"{name} …")
        started = monotonic()
        yield
        self.seconds[name] = monotonic() - started

    @contextmanager
    def bar(self, total: int) -> Iterator[Progress | None]:
        """A progress bar with one task on a terminal; nothing elsewhere."""
        if not self.console.is_terminal:
            yield None
            return
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self.console, transient=True) as progress:
            progress.add_task("", total=total)
            yield progress

    def section(self) -> Section:
        rows: Sequence[tuple[str, str]] = [(name, f"{took:.1f} s") for name, took in self.seconds.items()]
        return Section(
            "Time", ("Phase", "Took"), [*rows, ("Altogether", f"{sum(self.seconds.values()):.1f} s")]
        )
