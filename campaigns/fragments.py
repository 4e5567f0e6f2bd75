"""One request for many recipients: what is the same for all of them once, and for each what differs.

SendGrid puts a recipient's `substitutions` in place of tags in the subject, the text and the HTML. The
skeleton is the email with such tags in it; the values come from the same slots as whole emails do, so
both ways give the same email, or a reason why this one has to be sent whole.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from string import ascii_letters, digits
from typing import NamedTuple

from campaigns.compiling.bounds import MAX_CHARACTERS
from campaigns.compiling.running import Filled
from campaigns.programs import Form, Program, pick
from campaigns.rendering import ReadyEmail
from campaigns.rows import Recipient, make_row
from delivery import base

__all__ = ["Fragments", "Recipient", "Skeleton", "Splitter", "Whole", "fill_in", "split"]

MAX_SUBSTITUTION_BYTES = 10_000  # per recipient, tags and values, as SendGrid's mail/send has it
Path = tuple[int, ...]
_PARTS = ("subject", "html", "text")
_LETTERS = ascii_letters + digits
_TRIES = 2_000
_WIDEST = 4  # bytes of a character: who stays below the limit with them need not be counted


@dataclass(frozen=True)
class Whole:
    """Why an email has to be rendered and sent whole. `code` is for statistics, `detail` for people."""

    code: str
    detail: str


@dataclass(frozen=True, eq=False)
class Skeleton(base.Skeleton):
    """The email with tags where it differs from recipient to recipient; `choose` takes the tags' values
    out of all values, and `size` is the length of all tags, `name` makes the subject."""

    language: str
    word: str
    tags: Sequence[str]
    choose: Callable[[Sequence[str]], tuple[str, ...]]
    size: int
    name: Callable[[Sequence[str]], str]


class Fragments(NamedTuple):
    """One recipient's values by tag, and the subject that they make; `urls` as in `RenderedEmail`.

    Recipients whose emails have the same blocks in the same number share a skeleton, the same object:
    those may travel in one request.
    """

    skeleton: Skeleton
    subject: str
    substitutions: dict[str, str]
    urls: dict[bytes, str]

    @property
    def language(self) -> str:
        return self.skeleton.language


@dataclass
class Splitter:
    """Renders one email for many recipients; keeps the skeletons that it made."""

    program: Program
    language: str
    skeletons: dict[Path, Skeleton | Whole] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)

    def render_fragments(self, recipients: Iterable[Recipient]) -> list[Fragments | Whole]:
        """What to put in place of the tags for each recipient, in order; computed in one generated loop.

        Guarantees that `fill_in` gives what `render_ready` gives. Where that can't be promised, there is
        a `Whole` instead: the context is out of the ordinary, the values are too long for the provider,
        or one of them contains a tag or a NUL.
        """
        rows = [make_row(context, tracking) for context, tracking in recipients]
        filled = self.program.fill([row for row, _ in rows])
        return [self._render(one, urls) for one, (_, urls) in zip(filled, rows, strict=True)]

    def _render(self, filled: Filled | None, urls: dict[bytes, str]) -> Fragments | Whole:
        if filled is None:
            return Whole("unusual_context", "this context holds values that only Jinja renders")
        values, path, more = filled
        skeleton = self.skeletons.get(path)
        if skeleton is None:
            skeleton = self.skeletons[path] = self._make_skeleton(path)
        if isinstance(skeleton, Whole):
            return skeleton
        both = (*values, *more)
        chosen = skeleton.choose(both)
        return _find_obstacle(skeleton, chosen) or Fragments(
            skeleton, skeleton.name(both), dict(zip(skeleton.tags, chosen, strict=True)), urls
        )

    def _make_skeleton(self, path: Path) -> Skeleton | Whole:
        layouts = [self.program.layout(part, path) for part in _PARTS]
        used = sorted({number for _, numbers in layouts for number in numbers})
        if not used:
            return Whole("nothing_differs", "this email is the same for everyone")
        if not all(piece for pieces, _ in layouts for piece in pieces[1:-1]):
            return Whole("touching_values", "two values stand side by side, where a tag could come about")
        if not self.word:
            return Whole("no_tag", "no tag can be told apart from the text of this email")
        self.tags += [f"-{self.word}{number}-" for number in range(len(self.tags), used[-1] + 1)]
        subject, html, text = (Form(layout)(self.tags) for layout in layouts)
        tags = [self.tags[number] for number in used]
        return Skeleton(language=self.language, subject=subject, html=html, text=text, word=self.word,
                        tags=tags, choose=pick(used), size=sum(map(len, tags)),
                        name=Form(layouts[0]))  # fmt: skip

    @cached_property
    def word(self) -> str:
        """All skeletons of an email have the same tags, made of this word."""
        return _choose_word(sorted(self.program.fixed_texts(_PARTS)))


_MAX_SPLITTERS = 512
_splitters: dict[int, Splitter] = {}  # by the identity of the program, which each of them keeps alive


def split(ready: ReadyEmail) -> Splitter | Whole:
    """What renders the email in parts, or why it has to be whole. The process keeps the skeletons."""
    if ready.program is None:
        return Whole("not_generated", "this template uses Jinja that only whole emails can be made with")
    known = _splitters.get(id(ready.program))
    if known is None:
        if len(_splitters) >= _MAX_SPLITTERS:
            _splitters.clear()
        known = _splitters[id(ready.program)] = Splitter(ready.program, ready.language)
    return known


def fill_in(fragments: Fragments) -> tuple[str, str, str]:
    """Subject, HTML and text as the provider makes them, one tag after the other in any order."""
    subject, text, html = fragments.skeleton.fill(fragments.substitutions)
    return subject, html, text


def _find_obstacle(skeleton: Skeleton, values: Sequence[str]) -> Whole | None:
    joined = "".join(values)
    if "\0" in joined:
        return Whole("value_with_nul", "a value contains the character NUL")
    if skeleton.word in joined:
        return Whole("value_with_tag", "a value contains the word that tags are made of")
    size = skeleton.size + len(joined) * (1 if joined.isascii() else _WIDEST)
    if size > MAX_SUBSTITUTION_BYTES and not joined.isascii():
        size = skeleton.size + len(joined.encode("utf-8", "surrogatepass"))
    if size > MAX_SUBSTITUTION_BYTES:
        return Whole("too_long", f"{size} bytes of substitutions; at most {MAX_SUBSTITUTION_BYTES} are taken")
    if len(skeleton.html) + len(joined) * len(values) > MAX_CHARACTERS:
        return Whole("too_long", "the HTML could become longer than what is sent")
    return None


def _choose_word(pieces: Sequence[str]) -> str:
    """A word that no tag can be mistaken for, wherever a value meets fixed text; "" where there is none.

    It is nowhere in the fixed text, no fixed text ends with a beginning of it, and none begins with an
    end of it; so a tag could only come about inside a value, and that is looked for.
    """
    digest = hashlib.sha256("\0".join(pieces).encode("utf-8", "surrogatepass")).digest()
    for number in range(_TRIES):
        random = hashlib.sha256(digest + number.to_bytes(4)).digest()
        word = "".join(_LETTERS[byte % len(_LETTERS)] for byte in random[:6])
        if not any(_meets(word, piece) for piece in pieces):
            return word
    return ""


def _meets(word: str, piece: str) -> bool:
    cuts = range(1, len(word))
    return word in piece or any(piece.endswith(word[:cut]) or piece.startswith(word[cut:]) for cut in cuts)
