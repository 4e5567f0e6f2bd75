"""Writing from right to left, and what each language writes differently: digits, quotes, arrows, signs."""

import re
from collections.abc import Iterator

from campaigns.checking.findings import Problem
from campaigns.checking.reading import Mail, find_words, is_isolated
from campaigns.languages import find_locale

_LATIN = re.compile(r"[A-Za-z]{3,}(?:[ .&'-]+[A-Za-z]+)*")
_SIGNED = re.compile(r"(?<![\w\u200e\u2066])[-+\u2212]\s?[0-9\u0660-\u0669\u06f0-\u06f9]")
_LATIN_DIGITS = re.compile(r"[0-9]+")
_BACKWARD = re.compile("[←⇐⟵]")
_FORWARD = re.compile("[→⇒➜➔➝⟶]")
# What may stand around words, after CLDR and what printers of the language use.
_QUOTES = {
    "en": "“”‘’", "fa": "«»‹›", "ar": "«»“”", "he": "“”„״\"", "ru": "«»„“", "de": "„“‚‘»«", "fr": "«»‹›“”",
}  # fmt: skip
_QUOTED = re.compile(r"([\"“”„«»])[^\"“”„«»]{2,}([\"“”„«»])")


def check_isolation(mail: Mail) -> Iterator[Problem]:
    """Latin words loose in a text from right to left: what stands beside them moves to the wrong side."""
    if mail.direction == "ltr":
        return
    for words, tag in find_words(mail.light):
        found = _LATIN.search(words)
        if found and not is_isolated(tag):
            hint = "wrap it: <bdi>…</bdi>; values in {{ … }} are wrapped by themselves"
            what = f"“{found[0][:40]}” stands loose in a text from right to left"
            yield Problem("bidi", what, hint, is_error=False, needles=(found[0],))


def check_signs(mail: Mail) -> Iterator[Problem]:
    """A plus or minus before a number ends up behind it, where the text runs from right to left."""
    if mail.direction == "ltr":
        return
    for words, tag in find_words(mail.light):
        found = _SIGNED.search(words)
        if found and not is_isolated(tag):
            hint = "wrap the number with its sign: <bdi>…</bdi>, or say it in words"
            yield Problem("bidi", f"the sign of “{words[:40]}” changes sides", hint, False, (words,))


def check_arrows(mail: Mail) -> Iterator[Problem]:
    """Arrows that point back to where the reader comes from."""
    wrong = _FORWARD if mail.direction == "rtl" else _BACKWARD
    for words, _ in find_words(mail.light):
        if wrong.search(words):
            hint = f"readers of this language go on to the {'left' if mail.direction == 'rtl' else 'right'}"
            yield Problem("bidi", f"the arrow of “{words[-40:]}” points back", hint, False, (words,))


def check_digits(mail: Mail) -> Iterator[Problem]:
    """Latin digits in a language that writes numbers with its own."""
    if find_locale(mail.language).default_numbering_system not in ("arab", "arabext"):
        return
    for words, tag in find_words(mail.light):
        found = _LATIN_DIGITS.search(words)
        if found and not is_isolated(tag):
            hint = "write the digits of the language, or use |number, |money and |date"
            what = f"“{found[0]}” in “{words[:40]}” is written in Latin digits"
            yield Problem("digits", what, hint, is_error=False, needles=(words,))


def check_quotes(mail: Mail) -> Iterator[Problem]:
    """Quotation marks of another language around words. Titles of products keep their own."""
    allowed = _QUOTES.get(mail.language.split("-")[0])
    if allowed is None:
        return
    for words, tag in find_words(mail.light):
        found = _QUOTED.search(words)
        if found and not is_isolated(tag) and not {found[1], found[2]} <= set(allowed):
            hint = f"the language has {allowed[0]}…{allowed[1]}; |quoted puts them around a value"
            yield Problem("quotes", f"the quotation marks of “{found[0][:40]}”", hint, False, (found[0],))
