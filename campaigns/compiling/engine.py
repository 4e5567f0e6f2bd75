"""The MJML engine: one call, its known crashes worked around, its findings as CompileError."""

import difflib
import re
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from mjml import mjml_to_html
from mjml.core.registry import core_components
from mjml.elements.mj_social_element import defaultSocialNetworks
from mjml.errors import ValidationRule
from mjml.helpers.shorthand_parser import borderParser

from campaigns.compiling.source import Mistakes, Source
from campaigns.languages import Direction

ENGINE_VERSION = f"mjml {version('mjml')}, jinja2 {version('jinja2')}"

RTL_DEFAULTS = {
    "mj-section": {"direction": "rtl"},
    "mj-wrapper": {"direction": "rtl"},
    "mj-group": {"direction": "rtl"},
    "mj-column": {"direction": "rtl"},
    "mj-text": {"align": "right"},
    "mj-table": {"align": "right"},
}
# The fonts that MJML loads where a template names them, by their addresses.
_GOOGLE = "https://fonts.googleapis.com/css?family={}:300,400,500,700"
KNOWN_FONTS = {
    name: _GOOGLE.format(name.replace(" ", "+"))
    for name in ("Open Sans", "Droid Sans", "Lato", "Roboto", "Ubuntu")
}
# Elements of mj-social whose link opens a form of that network, with the address in it.
SHARING = frozenset(
    name for name, about in defaultSocialNetworks.items() if len(about.get("share-url") or "[[URL]]") > 7
)
# What MJML mentions and then passes over.
_ATTRIBUTE_RULES = frozenset({ValidationRule.VALID_ATTRIBUTES, ValidationRule.VALID_TYPES})
_RANDOM_ID = re.compile(r'(?:mj-carousel-|\bid=")([0-9a-f]{16})\b')


def _with_defaults(component: Any, defaults: dict[str, str]) -> Any:
    def default_attrs(_: Any) -> dict[str, Any]:
        return {**component.default_attrs(), **defaults}

    return type(component.__name__, (component,), {"default_attrs": classmethod(default_attrs)})


def _head_component(component: Any) -> Any:
    """A head element that may declare again what is declared already, where the engine asserts.

    As in MJML itself, later declarations add to earlier ones, and a font takes the place of a known one.
    """

    def handler(self: Any) -> None:
        add = self.context["add"]
        declared = self.context.setdefault("declared", {"fonts": dict(KNOWN_FONTS)})

        def add_or_merge(kind: str, *values: Any) -> None:
            if len(values) == 2:
                name, value = values
                known = declared.setdefault(kind, {})
                known[name] = {**known.get(name, {}), **value} if isinstance(value, dict) else value
                values = (dict(known),)
            add(kind, *values)

        self.context = {**self.context, "add": add_or_merge}
        component.handler(self)

    return type(component.__name__, (component,), {"handler": handler})


def _hero_component(component: Any) -> Any:
    """mj-hero that may lack the size of its background, by which the engine divides."""

    def get_styles(self: Any) -> Any:
        size = {"background-width": self.context["containerWidth"], "background-height": "0px"}
        self.attrs.update({name: value for name, value in size.items() if not self.attrs.get(name)})
        return component.get_styles(self)

    return type(component.__name__, (component,), {"get_styles": get_styles})


def _column_component(component: Any) -> Any:
    """mj-column whose inner border may have a style and a colour, which the engine takes for a width."""

    def shorthand(self: Any, attribute: str, direction: str, *rest: Any) -> Any:
        if attribute != "inner-border":
            return component.getShorthandAttrValue(self, attribute, direction, *rest)
        border = self.getAttribute(f"inner-border-{direction}") or self.getAttribute("inner-border")
        return borderParser(border or "0")

    return type(component.__name__, (component,), {"getShorthandAttrValue": shorthand})


@lru_cache(maxsize=2)
def _components(direction: Direction) -> tuple[Any, ...]:
    """MJML lays everything out from left to right unless each section, column and text says otherwise."""
    components = core_components()
    for name, mended in _MENDED.items():
        components[name] = mended(components[name])
    defaults = RTL_DEFAULTS if direction == "rtl" else {}
    for name, attributes in defaults.items():
        components[name] = _with_defaults(components[name], attributes)
    return tuple(components[name] for name in {*_MENDED, *defaults})


_MENDED = {
    "mj-font": _head_component,
    "mj-attributes": _head_component,
    "mj-html-attributes": _head_component,
    "mj-hero": _hero_component,
    "mj-column": _column_component,
}


def compile_mjml(
    source: Source, *, direction: Direction, token_prefix: str = "", is_foreign: bool = False
) -> str:
    """HTML of the masked source, the same for the same source. Raises CompileError for all MJML finds wrong.

    Findings about a value that is a token are no findings: the value is not there yet. A foreign file
    may have attributes that MJML passes over.
    """
    try:
        result = mjml_to_html(source.text, custom_components=_components(direction))
    except (ValueError, TypeError, AssertionError, KeyError) as error:
        raise source.error(
            0,
            f"MJML can't compile this: {error}",
            "a file begins with <mjml>; look for a misspelt element or attribute",
        ) from error
    mistakes = Mistakes()
    for finding in result.errors:
        is_passed_over = is_foreign and finding.rule in _ATTRIBUTE_RULES
        is_mended = finding.rule is ValidationRule.NOT_IMPLEMENTED  # see `_head_component`
        if is_mended or is_passed_over or (token_prefix and token_prefix in finding.message):
            continue
        offset = source.offset_of(finding.line or 1, (finding.column or 0) + 1)
        message = f"<{finding.tag_name}>: {finding.message}"
        with mistakes.collect():
            raise source.error(offset, message, _hint_for(finding))
    mistakes.refuse()
    return _number_ids(str(result.html))


def _hint_for(finding: Any) -> str:
    """What to do about one of the engine's findings, with the nearest name that exists."""
    components = core_components()
    wrong = finding.message.split()[1] if " " in finding.message else ""
    if finding.rule is ValidationRule.VALID_TAG:
        close = difflib.get_close_matches(wrong, list(components), n=1)
    else:
        component = components.get(finding.tag_name)
        close = difflib.get_close_matches(wrong, list(component.allowed_attrs()) if component else [], n=1)
    is_misspelt = bool(close) and close[0] != wrong
    return f"did you mean “{close[0]}”?" if is_misspelt else "see the MJML reference of this element"


def _number_ids(html: str) -> str:
    """Carousels and menus get numbers for ids instead of chance: equal sources give equal emails."""
    for number, word in enumerate(dict.fromkeys(_RANDOM_ID.findall(html)), start=1):
        html = html.replace(word, f"{number:016}")
    return html


def find_token_prefix(words: list[str]) -> str:
    return re.sub(r"\d{4}e$", "", words[0]) if words else ""
