"""The MJML engine: one call, its known crashes worked around, its findings as CompileError."""

import re
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from mjml import mjml_to_html
from mjml.core.registry import core_components

from campaigns.compiling.source import Source
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
# mj-hero divides by the size of its background even where there is no background.
HERO_DEFAULTS = {"mj-hero": {"background-width": "600px", "background-height": "0px"}}


def _with_defaults(component: Any, defaults: dict[str, str]) -> Any:
    def default_attrs(_: Any) -> dict[str, Any]:
        return {**component.default_attrs(), **defaults}

    return type(component.__name__, (component,), {"default_attrs": classmethod(default_attrs)})


def _font_component(component: Any) -> Any:
    """mj-font that may also redefine one of the five fonts MJML knows by itself, where the engine asserts."""

    def handler(self: Any) -> None:
        fonts = self.context.setdefault("own_fonts", {})
        fonts[self.getAttribute("name")] = self.getAttribute("href")
        self.context["add"]("fonts", dict(fonts))

    return type(component.__name__, (component,), {"handler": handler})


@lru_cache(maxsize=2)
def _components(direction: Direction) -> tuple[Any, ...]:
    """MJML lays everything out from left to right unless each section, column and text says otherwise."""
    core = core_components()
    changed = HERO_DEFAULTS | (RTL_DEFAULTS if direction == "rtl" else {})
    components = [_with_defaults(core[name], defaults) for name, defaults in changed.items()]
    return (*components, _font_component(core["mj-font"]))


def compile_mjml(source: Source, *, direction: Direction, token_prefix: str = "") -> str:
    """HTML of the masked source. Raises CompileError at the first thing that MJML finds wrong.

    Findings about a value that is a token are no findings: the value is not there yet.
    """
    try:
        result = mjml_to_html(source.text, custom_components=_components(direction))
    except (ValueError, TypeError, AssertionError, KeyError) as error:
        raise source.error(
            0, f"MJML can't compile this: {error}", "look for a misspelt element or attribute"
        ) from error
    for finding in result.errors:
        if token_prefix and token_prefix in finding.message:
            continue
        offset = source.offset_of(finding.line or 1, (finding.column or 0) + 1)
        raise source.error(
            offset, f"<{finding.tag_name}>: {finding.message}", "see the MJML reference of this element"
        )
    return str(result.html)


def find_token_prefix(words: list[str]) -> str:
    return re.sub(r"\d{4}e$", "", words[0]) if words else ""
