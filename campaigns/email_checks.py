"""Every check of an email: what its source says, what compiling refuses, and what readers would see."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import UUID

from campaigns.checking import clients, colours, links, pictures, scripts, sources, wording
from campaigns.checking.findings import Finding, Problem, merge_languages
from campaigns.checking.reading import Mail
from campaigns.checking.wording import GMAIL_CLIPS_AT
from campaigns.compiler import CompileError
from campaigns.compiling.markup import strip_comments
from campaigns.compiling.source import Place
from campaigns.compiling.tags import find_tags, strip_marks
from campaigns.email_files import EmailDirectory
from campaigns.rendering import NO_TRACKING, RenderedEmail, RenderError, Tracking, join_parts, render_ready
from campaigns.templates_store import compile_once
from campaigns.tracking import MessageTracking

__all__ = ["CHECKS", "GMAIL_CLIPS_AT", "Finding", "check_directory", "check_rendered", "render_sample"]

CHECKS: tuple[Callable[[Mail], Iterator[Problem]], ...] = (
    wording.check_leaving,
    wording.check_size,
    wording.check_subject,
    wording.check_preheader,
    pictures.check_alternatives,
    pictures.check_sizes,
    pictures.check_text_share,
    links.check_addresses,
    links.check_link_words,
    links.check_touch_targets,
    links.check_remote_sheets,
    colours.check_contrast,
    scripts.check_isolation,
    scripts.check_signs,
    scripts.check_arrows,
    scripts.check_digits,
    scripts.check_quotes,
    clients.check_clients,
)
_NAME = re.compile(r"“(\w+)” is (?:not|asked)")
_MEASURED = MessageTracking(UUID(int=1), opens=True, clicks=True)


def render_sample(
    email: EmailDirectory, language: str, *, default_language: str, tracking: Tracking = NO_TRACKING
) -> RenderedEmail:
    """The email of sample.json. Raises CompileError and RenderError."""
    compiled = compile_once(
        email.source,
        email.texts,
        language=language,
        default_language=default_language,
        is_foreign=email.is_foreign,
    )
    ready = join_parts(compiled.parts, compiled.code)
    try:
        return render_ready(ready, email.sample, tracking=tracking, label=f"{email.key} ({language})")
    except RenderError as error:
        place = _find_asking(email, str(error))
        raise RenderError(f"{place}: {error}" if place else str(error)) from error


def _find_asking(email: EmailDirectory, message: str) -> Place | None:
    """Where the template first asks for the name that the message tells of; None where that is not clear."""
    named = _NAME.search(message)
    if named is None:
        return None
    source = strip_comments(strip_marks(email.source))
    word = re.compile(rf"\b{re.escape(named[1])}\b")
    found = next((tag for tag in find_tags(source) if word.search(tag.code)), None)
    return source.place(found.start) if found else None


def check_directory(email: EmailDirectory, *, default_language: str) -> list[Finding]:
    """Everything that is wrong with a template in any of its languages, errors first."""
    findings = [*sources.check_source(email), *sources.check_needs(email)]
    for language in [email.language] if email.language else sorted(email.texts):
        findings += _check_language(email, language, default_language)
    findings += sources.check_translations(email)
    return merge_languages(_drop_repeated(findings))


def _check_language(email: EmailDirectory, language: str, default_language: str) -> list[Finding]:
    try:
        rendered = render_sample(email, language, default_language=default_language)
        tracked = render_sample(email, language, default_language=default_language, tracking=_MEASURED)
    except CompileError as error:
        return list(sources.find_mistakes(error))
    except RenderError as error:
        return [_describe_gap(email, str(error))]
    mail = Mail(
        _without_stand_in(email, rendered),
        is_marketing=email.is_marketing,
        must_offer_leaving=email.is_marketing or _shows_products(email),
        unsubscribe=str((email.sample.get("links") or {}).get("unsubscribe") or ""),
        bytes_sent=len(tracked.html.encode()),
    )
    return check_rendered(email, mail, language)


def _without_stand_in(email: EmailDirectory, rendered: RenderedEmail) -> RenderedEmail:
    """A lone file without a preview of its own has its name there."""
    is_stand_in = email.is_foreign and rendered.preheader == email.name
    return replace(rendered, preheader="") if is_stand_in else rendered


def _shows_products(email: EmailDirectory) -> bool:
    return bool(email.sample.get("complements") or email.sample.get("upgrades"))


def check_rendered(email: EmailDirectory, mail: Mail, language: str) -> list[Finding]:
    """What all checks say of one rendered email, each with its place in the template."""
    return [_place(email, language, problem) for check in CHECKS for problem in check(mail)]


def _place(email: EmailDirectory, language: str, problem: Problem) -> Finding:
    place = sources.locate(email, language, problem.needles) or Place(_name_body(email), 0, 0)
    about = (problem.check, problem.what, problem.hint, problem.is_error)
    return Finding(*about, place.file, place.line, place.column, languages=(language,))


def _name_body(email: EmailDirectory) -> str:
    return f"{email.key}.mjml" if email.is_foreign else f"{email.key}/body.mjml"


def _describe_gap(email: EmailDirectory, message: str) -> Finding:
    """A name that the sample has not. The message begins with the place, where that is known."""
    place = _find_asking(email, message) or Place(_name_body(email), 0, 0)
    what = message.removeprefix(f"{place}: ")
    hint = f"add it to {email.key}{'.json' if email.is_foreign else '/sample.json'}, or ask with {{% if %}}"
    return Finding("variables", what, hint, True, place.file, place.line, place.column)


def _drop_repeated(findings: list[Finding]) -> Iterator[Finding]:
    """A picture without alt is told where it stands; that the rendered one has none is no news then."""
    has_place = any(finding.check == "alt" and finding.line for finding in findings)
    return (f for f in findings if not (f.check == "alt" and f.languages and has_place))
