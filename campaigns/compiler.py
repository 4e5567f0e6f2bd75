"""Jinja in MJML, compiled once: `compile_email` turns a template into sources on which only Jinja runs."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, TypedDict

from campaigns.compiling.engine import ENGINE_VERSION, compile_mjml, find_token_prefix
from campaigns.compiling.finishing import finish, trim
from campaigns.compiling.heads import find_head_words, strip_head_words
from campaigns.compiling.linting import VARIABLES, lint_tags
from campaigns.compiling.markup import strip_comments
from campaigns.compiling.masking import Masking
from campaigns.compiling.source import CompileError, Mistakes, Place, Source
from campaigns.compiling.tags import find_tags, strip_jinja_comments, strip_marks, unwrap_statements
from campaigns.compiling.texts import Choices, Texts, escape_literals, expand, read_text
from campaigns.compiling.tokens import Masked
from campaigns.languages import direction_of, normalise_tag
from campaigns.plain_text import write_plain_text

__all__ = ["CompileError", "CompiledParts", "Place", "compile_email", "compiled_key", "expand_texts"]

COMPILER_VERSION = 3


class CompiledParts(TypedDict):
    """Jinja sources, and the language they are really in."""

    language: str
    subject: str
    preheader: str
    html: str
    text: str


def compiled_key(
    source: str,
    texts: Texts,
    *,
    language: str,
    changes: Mapping[str, Any],
    default_language: str = "en",
    is_foreign: bool = False,
) -> str:
    """SHA-256 of everything that the result of `compile_email` depends on."""
    changed = {name: changes[name] for name in ("texts", "blocks") if changes.get(name)}
    parts = [COMPILER_VERSION, ENGINE_VERSION, source, texts, language, changed, default_language]
    parts += ["foreign"] if is_foreign else []
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def compile_email(
    source: str | Source,
    texts: Texts,
    *,
    language: str,
    changes: Mapping[str, Any],
    default_language: str = "en",
    is_foreign: bool = False,
) -> CompiledParts:
    """Subject, preheader, HTML and plain text as Jinja, for one language and one arm.

    `changes` is a variant's: {"texts": {"en": {"subject": "…"}}, "blocks": {"intro": "b"}}, {} for none.
    Guarantees that every statement of the template is in the result once and in order, and every
    expression at least once, escaped for its place. Raises CompileError with file, line, column, what
    is wrong and how to mend it; its `others` are further mistakes that were found on the way.

    A foreign file, written for MJML and Jinja alone, may use variables of its own, have its title and
    preview in its head, and hold marks and addresses that mean nothing here. It is no less safe.
    """
    choices = Choices(texts, normalise_tag(language), default_language, changes, is_foreign=is_foreign)
    written = source if isinstance(source, Source) else Source(source)
    body = strip_comments(unwrap_statements(strip_marks(written)) if is_foreign else written)
    lines = _read_lines(body, choices)
    masked = _mask_source(strip_head_words(body, lines.values()), choices, lines)
    html, text = _compile_masked(masked, choices)
    return CompiledParts(
        language=choices.effective_language,
        subject=lines["subject"].text,
        preheader=lines["preheader"].text,
        html=finish(
            html,
            language=choices.effective_language,
            direction=direction_of(choices.effective_language),
            subject=escape_literals(lines["subject"]),
            preheader=escape_literals(lines["preheader"]),
        ),
        text=text,
    )


def _read_lines(body: Source, choices: Choices) -> dict[str, Source]:
    """Subject and preheader: the texts, or what the head of a file without texts says."""
    in_head = find_head_words(body)
    return {
        key: in_head[key]
        if key in in_head and (choices.is_foreign or not choices.find_text(key))
        else read_text(choices, key, body.place(0))
        for key in ("subject", "preheader")
    }


def _mask_source(body: Source, choices: Choices, lines: Mapping[str, Source]) -> Masked:
    """Everything that an author can have got wrong is found here, and told at once."""
    expanded = strip_jinja_comments(expand(body, choices))
    tags = find_tags(expanded)
    variables = None if choices.is_foreign else VARIABLES
    mistakes = Mistakes()
    for text, its_tags in [(expanded, tags), *((line, find_tags(line)) for line in lines.values())]:
        with mistakes.collect():
            lint_tags(text, its_tags, variables)
    masking = Masking(expanded, tags, is_foreign=choices.is_foreign)
    with mistakes.collect():
        masking.read()
    mistakes.refuse()
    return masking.result()


def _compile_masked(masked: Masked, choices: Choices) -> tuple[str, str]:
    """(HTML, plain text) with all Jinja back in its places, none of it lost."""
    direction = direction_of(choices.effective_language)
    prefix = find_token_prefix(list(masked.tokens))
    compiled = compile_mjml(
        masked.source, direction=direction, token_prefix=prefix, is_foreign=choices.is_foreign
    )
    html = trim(compiled)
    text = write_plain_text(html, masked.tokens, language=choices.effective_language)
    masked.prove_statements(html)
    masked.prove_expressions(html)
    masked.prove_statements(text)
    masked.prove_balance(html)
    return masked.restore(html, is_html=True), masked.restore(text, is_html=False)


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
