"""Compiled emails as Python code: written once, kept as signed bytecode, run for one market."""

import hmac
import marshal
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from importlib.metadata import version
from importlib.util import MAGIC_NUMBER
from itertools import chain, count
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
        self._html: dict[tuple[int, ...], Layout] = {}

    def fill(self, rows: Iterable[Row]) -> list[Filled | None]:
        """The values of each row; None where a row holds what only Jinja can tell the meaning of."""
        return self._fill(list(rows))

    def layout(self, part: str, path: tuple[int, ...]) -> Layout:
        """One part's pieces of fixed text and the numbers of the values between them, for this path."""
        if part != "html":
            return self._layouts[part]
        if path not in self._html:
            if len(self._html) >= MAX_PATHS:
                self._html.clear()
            self._html[path] = self._follow(path)
        return self._html[path]

    def assemble(self, part: str, filled: Filled) -> str:
        """One part of the email, whole."""
        values, path, more = filled
        return put_together(self.layout(part, path), (*values, *more))

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


def put_together(layout: Layout, values: Sequence[str]) -> str:
    """The pieces of fixed text with the values between them."""
    pieces, numbers = layout
    text = [""] * (len(pieces) + len(numbers))
    text[::2] = pieces
    text[1::2] = [values[number] for number in numbers]
    return "".join(text)
