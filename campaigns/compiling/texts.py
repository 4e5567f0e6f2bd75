"""What compiling decides: texts, blocks and direction, written `[[ … ]]` and `[% … %]`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from campaigns.compiling.linting import lint_tags
from campaigns.compiling.source import CompileError, Mistakes, Place, Source
from campaigns.compiling.tags import find_tags
from campaigns.languages import direction_of, fallback_chain

Texts = Mapping[str, Mapping[str, str]]

_MARK = re.compile(r"\[\[(.*?)\]\]|\[%(.*?)%\]", re.DOTALL)
_TEXT = re.compile(r"t\.([a-z][a-z0-9_]*)")
_FIXED = frozenset({"start", "end", "direction", "language"})
_CONDITION = re.compile(r"if\s+(blocks\.[a-z][a-z0-9_]*|direction|language)\s*(==|!=)\s*[\"']([\w-]*)[\"']")


@dataclass(frozen=True)
class Choices:
    """The language and the arm that one compilation is for."""

    texts: Texts
    language: str
    default_language: str
    changes: Mapping[str, Any]
    is_foreign: bool = False  # a file for MJML alone: marks that we don't know are words of its own

    @property
    def chain(self) -> tuple[str, ...]:
        return fallback_chain(self.language, self.default_language)

    @property
    def effective_language(self) -> str:
        """The wanted language if there is any text in it (or in its base language), else the next best.

        A foreign file is in whatever language it is said to be in.
        """
        if self.is_foreign:
            return self.language
        for tag in self.chain:
            if self.texts.get(tag):
                return self.language if f"{self.language}-".startswith(f"{tag}-") else tag
        return self.language

    @property
    def blocks(self) -> Mapping[str, str]:
        return self.changes.get("blocks") or {}

    def find_text(self, key: str) -> tuple[str, str] | None:
        """(language, text): a variant's text first, and never an empty one."""
        changed: Texts = self.changes.get("texts") or {}
        wanted = [f"{key}-{self.blocks[key]}", key] if key in self.blocks else [key]
        for tag in self.chain:
            for name in wanted:
                text = changed.get(tag, {}).get(name) or self.texts.get(tag, {}).get(name)
                if text and text.strip():
                    return tag, text.strip()
        return None

    def has_alternative(self, block: str, arm: str) -> bool:
        return any(f"{block}-{arm}" in texts for texts in self.texts.values())


def read_text(choices: Choices, key: str, place: Place) -> Source:
    """The text for `key`, linted. Raises CompileError at `place` where no language has it."""
    found = choices.find_text(key)
    if found is None:
        raise CompileError(
            f"no text “{key}” in {', '.join(choices.chain)}",
            hint=f'add {key} = "…" to texts/{choices.chain[-1]}.toml',
            place=place,
        )
    source = Source(found[1], f"texts/{found[0]}.toml [{key}]")
    lint_tags(source, find_tags(source), variables=None)  # loop variables are checked in the body around it
    return source


def expand(source: Source, choices: Choices) -> Source:
    """Jinja over MJML in one language: every `[[ … ]]` filled in, every `[% if %]` decided."""
    replacements: list[tuple[int, int, str]] = []
    open_ifs: list[tuple[int, bool]] = []  # where it stands, and whether its present branch counts
    hidden_from: int | None = None
    mistakes = Mistakes()
    for mark in _MARK.finditer(source.text):
        if choices.is_foreign and not _is_ours(mark):
            continue
        was_hidden = hidden_from is not None
        if mark[2] is not None:
            _follow_condition(source, choices, mark, open_ifs)
        is_hidden = not all(counts for _, counts in open_ifs)
        if is_hidden and not was_hidden:
            hidden_from = mark.start()
        elif was_hidden and not is_hidden:
            replacements.append((hidden_from or 0, mark.end(), ""))
            hidden_from = None
        elif not is_hidden:
            with mistakes.collect():
                replacements.append((mark.start(), mark.end(), _value(source, choices, mark)))
    mistakes.refuse()
    if open_ifs:
        raise source.error(open_ifs[-1][0], "this [% if %] has no [% endif %]", "add [% endif %]")
    _refuse_unknown_blocks(source, choices)
    return source.rewrite(replacements)


def _is_ours(mark: re.Match[str]) -> bool:
    code = (mark[1] if mark[2] is None else mark[2]).strip()
    return mark[2] is not None or code in _FIXED or _TEXT.fullmatch(code) is not None


def _follow_condition(
    source: Source, choices: Choices, mark: re.Match[str], open_ifs: list[tuple[int, bool]]
) -> None:
    code = mark[2].strip()
    condition = _CONDITION.fullmatch(code)
    if condition:
        open_ifs.append((mark.start(), _holds(choices, *condition.groups())))
    elif code in ("else", "endif") and open_ifs:
        start, counted = open_ifs.pop()
        if code == "else":
            open_ifs.append((start, not counted))
    else:
        raise source.error(
            mark.start(), f"“[% {code} %]” can't be decided while compiling",
            'there is [% if blocks.intro == "b" %], [% if direction == "rtl" %], [% else %], [% endif %]; '
            "[% include %] works in files, alone on its line",
        )  # fmt: skip


def _holds(choices: Choices, name: str, operator: str, value: str) -> bool:
    if name.startswith("blocks."):
        actual = choices.blocks.get(name.removeprefix("blocks."), "a")
    else:
        actual = {"direction": direction_of(choices.effective_language), "language": choices.language}[name]
    return (actual == value) == (operator == "==")


def _value(source: Source, choices: Choices, mark: re.Match[str]) -> str:
    if mark[2] is not None:
        return ""
    code = mark[1].strip()
    is_rtl = direction_of(choices.effective_language) == "rtl"
    fixed = {"start": "right" if is_rtl else "left", "end": "left" if is_rtl else "right",
             "direction": "rtl" if is_rtl else "ltr", "language": choices.effective_language}  # fmt: skip
    if code in fixed:
        return fixed[code]
    name = _TEXT.fullmatch(code)
    if not name:
        raise source.error(
            mark.start(), f"“[[ {code} ]]” is not known while compiling",
            "there is [[ t.name ]], [[ start ]], [[ end ]], [[ direction ]] and [[ language ]]",
        )  # fmt: skip
    return escape_literals(read_text(choices, name[1], source.place(mark.start())))


def escape_literals(text: Source) -> str:
    """A text as HTML: its own characters escaped, its Jinja left alone."""
    parts: list[str] = []
    position = 0
    for tag in find_tags(text):
        parts += [escape(text.text[position : tag.start]), text.text[tag.start : tag.end]]
        position = tag.end
    return "".join([*parts, escape(text.text[position:])])


def _refuse_unknown_blocks(source: Source, choices: Choices) -> None:
    for block, arm in choices.blocks.items():
        if f"blocks.{block}" not in source.text and not choices.has_alternative(block, arm):
            raise source.error(
                0, f"a variant asks for “{arm}” of block “{block}”, which this template has not",
                f'add [% if blocks.{block} == "{arm}" %] to the body or a text {block}-{arm}',
            )  # fmt: skip
