"""The only Jinja that templates get: plain data in, text out, nothing to reach beyond the context."""

import difflib
import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, nodes
from jinja2.filters import FILTERS
from jinja2.runtime import Context, LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing
from markupsafe import Markup

from campaigns.compiling.addresses import (
    Address,
    css_color,
    css_url,
    css_value,
    image_url,
    recipient_part,
    safe_url,
    url_part,
    url_path,
)
from campaigns.compiling.bounds import bound_items, bound_loops
from campaigns.languages import direction_of, formatting_filters

MAX_RANGE = 100
MAX_NUMBER = 10**15
BUILT_IN_FILTERS = frozenset(
    {"abs", "batch", "capitalize", "count", "d", "default", "e", "escape", "first", "float", "int", "items",
     "join", "last", "length", "list", "lower", "max", "min", "reverse", "round", "sort", "string", "sum",
     "title", "trim", "truncate", "unique", "upper", "urlencode"}
)  # fmt: skip
FORMATTING_FILTERS = frozenset({"money", "date", "number", "plural", "quoted"})
# Added by the compiler where the place of an expression asks for them; templates may not name them.
PLACE_FILTERS: dict[str, Callable[..., Any]] = {
    "safe_url": safe_url,
    "image_url": image_url,
    "css_url": css_url,
    "css_color": css_color,
    "css_value": css_value,
    "url_part": url_part,
    "url_path": url_path,
    "recipient_part": recipient_part,
}
TESTS = frozenset(
    {"defined", "undefined", "none", "odd", "even", "divisibleby", "string", "number", "iterable", "in"}
)
LOOP_ATTRIBUTES = frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length"})

_RTL_LETTERS = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
_LTR_LETTERS = re.compile("[A-Za-z\u00c0-\u024f\u0370-\u052f]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
# A value is part of a line: HTML shows its line breaks as spaces, and so does plain text.
_BREAKS = re.compile("[ \t]*[\n\x0b\x0c\r\x85\u2028\u2029]\\s*")
_UNUSUAL = re.compile("[\x00-\x1f\x7f\x85\u2028-\u202e\u2066-\u2069]")


class UnknownVariable(StrictUndefined):
    """Says which name is missing and what there is instead, rather than printing nothing."""

    @property
    def _undefined_message(self) -> str:
        name = str(self._undefined_name)
        if self._undefined_obj is missing:
            return f"“{name}” is not in the context"
        if not isinstance(self._undefined_obj, dict):
            kind = "nothing" if self._undefined_obj is None else type(self._undefined_obj).__name__
            return f"“{name}” is asked of {kind}; check with “if” that there is something"
        close = difflib.get_close_matches(name, self._undefined_obj, n=1)
        known = f"did you mean “{close[0]}”?" if close else f"there is: {', '.join(self._undefined_obj)}"
        return f"“{name}” is not there; {known}"


def _limited_range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > MAX_RANGE:
        raise ValueError(f"range() of {len(numbers)} numbers; at most {MAX_RANGE} are allowed")
    return numbers


def _is_small(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and -MAX_NUMBER < float(value) < MAX_NUMBER


class DataEnvironment(ImmutableSandboxedEnvironment):
    """Attributes are keys of dictionaries and nothing else: `order.items` is data, never a method."""

    intercepted_binops = frozenset({"*", "/", "//", "%"})

    def _generate(self, source: nodes.Template, *args: Any, **options: Any) -> str:
        """Only what Jinja runs is bound: whoever parses a template gets it as it was written."""
        bound_loops(source)
        return super()._generate(source, *args, **options)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Numbers alone are multiplied and divided: text times a million would be a long email."""
        if not (_is_small(left) and _is_small(right)):
            raise TypeError(f"“{operator}” is for numbers; a price is a text, write it with |float")
        return super().call_binop(context, operator, left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, dict):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        if isinstance(obj, LoopContext) and attribute in LOOP_ATTRIBUTES:
            return getattr(obj, attribute)
        return obj if isinstance(obj, Undefined) else self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, dict):
            return self.getattr(obj, argument)
        if isinstance(obj, list | tuple | str) and isinstance(argument, int | slice):
            try:
                return obj[argument]
            except IndexError:
                return self.undefined(obj=obj, name=str(argument))
        return obj if isinstance(obj, Undefined) else self.undefined(obj=obj, name=str(argument))


def _present(value: Any) -> Any:
    """What an expression shows: nothing for None, an error for a whole list or dictionary."""
    if value is None:
        return ""
    if isinstance(value, dict | list):
        raise TypeError("a list or a dictionary can't be shown; name the value inside it")
    return value


def _in_one_line(text: str) -> str:
    return _BREAKS.sub(" ", _CONTROLS.sub("", text))


def _isolating_presenter(language: str) -> Callable[[Any], Any]:
    """Like `_present`, for plain text: words of the other direction get Unicode isolates, so that
    an English title does not tear a Persian sentence apart."""
    foreign = _LTR_LETTERS if direction_of(language) == "rtl" else _RTL_LETTERS
    changed = re.compile(f"{_UNUSUAL.pattern}|{foreign.pattern}")

    def present(value: Any) -> Any:
        if type(value) is str and not changed.search(value):
            return value
        value = _present(value)
        if not isinstance(value, str) or isinstance(value, Address):
            return value
        text = _in_one_line(value) if _UNUSUAL.search(value) else value
        return f"\u2068{text}\u2069" if foreign.search(text) else text

    return present


def _environment(language: str, timezone: str, **options: Any) -> DataEnvironment:
    environment = DataEnvironment(undefined=UnknownVariable, **options)
    environment.filters = {
        **{name: FILTERS[name] for name in BUILT_IN_FILTERS},
        **formatting_filters(language, timezone),
        **PLACE_FILTERS,
        "bounded": bound_items,
    }
    environment.tests = {name: test for name, test in environment.tests.items() if name in TESTS}
    environment.globals = {"range": _limited_range}
    return environment


@lru_cache(maxsize=64)
def html_environment(language: str, timezone: str = "UTC") -> DataEnvironment:
    return _environment(language, timezone, autoescape=True, finalize=_present)


@lru_cache(maxsize=64)
def plain_environment(language: str, timezone: str = "UTC") -> DataEnvironment:
    """For subjects and text parts: no escaping, and no line breaks of its own."""
    present = _isolating_presenter(language)
    return _environment(language, timezone, finalize=present)


def tracking_pixel(address: str) -> Markup:
    """The picture of one point that tells an open; nothing without an address."""
    if not address:
        return Markup("")
    return Markup('<img src="{}" width="1" height="1" alt="" style="display:block;border:0">').format(
        image_url(address)
    )
