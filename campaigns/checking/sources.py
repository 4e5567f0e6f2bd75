"""What is read off the template itself, where each mistake has its exact line."""

from collections.abc import Iterator
from itertools import pairwise

from campaigns.checking.findings import Finding
from campaigns.compiling.markup import Construct, scan, strip_comments
from campaigns.compiling.source import CompileError, Place, Source
from campaigns.compiling.tags import find_tags, strip_marks
from campaigns.email_files import EmailDirectory

_PICTURES = ("img", "mj-image")
_BUTTONS = ("mj-button", "a")


def check_source(email: EmailDirectory) -> list[Finding]:
    """All that is found without compiling; empty for a source that can't be scanned (compiling tells why)."""
    source = strip_comments(email.source)
    try:
        constructs = list(scan(source, find_tags(strip_marks(source))))
    except CompileError:
        return []
    return [*_find_missing_alts(source, constructs), *_find_unlike_twins(source, constructs)]


def _find_missing_alts(source: Source, constructs: list[Construct]) -> Iterator[Finding]:
    for construct in constructs:
        if construct.name in _PICTURES and construct.value(source, "alt") is None:
            hint = 'describe the image, or write alt="" where it is mere decoration'
            yield _at(source.place(construct.start), "alt", f"<{construct.name}> has no alt", hint)


def _find_unlike_twins(source: Source, constructs: list[Construct]) -> Iterator[Finding]:
    """Links with the same words to other places: whoever hears only the words can't tell them apart."""
    targets: dict[str, str] = {}
    for construct, words in _find_labels(source, constructs):
        href = construct.value(source, "href")
        if href and words and targets.setdefault(words, href) != href:
            what = f"“{words[:40]}” leads to two places: {targets[words][:60]} and {href[:60]}"
            hint = "say in each what is behind it"
            yield _at(source.place(construct.start), "links", what, hint, is_error=False)


def _find_labels(source: Source, constructs: list[Construct]) -> Iterator[tuple[Construct, str]]:
    """Links and buttons that hold nothing but words, with these."""
    for construct, following in pairwise(constructs):
        if construct.name in _BUTTONS and (following.kind, following.name) == ("close", construct.name):
            yield construct, " ".join(source.text[construct.end : following.start].split())


def check_needs(email: EmailDirectory) -> Iterator[Finding]:
    """What the sample lacks of what the template says that it needs."""
    for name in email.needs:
        if not email.sample.get(name):
            what = f"sample.json has no “{name}”, which template.toml says that the email needs"
            file = f"{email.key}/sample.json"
            yield Finding("sample", what, f'add "{name}" as a customer would have it', file=file)


def check_translations(email: EmailDirectory) -> Iterator[Finding]:
    """Texts that fall back to another language; they are shown, though not as the reader would like."""
    for language, keys in email.missing.items():
        file = f"{email.key}/texts/{language}.toml"
        what = f"{language} lacks {', '.join(keys)}"
        yield Finding("translations", what, "the next language is shown there; add them", False, file)


def find_mistakes(error: CompileError) -> Iterator[Finding]:
    """What the compiler refuses, one by one."""
    for mistake in (error, *error.others):
        check = "variables" if mistake.message.startswith("unknown variable") else "compile"
        yield _at(mistake.place, check, mistake.message, mistake.hint)


def _at(place: Place, check: str, what: str, hint: str, *, is_error: bool = True) -> Finding:
    return Finding(check, what, hint, is_error, place.file, place.line, place.column)


def locate(email: EmailDirectory, language: str, needles: tuple[str, ...]) -> Place | None:
    """Where the first needle that can be found stands: in a text of the language, or in the body."""
    source = strip_comments(email.source)
    for needle in needles:
        if not needle.strip():
            continue
        for key, text in email.texts.get(language, {}).items():
            if needle in (text, key) or (len(needle) > 3 and needle in text):
                return Place(f"{email.key}/texts/{language}.toml [{key}]", 0, 0)
        if (offset := source.text.find(needle)) >= 0:
            return source.place(offset)
    return None
