"""Compiled emails as Python code: written once, kept as signed bytecode, run for one market."""

import hmac
import marshal
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.metadata import version
from importlib.util import MAGIC_NUMBER
from types import CodeType

from django.utils.crypto import salted_hmac

from campaigns.compiling.expressions import NotGeneratedError
from campaigns.compiling.generating import GENERATOR_VERSION, generate
from campaigns.compiling.running import Filled, Layout, Row, bind, run
from campaigns.compiling.sandbox import html_environment, plain_environment

_SIGNATURE_BYTES = 32


def write_code(parts: Mapping[str, object]) -> CodeType | None:
    """Bytecode for compiled parts, the same for every market; None where only Jinja can render them."""
    environments = {"html": html_environment("en"), "plain": plain_environment("en")}
    try:
        source = generate(parts, environments)
        return compile(source, "<email>", "exec", dont_inherit=True)
    except (NotGeneratedError, SyntaxError, RecursionError):
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


class Program:
    """One compiled email in one market: computes slots, and puts them into the fixed text."""

    def __init__(self, code: CodeType, *, market: str, timezone: str) -> None:
        environments = {
            "html": html_environment(market, timezone),
            "plain": plain_environment(market, timezone),
        }
        self.layouts, self._fill = run(code, bind(environments))

    def fill(self, rows: Iterable[Row]) -> list[Filled | None]:
        """The slots of each row; None where a row holds what only Jinja can tell the meaning of."""
        return self._fill(list(rows))

    def assemble(self, part: str, filled: Filled) -> str:
        """One part of the email, whole."""
        return put_together(self.layouts[part], filled)


def put_together(layout: Layout, filled: Filled) -> str:
    """The pieces of fixed text with the slots between them."""
    pieces, numbers = layout
    text = [""] * (len(pieces) + len(numbers))
    text[::2] = pieces
    text[1::2] = [filled[number] for number in numbers]
    return "".join(text)
