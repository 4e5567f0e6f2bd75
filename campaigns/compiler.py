"""Jinja in MJML, compiled once: `compile_email` turns a template into sources on which only Jinja runs."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, TypedDict

from campaigns.compiling.engine import ENGINE_VERSION, compile_mjml, find_token_prefix
from campaigns.compiling.finishing import finish, trim
from campaigns.compiling.linting import lint_tags
from campaigns.compiling.markup import strip_comments
from campaigns.compiling.masking import mask
from campaigns.compiling.source import CompileError, Place, Source
from campaigns.compiling.tags import find_tags
from campaigns.compiling.texts import Choices, Texts, escape_literals, expand, read_text
from campaigns.languages import direction_of, normalise_tag
from campaigns.plain_text import write_plain_text

__all__ = ["CompileError", "CompiledParts", "Place", "compile_email", "compiled_key", "expand_texts"]

COMPILER_VERSION = 1


class CompiledParts(TypedDict):
    """Jinja sources, and the language they are really in."""

    language: str
    subject: str
    preheader: str
    html: str
    text: str


def compiled_key(
    source: str, texts: Texts, *, language: str, changes: Mapping[str, Any], default_language: str = "en"
) -> str:
    """SHA-256 of everything that the result of `compile_email` depends on."""
    changed = {name: changes[name] for name in ("texts", "blocks") if changes.get(name)}
    parts = [COMPILER_VERSION, ENGINE_VERSION, source, texts, language, changed, default_language]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def compile_email(
    source: str | Source,
    texts: Texts,
    *,
    language: str,
    changes: Mapping[str, Any],
    default_language: str = "en",
) -> CompiledParts:
    """Subject, preheader, HTML and plain text as Jinja, for one language and one arm.

    `changes` is a variant's: {"texts": {"en": {"subject": "…"}}, "blocks": {"intro": "b"}}, {} for none.
    Guarantees that every statement of the template is in the result once and in order, and every
    expression at least once, escaped for its place. Raises CompileError with file, line, column, what
    is wrong and how to mend it.
    """
    choices = Choices(texts, normalise_tag(language), default_language, changes)
    body = source if isinstance(source, Source) else Source(source)
    subject, preheader = (read_text(choices, key, body.place(0)) for key in ("subject", "preheader"))
    expanded = expand(strip_comments(body), choices)
    tags = find_tags(expanded)
    lint_tags(expanded, tags)
    for line in (subject, preheader):
        lint_tags(line, find_tags(line))
    masked = mask(expanded, tags)
    effective = choices.effective_language
    direction = direction_of(effective)
    prefix = find_token_prefix(list(masked.tokens))
    html = trim(compile_mjml(masked.source, direction=direction, token_prefix=prefix))
    text = write_plain_text(html, masked.tokens, direction=direction)
    masked.prove_statements(html)
    masked.prove_expressions(html)
    masked.prove_statements(text)
    finished = finish(
        masked.restore(html, is_html=True),
        language=effective,
        direction=direction,
        subject=escape_literals(subject),
        preheader=escape_literals(preheader),
    )
    return CompiledParts(
        language=effective,
        subject=subject.text,
        preheader=preheader.text,
        html=finished,
        text=masked.restore(text, is_html=False),
    )


def expand_texts(
    source: str | Source,
    texts: Texts,
    *,
    language: str,
    changes: Mapping[str, Any],
    default_language: str = "en",
) -> Source:
    """The template with its compile-time texts put in: Jinja over MJML, as MJML would get it per email."""
    body = source if isinstance(source, Source) else Source(source)
    return expand(strip_comments(body), Choices(texts, normalise_tag(language), default_language, changes))
