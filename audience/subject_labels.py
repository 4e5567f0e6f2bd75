"""The word that some laws put at the start of a marketing subject."""

import unicodedata

_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur", "yi"})
_ISOLATE, _END = "\u2068", "\u2069"
_INVISIBLE = "\u200e\u200f\u061c\u2066\u2067\u2068\u2069\ufeff\u200b"


def label_subject(subject: str, label: str, language: str) -> str:
    """The subject with the label at its very start, once; unchanged where no label is asked for.

    The law names the word itself, so it is never translated. What is written from left to right behind a
    label written from right to left stands in an isolate, or its punctuation would jump to the wrong end.
    """
    if not label:
        return subject
    bare = subject.lstrip(_INVISIBLE + " ")
    if _opens_with(bare, label):
        return bare
    is_rtl = language.partition("-")[0].lower() in _RIGHT_TO_LEFT
    return f"{label}: {subject}" if is_rtl else f"{label}: {_ISOLATE}{subject}{_END}"


def opens_with_label(subject: str, label: str) -> bool:
    """Whether the label, as a word of its own, is the first that a reader sees."""
    return not label or _opens_with(subject, label)


def _opens_with(subject: str, label: str) -> bool:
    rest = subject.removeprefix(label)
    return rest != subject and not (rest and unicodedata.category(rest[0]).startswith(("L", "M", "N")))
