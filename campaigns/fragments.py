"""One request for many recipients: what is the same for all of them once, and for each what differs.

SendGrid puts a recipient's `substitutions` in place of tags in the subject, the text and the HTML. The
skeleton is the email with such tags in it; the values come from the same slots as whole emails do, so
both ways give the same email, or a reason why this one has to be sent whole.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from string import ascii_letters, digits
from typing import Any

from campaigns.compiling.running import Filled
from campaigns.programs import Program, put_together
from campaigns.rendering import MAX_BYTES, NoTracking, ReadyEmail, Tracking, make_row

MAX_SUBSTITUTION_BYTES = 10_000  # per recipient, tags and values, as SendGrid's mail/send has it
_PARTS = ("subject", "html", "text")
_LETTERS = ascii_letters + digits
_TRIES = 2_000


@dataclass(frozen=True)
class Whole:
    """Why an email has to be rendered and sent whole. `code` is for statistics, `detail` for people."""

    code: str
    detail: str


@dataclass(frozen=True)
class Skeleton:
    """The email with tags where it differs from recipient to recipient; `tags` by number of the slot."""

    program: Program
    language: str
    subject: str
    html: str
    text: str
    word: str
    tags: Mapping[int, str]


@dataclass(frozen=True)
class Fragments:
    """One recipient's values by tag; `urls` as in `RenderedEmail`."""

    substitutions: dict[str, str]
    urls: dict[bytes, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipient:
    context: Mapping[str, Any]
    tracking: Tracking = field(default_factory=NoTracking)


def split(ready: ReadyEmail) -> Skeleton | Whole:
    """The skeleton of an email, or why it has none. The same email always gets the same tags."""
    program = ready.program
    if program is None:
        return Whole("not_generated", "this template uses Jinja that only whole emails can be made with")
    word = _choose_word([piece for part in _PARTS for piece in program.layouts[part][0]])
    used = sorted({number for part in _PARTS for number in program.layouts[part][1]})
    if not used:
        return Whole("nothing_differs", "this email is the same for everyone")
    if not word:
        return Whole("no_tag", "no tag can be told apart from the text of this email")
    tags = {number: f"-{word}{number}-" for number in used}
    values = tuple(tags.get(number, "") for number in range(used[-1] + 1))
    subject, html, text = (put_together(program.layouts[part], values) for part in _PARTS)
    return Skeleton(program, ready.language, subject, html, text, word, tags)


def render_fragments(skeleton: Skeleton, recipients: Iterable[Recipient]) -> list[Fragments | Whole]:
    """What to put in place of the tags for each recipient, in order; all of them in one generated loop.

    Guarantees that `fill_in` gives what `render_ready` gives. Where that can't be promised, there is a
    `Whole` instead: the context is out of the ordinary, the values are too long for the provider, or one
    of them contains a tag or a NUL.
    """
    rows = [make_row(recipient.context, recipient.tracking) for recipient in recipients]
    filled = skeleton.program.fill([row for row, _ in rows])
    return [_check(skeleton, slots, urls) for slots, (_, urls) in zip(filled, rows, strict=True)]


def fill_in(skeleton: Skeleton, fragments: Fragments) -> tuple[str, str, str]:
    """Subject, HTML and text as the provider makes them, one tag after the other in any order."""
    parts = [skeleton.subject, skeleton.html, skeleton.text]
    for tag, value in fragments.substitutions.items():
        parts = [part.replace(tag, value) for part in parts]
    subject, html, text = parts
    return subject, html, text


def _check(skeleton: Skeleton, slots: Filled | None, urls: dict[bytes, str]) -> Fragments | Whole:
    if slots is None:
        return Whole("unusual_context", "this context holds values that only Jinja renders")
    values = {tag: slots[number] for number, tag in skeleton.tags.items()}
    joined = "".join(values.values())
    if "\0" in joined:
        return Whole("value_with_nul", "a value contains the character NUL")
    if skeleton.word in joined:
        return Whole("value_with_tag", "a value contains the word that tags are made of")
    size = len(joined.encode("utf-8", "surrogatepass")) + sum(map(len, values))
    if size > MAX_SUBSTITUTION_BYTES:
        return Whole("too_long", f"{size} bytes of substitutions; at most {MAX_SUBSTITUTION_BYTES} are taken")
    if len(skeleton.html) + len(joined) * len(skeleton.tags) > MAX_BYTES:
        return Whole("too_long", "the HTML could become longer than what is sent")
    return Fragments(values, urls)


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
