"""A small email for the tests of the compiler: one mj-text, whose content starts on line 2."""

from collections.abc import Mapping
from typing import Any

from campaigns.compiler import CompiledParts, compile_email
from campaigns.rendering import NO_TRACKING, RenderedEmail, Tracking, make_ready, render_ready

TEXTS = {"en": {"subject": "Hello", "preheader": "Welcome"}}


def in_text(content: str) -> str:
    return (
        f"<mjml><mj-body><mj-section><mj-column><mj-text>\n{content}\n"
        "</mj-text></mj-column></mj-section></mj-body></mjml>"
    )


def in_column(content: str) -> str:
    return f"<mjml><mj-body><mj-section><mj-column>\n{content}\n</mj-column></mj-section></mj-body></mjml>"


def in_body(content: str) -> str:
    return f"<mjml><mj-body>\n{content}\n</mj-body></mjml>"


def in_head(content: str) -> str:
    return f"<mjml><mj-head>\n{content}\n</mj-head><mj-body></mj-body></mjml>"


def compile_one(
    source: str,
    texts: Mapping[str, Mapping[str, str]] | None = None,
    *,
    language: str = "en",
    changes: Mapping[str, Any] | None = None,
) -> CompiledParts:
    return compile_email(source, texts or TEXTS, language=language, changes=changes or {})


def render_one(
    source: str, context: Mapping[str, Any], *, language: str = "en", tracking: Tracking = NO_TRACKING
) -> RenderedEmail:
    return render_ready(make_ready(compile_one(source, language=language)), context, tracking=tracking)
