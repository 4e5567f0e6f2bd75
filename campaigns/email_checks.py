"""What compiling alone can't see: an email tried with its sample, and read as a mail client reads it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

from campaigns.compiler import CompileError, compile_email
from campaigns.compiling.markup import scan, strip_comments
from campaigns.compiling.tags import find_tags, strip_marks
from campaigns.email_files import EmailDirectory
from campaigns.rendering import RenderedEmail, RenderError, make_ready, render_ready

_NAME = re.compile(r"“(\w+)” is (?:not|asked)")
GMAIL_CLIPS_AT = 102_000  # bytes of HTML; what follows hides behind "View entire message"


@dataclass(frozen=True)
class Finding:
    """`is_error` findings must be mended; others are worth knowing."""

    message: str
    is_error: bool = True


def render_sample(email: EmailDirectory, language: str, *, default_language: str) -> RenderedEmail:
    """The email of sample.json. Raises CompileError and RenderError."""
    parts = compile_email(
        email.source,
        email.texts,
        language=language,
        changes={},
        default_language=default_language,
        is_foreign=email.is_foreign,
    )
    try:
        return render_ready(make_ready(parts), email.sample, label=f"{email.key} ({language})")
    except RenderError as error:
        raise RenderError(f"{_find_place(email, str(error))}{error}") from error


def _find_place(email: EmailDirectory, message: str) -> str:
    """Where the template first asks for the name that the message tells of; "" where that is not clear."""
    named = _NAME.search(message)
    if named is None:
        return ""
    source = strip_comments(strip_marks(email.source))
    word = re.compile(rf"\b{re.escape(named[1])}\b")
    found = next((tag for tag in find_tags(source) if word.search(tag.code)), None)
    return f"{source.place(found.start)}: " if found else ""


def check_directory(email: EmailDirectory, *, default_language: str) -> list[Finding]:
    """Everything that is wrong with a template in any of its languages; empty where it may be sent."""
    findings = [Finding(message) for message in (*_missing_alts(email), *_missing_needs(email))]
    for language in sorted(email.texts):
        try:
            rendered = render_sample(email, language, default_language=default_language)
        except (CompileError, RenderError) as error:
            findings.append(Finding(str(error)))
            continue
        findings += _check_rendered(email, rendered)
    for language, keys in email.missing.items():
        findings.append(Finding(f"{email.key}: {language} lacks {', '.join(keys)}", is_error=False))
    return findings


def _check_rendered(email: EmailDirectory, rendered: RenderedEmail) -> Iterator[Finding]:
    label = f"{email.key} ({rendered.language})"
    shows_products = bool(email.sample.get("complements") or email.sample.get("upgrades"))
    unsubscribe = (email.sample.get("links") or {}).get("unsubscribe")
    if (email.is_marketing or shows_products) and not _leads_to(rendered, unsubscribe):
        yield Finding(f"{label}: no way to unsubscribe; link {{{{ links.unsubscribe }}}} in the footer")
    size = len(rendered.html.encode())
    if size > GMAIL_CLIPS_AT:
        yield Finding(f"{label}: {size / 1000:.0f} kB of HTML; Gmail clips at 102 kB")


def _leads_to(rendered: RenderedEmail, url: str | None) -> bool:
    links = _Links()
    links.feed(rendered.html)
    return bool(url) and url in links.found and str(url) in rendered.text


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.add(dict(attrs).get("href") or "")


def _missing_needs(email: EmailDirectory) -> Iterator[str]:
    for name in email.needs:
        if not email.sample.get(name):
            yield f"{email.key}/sample.json has no “{name}”, which template.toml says that the email needs"


def _missing_alts(email: EmailDirectory) -> Iterator[str]:
    source = strip_comments(email.source)
    for construct in scan(source, find_tags(source)):
        if construct.name in ("img", "mj-image") and construct.value(source, "alt") is None:
            place = source.place(construct.start)
            yield f'{place}: <{construct.name}> has no alt; describe the image, or write alt=""'
