"""The proof that a block of Jinja holds whole elements, for Outlook and for everybody else.

MJML writes conditional comments, and it may parse the document once more to inline a style sheet. Either
could put the start of an element into a block and its end behind it: an email that falls apart as soon as
the condition does not hold.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

View = Literal["normal", "outlook"]
VIEWS: tuple[View, ...] = ("normal", "outlook")

_CONDITIONAL = re.compile(
    r"<!--\[if [^\]]*\]><!-->(?P<others>.*?)<!--<!\[endif\]-->"
    r"|<!--\[if [^\]]*\]>(?P<outlook>.*?)<!\[endif\]-->",
    re.DOTALL,
)
_PIECE = re.compile(
    r"<!--(?P<comment>.*?)-->|<(?P<slash>/?)(?P<name>[a-zA-Z][\w:-]*)(?:[^<>\"']|\"[^\"]*\"|'[^']*')*?"
    r"(?P<empty>/?)>",
    re.DOTALL,
)
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)


def see_as(view: View, html: str) -> str:
    """The HTML that this reader sees: conditional comments opened, or left out."""
    shown = "outlook" if view == "outlook" else "others"
    return _CONDITIONAL.sub(lambda match: match[shown] or "", html)


@dataclass
class _Stacks:
    elements: list[str] = field(default_factory=list)
    blocks: list[tuple[str, list[str]]] = field(default_factory=list)  # (word, what was open around it)

    def take_tag(self, name: str, *, is_end: bool) -> bool:
        """False where an end tag ends something else than what is open."""
        if not is_end:
            self.elements.append(name)
            return True
        return bool(self.elements) and self.elements.pop() == name

    def take_statement(self, word: str, keyword: str) -> str:
        """The word of a block that is torn apart, if this one ends or continues such a block."""
        torn = ""
        if keyword in ("elif", "else", "endif", "endfor") and self.blocks:
            opened, around = self.blocks.pop()
            torn = "" if around == self.elements else opened
        if keyword in ("if", "for", "elif", "else"):
            self.blocks.append((word, list(self.elements)))
        return torn


def find_torn(html: str, keyword_of: Callable[[str], str], view: View) -> str | None:
    """The first token whose block does not hold whole elements in this view; None where all do.

    `keyword_of` gives the keyword of a statement's token, and "" for any other comment.
    """
    stacks = _Stacks()
    for match in _PIECE.finditer(see_as(view, html)):
        if match["comment"] is not None:
            keyword = keyword_of(match["comment"])
            torn = stacks.take_statement(match["comment"], keyword) if keyword else ""
            if torn:
                return torn
        elif not match["empty"] and match["name"].lower() not in _VOID:
            is_whole = stacks.take_tag(match["name"].lower(), is_end=bool(match["slash"]))
            if not is_whole and stacks.blocks:
                return stacks.blocks[-1][0]
    return None
