"""Source text that remembers where each of its characters came from."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Place:
    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class CompileError(ValueError):
    """A template that can't become an email: where, what is wrong, and how to mend it.

    `others` are further mistakes of the same template; the text of the error tells them all.
    """

    def __init__(
        self, message: str, *, hint: str, place: Place, others: "tuple[CompileError, ...]" = ()
    ) -> None:
        super().__init__("\n".join([f"{place}: {message}\n    {hint}", *map(str, others)]))
        self.message = message
        self.hint = hint
        self.place = place
        self.others = others
        self.file, self.line, self.column = place.file, place.line, place.column


class Mistakes:
    """Collects what is wrong, so that an author hears of it all at once rather than one by one."""

    def __init__(self) -> None:
        self.found: list[CompileError] = []

    @contextmanager
    def collect(self) -> Iterator[None]:
        try:
            yield
        except CompileError as error:
            self.found += [error, *error.others]

    def refuse(self) -> None:
        """Raises one CompileError for all that was found, if anything was; the first found comes first."""
        unique = {(str(error.place), error.message): error for error in reversed(self.found)}
        if unique:
            first, *others = [CompileError(e.message, hint=e.hint, place=e.place)
                              for e in reversed(unique.values())]  # fmt: skip
            raise CompileError(first.message, hint=first.hint, place=first.place, others=tuple(others))


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a rewritten text: where it starts here and there, and whether it is a plain copy."""

    start: int
    origin: int
    is_copy: bool


@dataclass(frozen=True)
class Source:
    """`text`, and for every offset in it the place in the file that a person edits.

    Each stage of the compiler rewrites the source of the stage before; `place` walks back through all
    of them. `origins` names file and line for every line of a text put together from several files.
    """

    text: str
    file: str = "body.mjml"
    origins: tuple[tuple[str, int], ...] = ()
    parent: "Source | None" = None
    segments: tuple[Segment, ...] = field(default=(), repr=False)

    def rewrite(self, replacements: Iterable[tuple[int, int, str]]) -> "Source":
        """The text with each (start, end, new text) put in; they must not overlap."""
        parts: list[str] = []
        segments: list[Segment] = []
        length = position = 0
        for start, end, new in sorted(replacements):
            for text, origin, is_copy in ((self.text[position:start], position, True), (new, start, False)):
                segments.append(Segment(length, origin, is_copy))
                parts.append(text)
                length += len(text)
            position = end
        segments.append(Segment(length, position, is_copy=True))
        parts.append(self.text[position:])
        return Source("".join(parts), self.file, parent=self, segments=tuple(segments))

    def place(self, offset: int) -> Place:
        if self.parent is not None:
            segment = self.segments[bisect_right(self.segments, offset, key=lambda s: s.start) - 1]
            return self.parent.place(segment.origin + (offset - segment.start if segment.is_copy else 0))
        line = self.text.count("\n", 0, offset)
        column = offset - self.text.rfind("\n", 0, offset)
        file, number = self.origins[line] if self.origins else (self.file, line + 1)
        return Place(file, number, column)

    def offset_of(self, line: int, column: int) -> int:
        """The offset of a line and column (both from 1) of this very text."""
        start = 0
        for _ in range(line - 1):
            start = self.text.find("\n", start) + 1
        return min(start + column - 1, len(self.text))

    def error(self, offset: int, message: str, hint: str) -> CompileError:
        return CompileError(message, hint=hint, place=self.place(offset))
