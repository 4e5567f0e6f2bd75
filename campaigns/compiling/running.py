"""What generated code calls: the same filters and tests as Jinja's, and texts kept ready."""

import marshal
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from types import CodeType
from typing import Any, NoReturn

from jinja2.nodes import EvalContext
from jinja2.runtime import Undefined, markup_join, str_join
from jinja2.utils import _PassArg
from markupsafe import escape

from campaigns.compiling.expressions import Mode
from campaigns.compiling.links import PLAIN_HTML_LINKS, PLAIN_LINKS
from campaigns.compiling.sandbox import FORMATTING_FILTERS, PLACE_FILTERS, DataEnvironment
from campaigns.compiling.tidying import close_gaps, cut_subject, join_lines

MAX_BLOCKS = 4_000  # lines and cards that a process keeps ready for one loop of an email
MAX_SHOPS = 50  # a shop looks different in each language, and seldom else
MAX_TEXTS = 10_000  # titles, prices and names that a process keeps ready for a market

# Filters of single values, whose results are kept. Lists can't be, and what is quick need not.
KEPT_FILTERS = frozenset(PLACE_FILTERS) | FORMATTING_FILTERS | {"capitalize", "lower", "truncate", "upper"}
_SPECIAL = re.compile("[&<>'\"]")

# Pieces of fixed text, and the numbers of the values that stand between them.
Layout = tuple[list[str], list[int]]
Row = tuple[Mapping[str, Any], Mapping[Any, str], Mapping[Any, str]]
Segments = list[list[str | None]]
Filled = tuple[tuple[str, ...], tuple[int, ...], list[str]]  # values, path, values of long blocks
LinkPlace = tuple[int, str, object, str]
Kept = tuple[list[int], list[str], list[LinkPlace], int]  # and the rounds of its own loops
Fill = Callable[[list[Row]], list[Filled | None]]


class Texts(dict[str, str]):
    """Strings, and what they look like in an email; filled when asked, emptied when full."""

    def __init__(self, show: Callable[[Any], str]) -> None:
        super().__init__()
        self.show = show

    def __missing__(self, text: str) -> str:
        if len(self) >= MAX_TEXTS:
            self.clear()
        shown = self[text] = self.show(text)
        return shown


class _LinkPlaces(dict[object, str]):
    """Stands for the links of a message while a block is computed for all messages."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[object] = []

    def __getitem__(self, address: object) -> str:
        self.addresses.append(address)
        return f"\0{len(self.addresses) - 1}\0"


class KeptBlock(dict[bytes, Kept]):
    """What a block of an email looks like, by its inputs: computed from the key alone when first asked for.

    The key is the inputs themselves, written by `marshal`: it tells 1 from True and from 1.0, and takes
    nothing but plain data, so that one email can never get what was made for another.
    """

    def __init__(self, block: Callable[..., tuple[list[int], list[str], int]]) -> None:
        super().__init__()
        self.block = block

    def __missing__(self, key: bytes) -> Kept:
        if len(self) >= MAX_BLOCKS:
            self.clear()
        links = _LinkPlaces()
        path, more, rounds = self.block(links, links, *marshal.loads(key))  # noqa: S302 (written by the generated code)
        if sum(value.count("\0") for value in more) != 2 * len(links.addresses):
            _refuse()  # a value with a NUL of its own
        kept = self[key] = (path, *_find_links(more, links.addresses), rounds)
        return kept


class PlainBlock(KeptBlock):
    """The same for messages whose links lead where they say: they are in it already."""

    def __missing__(self, key: bytes) -> Kept:
        if len(self) >= MAX_BLOCKS:
            self.clear()
        path, more, rounds = self.block(PLAIN_LINKS, PLAIN_HTML_LINKS, *marshal.loads(key))  # noqa: S302 (as above)
        if any("\0" in value for value in more):
            _refuse()  # left to Jinja, as in `KeptBlock`
        kept = self[key] = (path, more, [], rounds)
        return kept


class KeptValues(dict[bytes, tuple[str, ...]]):
    """What an email shows of the shop alone: computed once, and again only when the shop differs."""

    def __init__(self, compute: Callable[[Any], tuple[str, ...]]) -> None:
        super().__init__()
        self.compute = compute

    def __missing__(self, key: bytes) -> tuple[str, ...]:
        if len(self) >= MAX_SHOPS:
            self.clear()
        values = self[key] = self.compute(marshal.loads(key))  # noqa: S302 (written by the generated code)
        return values


def _find_links(more: list[str], addresses: list[object]) -> tuple[list[str], list[LinkPlace]]:
    """The values without their links; for each link which value it is in, and what stands around it."""
    values: list[str] = []
    places: list[LinkPlace] = []
    for value in more:
        before, *rest = value.split("\0")
        for number, after in zip(rest[::2], rest[1::2], strict=True):
            places.append((len(values), before, addresses[int(number)], after))
            before = ""
        values.append("" if rest else value)
    return values, places


def bind(environments: Mapping[Mode, DataEnvironment]) -> dict[str, Any]:
    """The names that generated code may use, for one market: nothing but these and the built-in `list`."""
    names: dict[str, Any] = {
        "__builtins__": {"list": list, "tuple": tuple, "dict": dict, "str": str, "type": type, "len": len,
                         "enumerate": enumerate, "Exception": Exception},
        "refuse": _refuse,
        "show_constant": partial(_show_constant, environments["html"]),
        "range_": environments["html"].globals["range"],
        "join_html": _keep_results(lambda *values: markup_join(values)),
        "join_plain": _keep_results(lambda *values: str_join(values)),
        "keep": KeptBlock,
        "keep_plain": PlainBlock,
        "plain_links": PLAIN_LINKS,
        "keep_values": KeptValues,
        "dumps": marshal.dumps,
        "get_item": partial(_get_item, environments["html"]),
        "close_gaps": close_gaps,
        "cut_subject": cut_subject,
        "join_lines": join_lines,
    }  # fmt: skip
    for mode, environment in environments.items():
        texts = _keep_texts(mode, environment)
        names |= {f"show_{mode}": texts.show, f"{mode}_texts": texts}
        names |= {f"{mode}_{name}": call for name, call in _bind_filters(environment)}
    return names | {f"is_{name}": test for name, test in environments["html"].tests.items()}


@lru_cache(maxsize=128)
def _keep_texts(mode: Mode, environment: DataEnvironment) -> Texts:
    """One dictionary for all emails of a market: titles and prices come again in each of them."""
    return Texts(partial(_show_html if mode == "html" else _show_plain, environment))


def run(code: CodeType, names: dict[str, Any]) -> tuple[dict[str, Layout], Segments, Fill]:
    """The layouts of the four parts, the segments, and the function that computes the values of many rows.

    A row that holds anything out of the ordinary gives None: Jinja has to render it.
    """
    exec(code, names)  # noqa: S102 (our own generator's code; stored code is taken only if we signed it)
    return names["LAYOUTS"], names["SEGMENTS"], names["fill"]


def _bind_filters(environment: DataEnvironment) -> Iterator[tuple[str, Callable[..., Any]]]:
    first = {_PassArg.environment: environment, _PassArg.eval_context: EvalContext(environment)}
    for name, function in environment.filters.items():
        wanted = _PassArg.from_obj(function)
        if wanted is _PassArg.context:
            continue  # of Jinja's own loops, which no template names
        bound = partial(function, first[wanted]) if wanted else function
        yield name, _share_results(bound) if name in KEPT_FILTERS else bound


def _keep_results(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same results for the same arguments of the same types: 1, True and 1.0 are three of them."""
    return lru_cache(maxsize=MAX_TEXTS, typed=True)(function)


_share_results = lru_cache(maxsize=512)(_keep_results)  # one filter of HTML and plain text: asked once


def _refuse() -> NoReturn:
    raise TypeError("not the plain data that generated code is for")


def _get_item(environment: DataEnvironment, value: Any, key: Any) -> Any:
    found = environment.getitem(value, key)
    return _refuse() if isinstance(found, Undefined) else found


def _show_html(environment: DataEnvironment, value: Any) -> str:
    if type(value) is str and not _SPECIAL.search(value):
        return value
    return str(escape(environment.finalize(value) if environment.finalize else value))


def _show_plain(environment: DataEnvironment, value: Any) -> str:
    return str(environment.finalize(value) if environment.finalize else value)


def _show_constant(environment: DataEnvironment, value: Any) -> str:
    escaped = escape(value)
    return str(environment.finalize(escaped) if environment.finalize else escaped)
