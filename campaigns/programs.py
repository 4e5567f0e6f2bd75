"""Compiled emails as Python code: written once, kept as signed bytecode, run for one market."""

import hmac
import marshal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from importlib.metadata import version
from importlib.util import MAGIC_NUMBER
from itertools import chain, count
from operator import itemgetter
from types import CodeType

from django.utils.crypto import salted_hmac
from jinja2 import TemplateError

from campaigns.compiling.blocks import BLOCK
from campaigns.compiling.expressions import Mode, NotGeneratedError
from campaigns.compiling.generating import GENERATOR_VERSION, generate
from campaigns.compiling.running import Filled, Layout, Row, bind, run
from campaigns.compiling.sandbox import DataEnvironment, html_environment, plain_environment

_SIGNATURE_BYTES = 32
MAX_PATHS = 1_000  # ways through one email's blocks that a process keeps the fixed text of


def write_code(parts: Mapping[str, object]) -> CodeType | None:
    """Bytecode for compiled parts, the same for every market; None where only Jinja can render them."""
    try:
        source = generate(parts, _environments("en"))
        return compile(source, "<email>", "exec", dont_inherit=True)
    except (NotGeneratedError, TemplateError, SyntaxError, RecursionError):
        return None


def seal(code: CodeType | None, *, key: str) -> bytes:
    """The bytecode, signed together with what it was made of and with everything it was made by."""
    body = marshal.dumps(code)
    return _sign(body, key) + body


def unseal(stored: bytes, *, key: str) -> tuple[CodeType | None] | None:
    """What was sealed, in a tuple; None where it is damaged, stale, or was not sealed by us under this key.

    Not a byte of it is read, let alone executed, before the signature is found to be right.
    """
    signature, body = stored[:_SIGNATURE_BYTES], stored[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _sign(body, key)):
        return None
    return (marshal.loads(body),)  # noqa: S302 (signed with the shop's secret key)


def _sign(body: bytes, key: str) -> bytes:
    made_of = "|".join([key, _versions(), ""]).encode()
    return salted_hmac("campaigns.programs", made_of + body, algorithm="sha256").digest()


@lru_cache(maxsize=1)
def _versions() -> str:
    """Every program whose change could change the bytecode: Python, Jinja, and our own generator."""
    return f"{sys.implementation.cache_tag} {MAGIC_NUMBER.hex()} {version('jinja2')} {GENERATOR_VERSION}"


def _environments(market: str, timezone: str = "UTC") -> dict[Mode, DataEnvironment]:
    return {"html": html_environment(market, timezone), "plain": plain_environment(market, timezone)}


class Program:
    """One compiled email in one market: computes values, and puts them into the fixed text."""

    def __init__(self, code: CodeType, *, market: str, timezone: str) -> None:
        self._layouts, self._segments, self._fill = run(code, bind(_environments(market, timezone)))
        self._forms: dict[tuple[int, ...], Form] = {}

    def fill(self, rows: Iterable[Row]) -> list[Filled | None]:
        """The values of each row; None where a row holds what only Jinja can tell the meaning of."""
        return self._fill(list(rows))

    def layout(self, part: str, path: tuple[int, ...]) -> Layout:
        """One part's pieces of fixed text and the numbers of the values between them, for this path."""
        return self._layouts[part] if part != "html" else self._follow(path)

    def fixed_texts(self, parts: Iterable[str]) -> set[str]:
        """All that these parts may put between their values, whatever the path."""
        layouts = chain.from_iterable(self._layouts[part][0] for part in parts)
        return {text for text in chain(layouts, *self._segments) if text}

    def assemble(self, filled: Filled) -> tuple[str, str, str, str]:
        """Subject, preheader, HTML and text of the email, whole."""
        values, path, more = filled
        subject, preheader, text = self._lines
        every = (*values, *more)
        return subject(values), preheader(values), self._find_html(path)(every), text(values)

    @cached_property
    def _lines(self) -> "tuple[Form, Form, Form]":
        subject, preheader, text = (Form(self._layouts[part]) for part in ("subject", "preheader", "text"))
        return subject, preheader, text

    def _find_html(self, path: tuple[int, ...]) -> "Form":
        form = self._forms.get(path)
        if form is None:
            if len(self._forms) >= MAX_PATHS:
                self._forms.clear()
            form = self._forms[path] = Form(self.layout("html", path))
        return form

    def _follow(self, path: tuple[int, ...]) -> Layout:
        """The layout of the HTML with the path's segments in place of its blocks."""
        pieces, numbers = self._layouts["html"]
        steps = iter(path[1:])  # a path begins with its first block
        more = count(self._number_of_values)
        fixed, order = [pieces[0]], list[int]()
        for piece, number in zip(pieces[1:], numbers, strict=True):
            found = chain.from_iterable(self._take_block(steps)) if number == BLOCK else [None]
            for item in found:
                if item is None:
                    order.append(next(more) if number == BLOCK else number)
                    fixed.append("")
                else:
                    fixed[-1] += item
            fixed[-1] += piece
        return fixed, order

    def _take_block(self, steps: Iterator[int]) -> Iterator[list[str | None]]:
        return (self._segments[step] for step in iter(partial(next, steps, BLOCK), BLOCK))

    @cached_property
    def _number_of_values(self) -> int:
        used = [number for _, numbers in self._layouts.values() for number in numbers]
        return max([BLOCK, *used]) + 1


class Form:
    """Pieces of fixed text, ready to be filled in: called with all values it gives the whole text."""

    __slots__ = ("_choose", "_text")

    def __init__(self, layout: Layout) -> None:
        pieces, numbers = layout
        self._text = [""] * (len(pieces) + len(numbers))
        self._text[::2] = pieces
        self._choose = pick(numbers)

    def __call__(self, values: Sequence[str]) -> str:
        text = self._text.copy()
        text[1::2] = self._choose(values)
        return "".join(text)


def pick(numbers: Sequence[int]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """What takes the values with these numbers out of all of them."""
    if len(numbers) > 1:
        return itemgetter(*numbers)
    return lambda values: tuple(values[number] for number in numbers)
