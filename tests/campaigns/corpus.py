"""A corpus of MJML with Jinja in it, and two ways to an email: ours, and Jinja first with MJML after it."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from campaigns.compiler import CompiledParts, compile_email
from campaigns.compiling.engine import compile_mjml
from campaigns.compiling.finishing import finish
from campaigns.compiling.sandbox import html_environment
from campaigns.compiling.source import Source
from campaigns.languages import direction_of
from campaigns.rendering import make_ready, render_ready

FOLDER = Path(__file__).parent.parent / "data" / "mjml"
CONTEXT: dict[str, Any] = json.loads((FOLDER / "context.json").read_text(encoding="utf-8"))
NAMES = [path.stem for path in sorted(FOLDER.glob("*.mjml"))]
TEXTS = {"en": {"subject": "Subject", "preheader": "Preheader"}}
_UNSEEN = frozenset({"bdi", "tbody"})  # ours for values of another direction; browsers add <tbody> themselves
_SPACES = re.compile(r"[ \t\r\n]+")
# MJML joins what is for Outlook alone, where nothing stands between; a statement between keeps it apart.
_SEAMS = re.compile(r"<!\[endif\]-->\s*<!--\[if mso \| IE\]>")
# The compiled email keeps the rules of columns that this customer does not see; Chromium judges the others.
_COLUMN_RULES = re.compile(r"\s*(?:\.moz-text-html )?\.mj-column-[\w-]+ \{[^}]*\}")
_TAG_OR_VALUE = re.compile(r"(<[^>]*>|\{%.*?%\})|(\{\{.*?\}\})", re.DOTALL)
_HEAD_WORDS = re.compile(r"<mj-(title|preview)>(.*?)</mj-\1>", re.DOTALL)


def read_mjml(name: str) -> str:
    return (FOLDER / f"{name}.mjml").read_text(encoding="utf-8")


def language_of(name: str) -> str:
    return "fa" if name == "persian" else "en"


def compile_masked(source: str, *, language: str = "en") -> CompiledParts:
    texts = {language: TEXTS["en"]}
    if "<mj-title>" in source:
        return compile_email(source, {}, language=language, changes={})
    return compile_email(source, texts, language=language, changes={})


def write_compiled(source: str, context: dict[str, Any], *, language: str = "en") -> str:
    """The HTML of our way: compiled with tokens, then rendered."""
    return render_ready(make_ready(compile_masked(source, language=language)), context).html


def write_plainly(
    source: str, context: dict[str, Any], *, language: str = "en", is_isolated: bool = False
) -> str:
    """The HTML of the slow way: the values put in first, then MJML, without any token on the way.

    `is_isolated` puts <bdi> around what stands in running text, which is to be seen in a Persian title.
    """
    values = {"cart": None, **context}
    direction = direction_of(language)
    head = {
        name: html_environment(language).from_string(text).render(values)
        for name, text in _HEAD_WORDS.findall(source)
    }
    body = _HEAD_WORDS.sub("", source)
    template = html_environment(language).from_string(isolate(body) if is_isolated else body)
    filled = template.render(values)
    html = finish(
        compile_mjml(Source(filled), direction=direction, is_foreign=True),
        language=language,
        direction=direction,
        subject=head.get("title", "Subject"),
        preheader=head.get("preview", "Preheader"),
    )
    return html.replace("{{ _pixel }}", "")


def isolate(source: str) -> str:
    return _TAG_OR_VALUE.sub(lambda match: match[1] or f"<bdi>{match[2]}</bdi>", source)


class Events(HTMLParser):
    """HTML as a reader of it sees it: elements, attributes, words; entities and white space aside."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Any] = []
        self.words = ""
        self.is_preformatted = False
        self.feed(_SEAMS.sub("", html))
        self.close()
        self.end_words()

    def end_words(self) -> None:
        words = _COLUMN_RULES.sub("", self.words)
        words = words if self.is_preformatted else _SPACES.sub(" ", words).strip(" ")
        self.found += [words] if words else []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            return
        self.end_words()
        self.is_preformatted = self.is_preformatted or tag == "pre"
        self.found.append((tag, {name: squeeze_style(value or "") for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            return
        self.end_words()
        self.is_preformatted = self.is_preformatted and tag != "pre"
        self.found.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        self.words += data

    def handle_comment(self, data: str) -> None:
        self.end_words()
        self.found.append(("comment", Events(data).found if "<" in data else data.strip()))


def squeeze_style(text: str) -> str:
    return re.sub(r"\s*([;:,>{}])\s*", r"\1", _SPACES.sub(" ", text)).strip()
